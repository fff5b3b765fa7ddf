/** What a webhook body says of an order: at most that it is of another batch. Its shape is not documented for 3.0. */
import type { State } from './state.ts';
import { isBag } from './values.ts';

const BATCH_KEYS = ['image_batch_id', 'batch_id'];
const DEEPEST = 4;

/** The batch ids that stand somewhere in the body under a name that says so. */
function batchesIn(body: unknown, depth = 0): string[] {
  if (depth > DEEPEST) {
    return [];
  }
  if (Array.isArray(body)) {
    return body.slice(0, 100).flatMap((one) => batchesIn(one, depth + 1));
  }
  return isBag(body)
    ? Object.entries(body).flatMap(([key, value]) =>
        BATCH_KEYS.includes(key) && typeof value === 'string' ? [value.toLowerCase()] : batchesIn(value, depth + 1),
      )
    : [];
}

/** A hint to look sooner, unless every batch it names is another's. */
export function callback(body: unknown, { batch }: State): boolean {
  const named = batchesIn(body);
  return named.length === 0 || (batch !== undefined && named.includes(batch.toLowerCase()));
}
