/** The one call that bills: the diagnostic tasks of a study. The vendor can be asked whether it took it. */
import { z } from 'zod';
import type { Effect, Step } from '../contract.ts';
import { accessOf, type Ctx } from './access.ts';
import { requestTasks as post } from './api.ts';
import { UNTASKED_STATUSES, WAITS } from './facts.ts';
import { taskName } from './parts.ts';
import type { Result, State, TaskPart } from './state.ts';
import { statusOf } from './status.ts';
import { anew } from './upload.ts';

const answered = z.object({ tasks: z.enum(['taken', 'gone']) });
type Answered = z.infer<typeof answered>;

const keyOf = ({ studies }: State): string => `tasks/${studies}`;

/** Its certificate has to be valid, so https; where the vendor itself is reached without (a simulator), anything goes. */
function callbackOf({ callbackUrl, settings }: Ctx): string | undefined {
  const usable = callbackUrl?.startsWith('https:') || settings.baseUrl.startsWith('http:');
  return usable ? callbackUrl : undefined;
}

/** Whether the study has tasks: of one without, the status is none or says that it is still being filled. */
async function lookup(state: State, context: Ctx): Promise<Answered | undefined> {
  const status = await statusOf(context, state.study ?? '', state.tasks[0] ?? '');
  if (typeof status === 'string' || UNTASKED_STATUSES.has(status.found.report_status ?? '')) {
    return undefined;
  }
  return { tasks: 'taken' };
}

export const requestTasks: Effect<State, Ctx> = {
  bills: 1,
  /** Answers `{ tasks }`. A locked study may be one whose tasks were taken while an earlier answer got lost. */
  send: async (state, context): Promise<Answered> => {
    const said = await post(accessOf(context), state.study ?? '', state.tasks, callbackOf(context));
    return said === 'taken' ? { tasks: said } : ((await lookup(state, context)) ?? { tasks: said });
  },
  lookup,
  onUnknown: 'hold',
};

/** A study that is gone before anything was billed is begun anew. */
function begunAnew(state: State): Step<State, Result> {
  const next = anew(state);
  const text = 'Hemato.AI lost the pictures of this order twice; nothing was analysed.';
  return next ? { next } : { fail: { code: 'vendor-rejected', text } };
}

/** The tasks as parts, each waiting for its report. */
export async function request(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { answer } = context;
  if (answer?.to !== 'effect' || answer.key !== keyOf(state)) {
    return { effect: 'request-tasks', key: keyOf(state) };
  }
  if (answered.parse(answer.value).tasks === 'gone') {
    return begunAnew(state);
  }
  const parts = state.tasks.map((task, index) => ({
    name: taskName(index),
    data: { task, status: 'waiting' } satisfies TaskPart,
  }));
  await context.parts.put(parts);
  const since = context.now().toISOString();
  const next: State = { ...state, phase: 'poll', since, wait: WAITS.pollFirst };
  return { next, after: WAITS.pollFirst, status: 'waiting for the analysis' };
}
