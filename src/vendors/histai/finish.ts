/** All that can be had is here: the cases are put together, their composition is drawn, and the result is told. */
import { AdapterError } from '../../errors.ts';
import { drawChart } from '../../pictures/chart.ts';
import type { Step } from '../contract.ts';
import { bought } from './bought-cases.ts';
import { chartOf } from './chart-rows.ts';
import { type Ctx, cohortOf } from './ctx.ts';
import { readMetadata } from './fetch.ts';
import { readChoice, readFiles, readPages } from './parts.ts';
import type { Result, State } from './state.ts';

const CHART = 'composition.png';

/** A picture that cannot be drawn here (a machine without a font) is no reason to hold back what was paid for. */
async function withChart(result: Result, { files }: Ctx): Promise<Result> {
  try {
    const bytes = await drawChart(chartOf(result));
    await files.put({ name: CHART, contentType: 'image/png', title: 'Composition of the cohort', bytes });
    return { ...result, chart: CHART };
  } catch (thrown) {
    if (thrown instanceof AdapterError && thrown.kind === 'permanent') {
      return { ...result, missing: [...result.missing, 'the picture of the composition'] };
    }
    throw thrown;
  }
}

export async function finish(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { definition, selection, purchase, approval } = state;
  if (!definition || !selection || !purchase) {
    throw new Error('An order is finished before anything was bought');
  }
  const { download, caseResources } = context.settings;
  const records = state.metadata ? await readMetadata(context) : undefined;
  const cases = bought(await readChoice(context.parts), await readPages(context.parts), records, {
    protocols: caseResources,
  });
  const result: Result = {
    cohort: cohortOf(state),
    ...{ definition, selection, purchase, cases },
    ...(approval && !purchase.elsewhere && { approval: { by: approval.by, at: approval.at } }),
    ...(state.manifest && { manifest: state.manifest }),
    ...(state.metadata && { metadata: state.metadata }),
    slides: await readFiles(context.parts),
    copies: download,
    caseResources,
    missing: state.missing,
  };
  return { done: context.order.options.chart ? await withChart(result, context) : result };
}
