/** One step of a Haut.AI order, by its phase. */
import type { Context, Step } from '../contract.ts';
import { compute } from './compute.ts';
import { history } from './history.ts';
import { masks } from './masks.ts';
import { poll, reread } from './poll.ts';
import type { Options, Settings } from './settings.ts';
import type { Result, State } from './state.ts';
import { findSubject } from './subject.ts';
import { open } from './upload.ts';

type Phase = (state: State, context: Context<Settings, Options>) => Promise<Step<State, Result>> | Step<State, Result>;

const PHASES: Record<State['phase'], Phase> = { subject: findSubject, open, compute, poll, reread, masks, history };

export async function advance(state: State, context: Context<Settings, Options>): Promise<Step<State, Result>> {
  return PHASES[state.phase](state, context);
}
