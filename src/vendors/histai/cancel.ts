import { readCohortStatus } from './api.ts';
import { type Ctx, callerOf } from './ctx.ts';
import type { State } from './state.ts';
import { usd } from './words.ts';

/**
 * There is nothing to cancel at the vendor: an unpaid cohort costs nothing, and a paid one cannot be given back. Says which
 * of the two it is; asked of the vendor where a payment may have been begun. Throws where that cannot be found out.
 */
export async function cancel(state: State, context: Ctx): Promise<string | undefined> {
  const { cohort, approval, purchase } = state;
  if (!cohort) {
    return undefined;
  }
  const status = await readCohortStatus(callerOf(context), cohort.id);
  if (status === 'PAID') {
    const cents = purchase?.cents ?? approval?.cents;
    const price = cents === undefined ? '' : ` for ${usd(cents)}`;
    return `The cohort ${cohort.name} had been bought${price} by then, which cannot be undone; its data can be had from the account at HistAI for two weeks.`;
  }
  const begun =
    approval && state.phase === 'pay' ? ' A payment had been begun; when last looked at, it had not been taken.' : '';
  return `The cohort ${cohort.name} is unpaid at HistAI.${begun}`;
}
