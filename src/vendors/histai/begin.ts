/** Whether an order says what cohort it wants. Pure. */
import { isRefusal, type Refusal, type VendorOrder } from '../contract.ts';
import { criteriaOf } from './criteria.ts';
import type { Options } from './settings.ts';
import type { State } from './state.ts';

export function begin(order: Pick<VendorOrder<Options>, 'focus' | 'options'>): State | Refusal {
  const criteria = criteriaOf(order);
  return isRefusal(criteria)
    ? criteria
    : {
        phase: 'explore',
        page: 0,
        seen: 0,
        fitting: 0,
        made: 1,
        asked: 0,
        approved: false,
        copied: false,
        wait: 0,
        tries: 0,
        missing: [],
      };
}
