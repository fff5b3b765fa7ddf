/** How long a study is waited for, and what the orderer is told then. Pure. */
import type { Step } from '../contract.ts';
import { LIMITS, WAITS } from './facts.ts';
import type { Result, State } from './state.ts';

const secondsSince = (since: string | undefined, now: Date): number =>
  since === undefined ? 0 : (now.getTime() - Date.parse(since)) / 1000;

export const isLate = (state: State, now: Date): boolean => secondsSince(state.since, now) >= WAITS.giveUp;

/** The same phase again, each time a little later. */
export function later(state: State, status: string): Step<State, Result> {
  const wait = Math.min(WAITS.pollLast, Math.max(WAITS.pollFirst, state.wait * WAITS.pollGrowth));
  return { next: { ...state, wait }, after: state.wait || WAITS.pollFirst, status };
}

/** On hold, and looked at again from time to time: what was billed may still come. In the end only a person looks. */
export function onHold(state: State, now: Date): Step<State, Result> {
  const text = 'Hemato.AI is taking much longer than usual; the order goes on by itself when its report is there.';
  const until = new Date(now.getTime() + WAITS.giveUp * 1000);
  const looking = secondsSince(state.since, now) < WAITS.giveUpLooking;
  return { hold: { code: 'vendor-timeout', text }, ...(looking && { until }) };
}

/** The vendor does not know a study of ours: looked for again, because not all of its servers know a new one at once. */
export function unknown(state: State): Step<State, Result> {
  if (state.lost + 1 >= LIMITS.lost) {
    const text = 'Hemato.AI has lost the study of this order; it did not give a result.';
    return { fail: { code: 'vendor-rejected', text } };
  }
  return later({ ...state, lost: state.lost + 1 }, 'looking for the study');
}
