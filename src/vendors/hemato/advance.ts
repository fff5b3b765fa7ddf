/** One step of a Hemato.AI order, by its phase. */
import type { Step } from '../contract.ts';
import type { Ctx } from './access.ts';
import { create } from './create.ts';
import { draw } from './draw.ts';
import { asked, plan } from './plan.ts';
import { poll } from './poll.ts';
import { report } from './report.ts';
import { request } from './request.ts';
import { restore } from './restore.ts';
import type { Result, State } from './state.ts';
import { upload } from './upload.ts';

type Phase = (state: State, context: Ctx) => Promise<Step<State, Result>> | Step<State, Result>;

const PHASES: Record<State['phase'], Phase> = {
  plan,
  asked,
  create,
  upload,
  tasks: request,
  poll,
  report,
  draw,
  restore,
};

export async function advance(state: State, context: Ctx): Promise<Step<State, Result>> {
  return PHASES[state.phase](state, context);
}
