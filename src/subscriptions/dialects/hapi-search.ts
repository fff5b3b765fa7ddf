/**
 * HAPI's `subscription-payload-search-criteria`: a Bundle `transaction` of PUTs, the result of a search made for the
 * resource that matched. Which of them changed, and how, is not said.
 */
import type { Hint } from '../../orders/types.ts';
import type { Dialect } from './came.ts';
import { mergeHints } from './merge-hints.ts';
import { entryHint } from './status-reading.ts';

export const hapiSearch: Dialect = ({ bundle }) => {
  if (!bundle || bundle.status || (bundle.type !== 'transaction' && bundle.type !== 'batch')) {
    return undefined;
  }
  const said = bundle.entries.flatMap((entry) => entryHint(entry) ?? []);
  if (said.length === 0) {
    // Something matched, and the search for it found nothing (yet).
    return bundle.entries.length === 0 ? { sweep: true } : { unknown: 'No entry names a resource' };
  }
  const hints = said.map((hint): Hint => (hint.interaction === 'delete' ? hint : { ...hint, interaction: 'unknown' }));
  return { hints: mergeHints(hints) };
};
