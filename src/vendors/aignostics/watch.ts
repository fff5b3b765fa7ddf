/**
 * One look at all waiting runs of an account: the newest pages of its list, down to the oldest run that is waited for. A
 * look that takes many pages is made less often, so that a thousand waiting runs cost a dozen requests a minute.
 */
import type { Secrets, VendorSite } from '../contract.ts';
import type { Run } from './answers.ts';
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
const pauseAfter = (pages: number): number => Math.max(WAITS.sharedLeast, pages * WAITS.sharedPage) * 1000;

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

/** The keys of those whose run has news since their last look. */
export async function watch(
  site: VendorSite<Settings> & { secrets: Secrets },
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
  const last = lastShown(access);
  const isFresh = last !== undefined && at - last.at < pauseAfter(last.pages);
  const start: Shown = isFresh
    ? last
    : { at, pages: 0, downTo: Number.POSITIVE_INFINITY, runs: new Map<string, Run>() };
  const shown = await lookDown(
    access,
    start,
    runs.map(({ run, since }) => ({ run, since: Date.parse(since ?? '') || at })),
  );
  return runs.flatMap(({ key, run, seen }) => {
    const found = shown.runs.get(run);
    return found && fingerprint(found) !== seen ? [key] : [];
  });
}
