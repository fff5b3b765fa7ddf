/** One step of an Aignostics order, by its phase. */
import type { Step } from '../contract.ts';
import { collect } from './collect.ts';
import { create } from './create.ts';
import type { Ctx } from './documents.ts';
import { ended } from './ended.ts';
import { asked, plan } from './plan.ts';
import { look } from './run.ts';
import { stage } from './stage.ts';
import type { Result, State } from './state.ts';
import { tidy } from './tidy.ts';

type Phase = (state: State, context: Ctx) => Promise<Step<State, Result>> | Step<State, Result>;

const PHASES: Record<State['phase'], Phase> = { plan, asked, stage, create, run: look, collect, ended, tidy };

export async function advance(state: State, context: Ctx): Promise<Step<State, Result>> {
  return PHASES[state.phase](state, context);
}
