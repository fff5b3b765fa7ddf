/** One step of a HealthSage order, by its phase. */
import type { Context, Step } from '../contract.ts';
import { finish } from './finish.ts';
import { asked, plan, quota } from './plan.ts';
import { poll } from './poll.ts';
import type { Options, Settings } from './settings.ts';
import type { Result, State } from './state.ts';
import { submit } from './submit.ts';

type Phase = (state: State, context: Context<Settings, Options>) => Promise<Step<State, Result>> | Step<State, Result>;

const PHASES: Record<State['phase'], Phase> = { plan, asked, quota, submit, poll, finish };

export async function advance(state: State, context: Context<Settings, Options>): Promise<Step<State, Result>> {
  return PHASES[state.phase](state, context);
}
