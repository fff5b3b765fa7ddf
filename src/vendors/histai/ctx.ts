import type { Context } from '../contract.ts';
import type { Caller } from './api-call.ts';
import type { Options, Settings } from './settings.ts';
import type { State } from './state.ts';

export type Ctx = Context<Settings, Options>;

export function callerOf({ http, settings, signal }: Ctx): Caller {
  return { http, settings, signal };
}

/** The order's cohort; a phase that needs one comes after it was made. */
export function cohortOf({ cohort }: Pick<State, 'cohort'>): NonNullable<State['cohort']> {
  if (!cohort) {
    throw new Error('There is no cohort in this phase');
  }
  return cohort;
}
