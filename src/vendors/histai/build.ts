/** Waits until the vendor has built the cohort; there are no callbacks. */
import type { Step } from '../contract.ts';
import { readCohortStatus } from './api.ts';
import { type Ctx, callerOf, cohortOf } from './ctx.ts';
import { LIMITS, WAITS } from './facts.ts';
import type { Result, State } from './state.ts';

/** From 5 seconds to a minute, half as long again each time. */
export const nextWait = (wait: number): number => Math.min(WAITS.last, Math.max(WAITS.first, wait * 1.5));

/**
 * One that could not be built, or is gone, costs nothing: another is made, but not for ever. Never once its purchase was
 * approved: its payment may have been sent, and another would be a second one.
 */
export function another({ cohort: _c, offer: _o, approval: _a, ...state }: State): Step<State, Result> {
  if (state.approved) {
    const text =
      'The cohort is not at HistAI any more, and its purchase had been approved; the order waits for the operator of the adapter.';
    return { hold: { code: 'vendor-protocol', text } };
  }
  if (state.made >= LIMITS.cohorts) {
    const text = 'HistAI could not build the cohort, several times over. Nothing was bought.';
    return { fail: { code: 'vendor-rejected', text } };
  }
  return { next: { ...state, phase: 'create', made: state.made + 1, wait: 0, tries: 0 }, status: 'cohort not built' };
}

export async function build(state: State, context: Ctx): Promise<Step<State, Result>> {
  const status = await readCohortStatus(callerOf(context), cohortOf(state).id);
  if (status === 'FAILED' || (status === undefined && state.tries >= LIMITS.looks)) {
    return another(state);
  }
  if (status === 'UNPAID' || status === 'PAID') {
    return { next: { ...state, phase: 'offer', wait: 0, tries: 0 }, status };
  }
  const wait = nextWait(state.wait);
  const tries = state.tries + (status === undefined ? 1 : 0);
  return { next: { ...state, wait, tries }, after: wait, ...(status !== undefined && { status }) };
}
