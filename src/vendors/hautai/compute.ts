/** The one call that bills: a batch is analysed. Nobody says what a second one does, so the results are asked first. */
import { AdapterError } from '../../errors.ts';
import type { Context, Effect, Step } from '../contract.ts';
import { blockOf } from './answers.ts';
import { COMPUTE_BODY, hautaiApi } from './api.ts';
import { WAITS } from './facts.ts';
import type { Options, Settings } from './settings.ts';
import type { Result, State } from './state.ts';

type Ctx = Context<Settings, Options>;

export const computeKey = ({ analysis }: Pick<State, 'analysis'>): string => `compute/${analysis}`;

export const computeEffect: Effect<State, Ctx> = {
  bills: 1,
  send: async (state, context) => {
    await context.disclose(Object.keys(COMPUTE_BODY));
    await hautaiApi(context.http, context.settings, () => context.now(), context.signal).compute(state.batch ?? '');
    return { taken: true };
  },
  /**
   * A key among the results says that it was taken. None says nothing at first: the vendor shows it only once it works on
   * the batch, so the call is made again only when there has been none for two minutes.
   */
  lookup: async (state, context) => {
    const { settings, http, memory, signal } = context;
    const batch = state.batch ?? '';
    const results = await hautaiApi(http, settings, () => context.now(), signal).results(batch);
    if (results !== undefined && blockOf(results, settings.application) !== undefined) {
      return { taken: true };
    }
    const first = await memory.get(`doubt ${batch}`, async () => ({
      value: context.now().toISOString(),
      seconds: 86_400,
    }));
    if (context.now().getTime() - Date.parse(first) >= WAITS.doubt * 1000) {
      return undefined;
    }
    throw new AdapterError('vendor-busy', 'Haut.AI does not yet show whether it took the analysis', {
      kind: 'transient',
    });
  },
  onUnknown: 'repeat-once',
};

export function compute(state: State, context: Ctx): Step<State, Result> {
  const { answer } = context;
  if (answer?.to !== 'effect' || answer.key !== computeKey(state)) {
    return { effect: 'compute', key: computeKey(state) };
  }
  const since = context.now().toISOString();
  return { next: { ...state, phase: 'poll', since, looks: 0 }, after: WAITS.poll[0].pause, status: 'being analysed' };
}
