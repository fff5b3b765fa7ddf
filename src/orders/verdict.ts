/** What the EHR says of an order now. Pure. */
import { checkCriteria, matchesCriteria } from '../config/criteria.ts';
import type { OrderReading } from '../fhir/types.ts';
import type { OrderNews, OrderReason } from './order.ts';

export type Verdict =
  /** It is no order of this route any more. */
  | { stopped: OrderReason }
  /** On hold, or taken back into draft: it may go on later. */
  | { paused: OrderReason }
  | { stands: OrderReading };

/** Code of an order whose resource was entered in error: what was written of it is taken back. */
export const IN_ERROR = 'entered-in-error';

/** Reasons for which an order was stopped and that the EHR can take back, by making the resource an order again. */
export const REVERSIBLE: readonly string[] = ['revoked', IN_ERROR, 'deleted', 'not-for-us'];

/** `on`: the route's search. `reading`: undefined where the resource is gone. `replacedBy`: what is done instead. */
export function verdictOf(on: string, reading: OrderReading | undefined, replacedBy: OrderNews['replacedBy']): Verdict {
  if (!reading) {
    return { stopped: { code: 'deleted', text: 'The order was deleted in the EHR.' } };
  }
  if (reading.withdrawn) {
    return { stopped: reading.withdrawn };
  }
  if (replacedBy !== undefined) {
    return {
      stopped: { code: 'replaced', text: `The order was replaced by ${replacedBy}, which is done instead.` },
    };
  }
  if (!matchesCriteria(reading.ordering, checkCriteria(on).statusFree)) {
    return { stopped: { code: 'not-for-us', text: 'The order was changed into one that this service does not do.' } };
  }
  const paused = reading.paused ?? reading.notYet;
  return paused === undefined ? { stands: reading } : { paused: { code: 'on-hold', text: paused } };
}
