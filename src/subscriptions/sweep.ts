/**
 * Looks for orders that no notification told us of. The watermark is the highest `meta.lastUpdated` seen in fully read
 * runs: from the server's data, never our clock, with an overlap for what was committed late.
 */
import { rereadOpen } from './reread-open.ts';
import { wantedCriteria } from './routed-types.ts';
import { countSince, type RouteCount } from './sweep-count.ts';
import { type CriteriaOptions, type SweptCriteria, sweepCriteria } from './sweep-criteria.ts';
import { newHabits, type SearchHabits } from './sweep-habits.ts';

export interface SweepOptions extends Omit<CriteriaOptions, 'habits' | 'elapsed'> {
  /** Only counts what `since` would bring. */
  dryRun?: boolean;
  /** The orders that are open, each read again: a delete is invisible to a search. */
  openOrders?(site: string): Promise<{ type: string; id: string }[]>;
  /** Kept from sweep to sweep by whoever makes many. */
  habits?: SearchHabits;
  elapsed?(): number;
}

export interface SweepResult {
  site: string;
  swept: SweptCriteria[];
  /** With `dryRun`: how many resources each route's `on` matches now, where the server can say. */
  counts: RouteCount[];
  /** Open orders' resources that were read again. */
  reread: number;
  /** Seconds that the server asked us to stay away. */
  pause?: number;
}

/** One sweep of one site. Never throws: what went wrong stands in the result, and the next sweep repairs it. */
export async function sweepSite(options: SweepOptions): Promise<SweepResult> {
  const { site, client, since } = options;
  const result: SweepResult = { site: site.name, swept: [], counts: [], reread: 0 };
  if (options.dryRun) {
    return { ...result, counts: await countSince(site, client, since ?? new Date(0)) };
  }
  const { habits = newHabits(), elapsed = () => performance.now() } = options;
  const seen = new Set<string>();
  for (const wanted of wantedCriteria(site)) {
    const swept = await sweepCriteria({ ...options, habits, elapsed }, wanted, seen);
    result.swept.push(swept);
    // Whoever asked us to wait is not asked the next question either.
    if (swept.pause !== undefined) {
      return { ...result, pause: swept.pause };
    }
  }
  if (since) {
    return result;
  }
  const { read, pause } = await rereadOpen(options, seen);
  return { ...result, reread: read, ...(pause !== undefined && { pause }) };
}
