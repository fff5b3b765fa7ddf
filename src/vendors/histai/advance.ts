/** One step of a HistAI order, by its phase. */
import type { Step } from '../contract.ts';
import { build } from './build.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import type { Ctx } from './ctx.ts';
import { explore } from './explore.ts';
import { awaitExport } from './export.ts';
import { fetchAll } from './fetch.ts';
import { finish } from './finish.ts';
import { offer } from './offer.ts';
import { pay } from './pay.ts';
import { search } from './search.ts';
import { settle } from './settle.ts';
import type { Result, State } from './state.ts';

type Phase = (state: State, context: Ctx) => Promise<Step<State, Result>> | Step<State, Result>;

const PHASES: Record<State['phase'], Phase> = {
  explore,
  search,
  create,
  build,
  offer,
  pay,
  settle,
  export: awaitExport,
  fetch: fetchAll,
  copy,
  finish,
};

export async function advance(state: State, context: Ctx): Promise<Step<State, Result>> {
  return PHASES[state.phase](state, context);
}
