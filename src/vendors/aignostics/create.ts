/** The one call that bills: a run of all slides of the order. It is found again by what is said in it, or made once more. */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { Effect, Step } from '../contract.ts';
import { wasNotTaken } from '../not-taken.ts';
import type { Run } from './answers.ts';
import { createRun, listRuns } from './api.ts';
import { type Ctx, callerOf, inputOf } from './documents.ts';
import { LIMITS, WAITS } from './facts.ts';
import { externalId, type NewRun, orderKey, schedulingOf } from './new-run.ts';
import { knownOf } from './plan.ts';
import type { Application, Result, Slide, State } from './state.ts';
import { judgeSlide } from './verdict.ts';

const answered = z.object({ run: z.string(), deadline: z.string().optional() });

export const runKey = ({ attempt }: Pick<State, 'attempt'>): string => `run/${attempt}`;

const slidesOf = ({ slides, open }: State): Slide[] => slides.filter(({ input }) => open.includes(input));

/** Whether a run of the platform's is this order's present one. */
export const isOurs = (run: { custom_metadata?: Record<string, unknown> | undefined }, key: string): boolean =>
  run.custom_metadata?.order_key === key;

async function itemsOf(state: State, application: Application, context: Ctx): Promise<NewRun['items']> {
  const { name, schema } = await inputOf(application, context);
  const items: NewRun['items'] = [];
  for (const slide of slidesOf(state)) {
    const number = state.slides.indexOf(slide) + 1;
    const verdict = judgeSlide(schema, knownOf(slide, context), number);
    if (!('metadata' in verdict)) {
      // It was judged before it was copied: the platform has changed its mind since.
      throw new AdapterError('vendor-rejected', 'The version of the application takes this slide no more', {
        orderer: 'refuse' in verdict ? verdict.refuse.text : `Slide ${number} is not accepted any more.`,
      });
    }
    const download_url = await context.slides.url(slide.input, WAITS.url);
    if (download_url.length > LIMITS.url) {
      throw new AdapterError('storage-unavailable', `The URL of a slide has more than ${LIMITS.url} characters`, {
        kind: 'permanent',
        remedy: 'hold',
        operator: "Choose a shorter prefix or bucket name for the site's storage.",
      });
    }
    const external_id = externalId(context.order.key, state, slide.input);
    items.push({ external_id, input_artifacts: [{ name, download_url, metadata: verdict.metadata }] });
  }
  return items;
}

/** What of the order leaves for the platform, slide by slide. */
async function disclose(items: NewRun['items'], state: State, context: Ctx): Promise<void> {
  for (const [index, slide] of slidesOf(state).entries()) {
    const metadata = items[index]?.input_artifacts[0]?.metadata ?? {};
    await context.disclose(['slide, de-identified', 'external_id (pseudonym)', ...Object.keys(metadata)], slide.input);
  }
}

async function send(state: State, context: Ctx): Promise<z.infer<typeof answered>> {
  const { application } = state;
  if (!application) {
    throw new AdapterError('unexpected', 'A run is created before its application is known', { kind: 'permanent' });
  }
  const scheduling = schedulingOf(context.order.options, context.now());
  const items = await itemsOf(state, application, context);
  await disclose(items, state, context);
  const run = await createRun(callerOf(context), {
    application_id: application.id,
    // Left out it would be the newest, whichever that is by then.
    version_number: application.version,
    custom_metadata: { order_key: orderKey(context.order.key, state) },
    ...(scheduling && { scheduling }),
    items,
  });
  return { run, ...(scheduling?.deadline !== undefined && { deadline: scheduling.deadline }) };
}

/** The run of the order's present attempt, where the platform has it. */
export async function findRun(state: State, context: Ctx): Promise<Run | undefined> {
  const [first = ''] = state.open;
  const key = orderKey(context.order.key, state);
  const query = { external_id: externalId(context.order.key, state, first) };
  const { runs } = await listRuns(callerOf(context), 1, query);
  return runs.find((run) => isOurs(run, key));
}

export const createEffect: Effect<State, Ctx> = {
  bills: 1,
  units: ({ open }) => open.length,
  send,
  /** Not all servers of the platform know a new run at once: only one that nobody has found for a minute was not taken. */
  lookup: async (state, context) => {
    const run = await findRun(state, context);
    if (run) {
      const deadline = run.scheduling?.deadline;
      return { run: run.run_id, ...(deadline !== undefined && { deadline }) };
    }
    if (await wasNotTaken(context, orderKey(context.order.key, state), WAITS.doubt)) {
      return undefined;
    }
    throw new AdapterError('vendor-busy', 'Aignostics does not yet show whether it took the run', {
      kind: 'transient',
    });
  },
  onUnknown: 'hold',
};

export function create(state: State, context: Ctx): Step<State, Result> {
  const { answer } = context;
  if (answer?.to !== 'effect' || answer.key !== runKey(state)) {
    return { effect: 'create-run', key: runKey(state) };
  }
  const { run, deadline } = answered.parse(answer.value);
  const since = context.now().toISOString();
  return {
    next: {
      ...state,
      phase: 'run',
      run,
      since,
      ...(deadline !== undefined && { deadline }),
      seen: '',
      wait: 0,
      lost: 0,
    },
    after: WAITS.ownFirst,
    status: 'submitted',
  };
}
