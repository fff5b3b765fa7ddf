/** The last step: what earlier photos of the same patient showed, and the end. */
import { AdapterError } from '../../errors.ts';
import type { Context, Step } from '../contract.ts';
import { type Block, historyOf } from './answers.ts';
import { hautaiApi } from './api.ts';
import { takenAt } from './begin.ts';
import type { Options, Settings } from './settings.ts';
import type { Before, Found, Result, State } from './state.ts';
import { parametersOf } from './values.ts';

type Ctx = Context<Settings, Options>;

/**
 * Of each parameter now found, the latest value from before: by the date of the photos, so that an old photo that is
 * analysed late is compared with older ones only. Pure.
 */
export function trendOf(
  now: Found,
  own: { batches: readonly string[]; at: string | undefined },
  history: readonly Block[],
  dates: ReadonlyMap<string, string>,
): Before[] {
  const until = Date.parse(own.at ?? '');
  const earlier = history
    .flatMap(({ image_batch_id: id, parameters }) => {
      const date = dates.get(id ?? '');
      const at = Date.parse(date ?? '');
      const other = id !== undefined && !own.batches.includes(id);
      return other && date !== undefined && at < until ? [{ at, date, parameters }] : [];
    })
    .sort((a, b) => b.at - a.at)
    .map(({ date, parameters }) => ({ date: date.slice(0, 10), ...parametersOf(parameters) }));
  return now.parameters.flatMap(({ name }) => {
    const before = earlier
      .map(({ date, parameters }) => ({ date, found: parameters.find((one) => one.name === name) }))
      .find(({ found }) => found !== undefined && (found.tag !== undefined || Object.keys(found.values).length > 0));
    if (before?.found === undefined) {
      return [];
    }
    const { values, tag } = before.found;
    return [{ name, date: before.date, values, ...(tag === undefined ? {} : { tag }) }];
  });
}

async function readTrend(state: State, found: Found, context: Ctx): Promise<Before[]> {
  const api = hautaiApi(context.http, context.settings, () => context.now(), context.signal);
  const own = [...state.earlier, ...(state.batch === undefined ? [] : [state.batch])];
  const history = historyOf(await api.parameters(state.subject ?? ''));
  if (history.every(({ image_batch_id: id }) => id === undefined || own.includes(id))) {
    return [];
  }
  const dates = await api.batchDates(state.subject ?? '');
  const at = dates.get(state.batch ?? '') ?? takenAt(state.photos);
  return trendOf(found, { batches: own, at }, history, dates);
}

export async function history(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { found, subject = '', batch = '', photos, earlier, masks = [], lost } = state;
  if (!found) {
    throw new AdapterError('unexpected', 'The results of the analysis are not stored', { kind: 'permanent' });
  }
  const result = { subject, batch, earlier, photos, found, masks, lost };
  if (!context.order.options.trend) {
    return { done: { ...result, trend: [], trendMissing: false } };
  }
  try {
    return { done: { ...result, trend: await readTrend(state, found, context), trendMissing: false } };
  } catch (thrown) {
    // What was paid for is not lost for the sake of what was before.
    const silent = thrown instanceof AdapterError && ['vendor-rejected', 'vendor-protocol'].includes(thrown.code);
    if (silent && thrown.kind === 'permanent') {
      return { done: { ...result, trend: [], trendMissing: true } };
    }
    throw thrown;
  }
}
