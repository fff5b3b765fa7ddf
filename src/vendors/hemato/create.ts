/** The study: made as an effect, because two are not one, though an empty one costs nothing. */
import { z } from 'zod';
import type { Effect, Step } from '../contract.ts';
import { accessOf, type Ctx } from './access.ts';
import { createStudy as post } from './api.ts';
import { PROFILES } from './facts.ts';
import type { Result, State } from './state.ts';

const answered = z.object({ study: z.string() });

const keyOf = ({ studies }: State): string => `study/${studies}`;

export const createStudy: Effect<State, Ctx> = {
  bills: 0,
  /** Answers `{ study }`. */
  send: async (_state, context) => {
    const { tags } = PROFILES[context.settings.profile];
    return { study: await post(accessOf(context), tags ? context.order.pseudonym : undefined) };
  },
  onUnknown: 'repeat-once',
};

export function create(state: State, { answer }: Ctx): Step<State, Result> {
  if (answer?.to !== 'effect' || answer.key !== keyOf(state)) {
    return { effect: 'create-study', key: keyOf(state) };
  }
  const { study } = answered.parse(answer.value);
  return { next: { ...state, study, phase: 'upload' }, status: 'study created' };
}
