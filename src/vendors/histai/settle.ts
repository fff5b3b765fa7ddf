/** The cohort is read once more after the payment: what was bought is what was approved, and since when it counts. */
import type { Step } from '../contract.ts';
import { nextWait } from './build.ts';
import { type Ctx, cohortOf } from './ctx.ts';
import { LIMITS, WAITS } from './facts.ts';
import { lookAt } from './look.ts';
import { isSameContent } from './offer.ts';
import { readChoice } from './parts.ts';
import type { Result, State } from './state.ts';

/** Two weeks from the purchase. */
export const windowEnd = (paidAt: string): string => new Date(Date.parse(paidAt) + WAITS.window * 1000).toISOString();

export async function settle(state: State, context: Ctx): Promise<Step<State, Result>> {
  const found = await lookAt(cohortOf(state).id, context);
  if (found.is !== 'PAID') {
    if (state.tries < LIMITS.looks) {
      const wait = nextWait(state.wait);
      return { next: { ...state, wait, tries: state.tries + 1 }, after: wait };
    }
    const text =
      'HistAI took the payment for the cohort and does not show it as paid; the order waits for the operator of the adapter.';
    return { hold: { code: 'vendor-protocol', text } };
  }
  if (!isSameContent(await readChoice(context.parts), found.cases)) {
    const text =
      'The cohort that is paid for at HistAI does not hold what was chosen; the order waits for the operator of the adapter.';
    return { hold: { code: 'vendor-protocol', text } };
  }
  const at = found.paidAt ?? context.now().toISOString();
  // Without an approval, or with one of another price, somebody else has paid.
  const elsewhere = state.approval?.hash !== found.hash;
  return {
    next: {
      ...state,
      phase: 'export',
      purchase: { at, until: windowEnd(at), elsewhere, cents: found.cents },
      wait: 0,
      tries: 0,
    },
    status: 'paid',
  };
}
