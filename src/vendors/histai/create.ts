/** Makes the cohort, which costs nothing. The vendor does not know a second call from a new wish: the name tells. */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { Effect, Step } from '../contract.ts';
import { wasNotTaken } from '../not-taken.ts';
import { createCohort, listCohorts } from './api.ts';
import { readAll } from './api-pages.ts';
import { cohortName, isNameOf } from './cohort-name.ts';
import { type Ctx, callerOf } from './ctx.ts';
import { WAITS } from './facts.ts';
import { readChoice } from './parts.ts';
import type { Result, State } from './state.ts';

const created = z.object({ id: z.string(), name: z.string() });
type Created = z.infer<typeof created>;

/** Of an order's cohorts each has a name of its own. */
const nameKey = (state: Pick<State, 'made'>, { order }: Pick<Ctx, 'order'>): string => `${order.key}#${state.made}`;
const effectKey = ({ made }: Pick<State, 'made'>): string => `cohort/${made}`;

/** The cohort that was made for this order before, by whatever became of the answer. */
async function find(state: State, context: Ctx): Promise<Created | undefined> {
  const { items } = await readAll(
    (page) => listCohorts(callerOf(context), { page }),
    ({ cohortId }) => cohortId,
  );
  const found = items.find(({ name }) => name !== undefined && isNameOf(name, nameKey(state, context)));
  return found && { id: found.cohortId, name: found.name ?? '' };
}

export const createEffect: Effect<State, Ctx> = {
  bills: 0,
  async send(state, context) {
    const before = await find(state, context);
    if (before) {
      return before;
    }
    await context.disclose(['cohort name', 'ids of cases and slides']);
    const name = cohortName(nameKey(state, context));
    const { cohortId } = await createCohort(callerOf(context), name, await readChoice(context.parts));
    return { id: cohortId, name };
  },
  /** A new cohort may not be on the list at once: only one that nobody has found for a while was not made. */
  async lookup(state, context) {
    const found = await find(state, context);
    if (found || (await wasNotTaken(context, nameKey(state, context), WAITS.doubt))) {
      return found;
    }
    throw new AdapterError('vendor-busy', 'HistAI does not yet show whether it made the cohort', { kind: 'transient' });
  },
  onUnknown: 'hold',
};

export function create(state: State, { answer }: Ctx): Step<State, Result> {
  if (answer?.to !== 'effect' || answer.key !== effectKey(state)) {
    return { effect: 'create-cohort', key: effectKey(state) };
  }
  const cohort = created.parse(answer.value);
  const next: State = { ...state, phase: 'build', cohort, wait: 0, tries: 0 };
  return { next, status: 'cohort created', tell: [`cohort ${cohort.name} (${cohort.id})`] };
}
