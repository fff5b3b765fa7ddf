/** What a run's answer says, in short: for the state, for people, and for whoever decides whether it is news. Pure. */
import type { Run } from './answers.ts';
import { many } from './words.ts';

export const TERMINATED = 'TERMINATED';

/** Items that have ended, however. */
export function endedItems({ statistics: s }: Run): number {
  return s.item_succeeded_count + s.item_user_error_count + s.item_system_error_count + s.item_skipped_count;
}

/** Powers of two: a queue of thousands moves with every look, and that alone is no news. */
const magnitude = (count: number | undefined): number => Math.ceil(Math.log2((count ?? 0) + 1));

/** Changes where a look at the run is worth while. */
export function fingerprint(run: Run): string {
  const { statistics: s } = run;
  return [
    run.state,
    run.output ?? '',
    s.item_processing_count > 0 ? 'busy' : 'idle',
    s.item_succeeded_count,
    s.item_user_error_count,
    s.item_system_error_count,
    s.item_skipped_count,
    magnitude(run.num_preceding_items_platform),
  ].join(' ');
}

/** How far a run is, for `Task.businessStatus`: `2 of 5 slides analysed, 1 at work`. */
export function statusOf(run: Run): string {
  const { statistics: s } = run;
  const ended = endedItems(run);
  if (ended === 0 && s.item_processing_count === 0) {
    const before = run.num_preceding_items_platform;
    return before === undefined
      ? 'queued'
      : before === 0
        ? 'queued, next in line'
        : `queued behind ${many(before, 'slide')}`;
  }
  const busy = s.item_processing_count > 0 ? `, ${s.item_processing_count} at work` : '';
  return `${ended} of ${many(s.item_count, 'slide')} analysed${busy}`;
}
