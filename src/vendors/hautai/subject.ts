/** The vendor's subject of our patient, under the pseudonym. */
import type { Context, Step } from '../contract.ts';
import { hautaiApi } from './api.ts';
import type { Options, Settings } from './settings.ts';
import type { Result, State } from './state.ts';

type Ctx = Context<Settings, Options>;

const BIRTH_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Another dataset has other subjects. */
export function subjectKey({ settings, order }: Pick<Ctx, 'settings' | 'order'>): string {
  return `subject ${settings.companyId} ${settings.datasetId} ${order.pseudonym}`;
}

/**
 * Found or made, once for all orders of the patient. Making one is no effect of the engine's: it bills nothing, it is
 * looked for first, one process at a time does it, and should the vendor ever hold two, both are only empty names.
 */
export async function findSubject(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { settings, order, signal } = context;
  const api = hautaiApi(context.http, settings, () => context.now(), signal);
  const subject = await context.memory.get(subjectKey(context), async () => {
    await context.disclose(['pseudonym']);
    const known = await api.findSubject(order.pseudonym);
    if (known !== undefined) {
      return { value: known };
    }
    const born = order.options.subjectDetails ? order.patient?.birthDate : undefined;
    const birth_date = born !== undefined && BIRTH_DATE.test(born) ? born : null;
    await context.disclose(birth_date === null ? ['name (pseudonym)'] : ['name (pseudonym)', 'birth_date']);
    return { value: await api.createSubject({ name: order.pseudonym, birth_date, biological_sex: null }) };
  });
  return { next: { ...state, phase: 'open', subject }, status: 'patient known by a pseudonym' };
}
