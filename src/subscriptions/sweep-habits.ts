/** What a site's sweeps have learned of its server's searches; kept as long as the process runs, learned anew after it. */
export interface SearchHabits {
  /** By resource type: which of WORDINGS the server takes. */
  wording: Map<string, number>;
  /** Types of which the server searches for one patient at a time only. */
  onePatient: Set<string>;
  /** What was warned of already. */
  warned: Set<string>;
}

export function newHabits(): SearchHabits {
  return { wording: new Map(), onePatient: new Set(), warned: new Set() };
}

/**
 * The words that a sweep adds to a search, the best first; where a server refuses them, the next is tried. Without
 * `_sort` a long list has to be read in one piece, without `_lastUpdated` all of it.
 */
export const WORDINGS = [
  { since: true, sorted: true, words: '_sort=_lastUpdated&_count=200&_total=none' },
  { since: true, sorted: true, words: '_sort=_lastUpdated&_count=200' },
  { since: true, sorted: false, words: '_count=200' },
  { since: false, sorted: false, words: '_count=200' },
] as const;
