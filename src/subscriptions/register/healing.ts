/**
 * When to make a site's Subscriptions anew because nothing comes of them. A new one enters the server's registry once
 * more, gets a new handshake and leaves a broken queue behind; that mends what an update does not (a HAPI that lost it
 * at a restart, a topic that was stored after it, athenahealth's signing secret). It cannot mend a server that never
 * fires, so it is tried an hour after it fell silent at most, then ever more rarely: each time what falls between the
 * two is left to the sweep. Pure.
 */
import { z } from 'zod';

/** Kept in the site's cursor `healed`. */
const record = z.object({ at: z.iso.datetime(), times: z.number().int().min(1) });
export type Healed = z.infer<typeof record>;

const HOUR = 3600 * 1000;
const LONGEST_HOURS = 24;
/** After so long without trying, the count begins anew. */
const FORGET_HOURS = 48;

export function readHealed(text: string | undefined): Healed | undefined {
  try {
    return record.safeParse(JSON.parse(text ?? 'null')).data;
  } catch {
    return undefined;
  }
}

/** What to remember if it is to be done now; undefined: not yet. */
export function healNow(last: Healed | undefined, now: Date): Healed | undefined {
  const elapsed = last ? now.getTime() - Date.parse(last.at) : Number.POSITIVE_INFINITY;
  const times = last && elapsed < FORGET_HOURS * HOUR ? last.times : 0;
  const wait = times === 0 ? 0 : Math.min(LONGEST_HOURS, 2 ** (times - 1)) * HOUR;
  return elapsed >= wait ? { at: now.toISOString(), times: times + 1 } : undefined;
}
