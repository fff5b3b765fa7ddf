/**
 * One look at all waiting runs of an account: the newest pages of its list, down to the oldest run that is waited for. A
 * look that takes many pages is made less often, so that a thousand waiting runs cost a dozen requests a minute; what one
 * process has seen counts for all.
 */
import { z } from 'zod';
import type { Memory, Secrets, VendorSite } from '../contract.ts';
import { type Run, run } from './answers.ts';
import { listRuns } from './api.ts';
import { LIMITS, WAITS } from './facts.ts';
import type { Shown } from './process-memory.ts';
import { fingerprint } from './progress.ts';
import type { Settings } from './settings.ts';
import { keepShown, lastShown } from './shown.ts';
import type { State } from './state.ts';
import type { Access } from './tokens.ts';

export interface Waiting {
  key: string;
  state: State;
}

/** Milliseconds until the next look may be made. */
const pauseAfter = (pages: number): number =>
  Math.max(WAITS.sharedLeast, pages * WAITS.sharedPage, pages > WAITS.sharedTwice ? 60 : 0) * 1000;

/** What is remembered of a look, for the processes that did not make it. */
const SHOWN = 'shown runs';
const kept = z.object({
  at: z.number(),
  pages: z.number(),
  /** null: all of them were seen. */
  downTo: z.number().nullable(),
  runs: z.array(run),
});

const written = ({ runs, downTo, ...shown }: Shown): z.infer<typeof kept> => ({
  ...shown,
  downTo: Number.isFinite(downTo) ? downTo : null,
  runs: [...runs.values()],
});

function readKept(value: unknown): Shown | undefined {
  const read = kept.safeParse(value);
  if (!read.success) {
    return undefined;
  }
  const { runs, downTo, ...shown } = read.data;
  const byId = new Map(runs.map((one) => [one.run_id, one]));
  return { ...shown, downTo: downTo ?? Number.NEGATIVE_INFINITY, runs: byId };
}

const isFresh = (shown: Shown | undefined, at: number): shown is Shown =>
  shown !== undefined && at - shown.at < pauseAfter(shown.pages);

interface Wanted {
  run: string;
  /** When it was sent, milliseconds since 1970. */
  since: number;
}

/** A run that the look would have seen if it had gone down far enough. */
const isBelow = (shown: Shown, { run, since }: Wanted): boolean =>
  !shown.runs.has(run) && since <= shown.at && since - WAITS.clocks * 1000 < shown.downTo;

/** Reads on until every run that is waited for was seen, or what comes is older than all that are not. */
async function lookDown(access: Access, from: Shown, wanted: readonly Wanted[]): Promise<Shown> {
  let shown = from;
  while (shown.pages < LIMITS.pages && wanted.some((one) => isBelow(shown, one))) {
    const { runs, more } = await listRuns(access, shown.pages + 1);
    const last = Date.parse(runs.at(-1)?.submitted_at ?? '');
    shown = {
      ...shown,
      pages: shown.pages + 1,
      downTo: more ? Math.min(shown.downTo, Number.isNaN(last) ? shown.downTo : last) : Number.NEGATIVE_INFINITY,
      runs: new Map([...shown.runs, ...runs.map((run) => [run.run_id, run] as const)]),
    };
    // Also of what another order's step is in the middle of: each page may spare it a call.
    keepShown(access, shown);
  }
  return shown;
}

/** The last look, whoever made it; a new one where it is too old, a deeper one where it does not show all that is waited for. */
async function shownTo(access: Access & { memory: Memory }, wanted: readonly Wanted[], at: number): Promise<Shown> {
  const { memory } = access;
  const none: Shown = { at, pages: 0, downTo: Number.POSITIVE_INFINITY, runs: new Map<string, Run>() };
  const keep = (from: Shown) =>
    memory.get<unknown>(SHOWN, async () => {
      const shown = await lookDown(access, from, wanted);
      return { value: written(shown), seconds: Math.max(1, (shown.at + pauseAfter(shown.pages) - at) / 1000) };
    });
  const mine = lastShown(access);
  let shown = isFresh(mine, at) ? mine : (readKept(await keep(none)) ?? none);
  if (wanted.some((one) => isBelow(shown, one))) {
    await memory.forget(SHOWN);
    shown = readKept(await keep(shown)) ?? shown;
  }
  keepShown(access, shown);
  return shown;
}

/** The keys of those whose run has news since their last look. */
export async function watch(
  site: VendorSite<Settings> & { secrets: Secrets; memory: Memory },
  waiting: Waiting[],
  now: () => Date = () => new Date(),
): Promise<string[]> {
  const runs = waiting.flatMap(({ key, state }) =>
    state.phase === 'run' && state.run !== undefined
      ? [{ key, run: state.run, seen: state.seen, since: state.since }]
      : [],
  );
  if (runs.length === 0) {
    return [];
  }
  const access: Access = { ...site, now };
  const at = now().getTime();
  const wanted = runs.map((one) => ({ run: one.run, since: Date.parse(one.since ?? '') || at }));
  const shown = await shownTo({ ...access, memory: site.memory }, wanted, at);
  return runs.flatMap(({ key, run, seen }) => {
    const found = shown.runs.get(run);
    return found && fingerprint(found) !== seen ? [key] : [];
  });
}
