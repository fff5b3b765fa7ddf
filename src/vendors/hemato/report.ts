/** Fetches the report of each task that is ready, one a step, by whichever path the host answers. */
import { AdapterError } from '../../errors.ts';
import type { Part, Step } from '../contract.ts';
import type { VendorResponse } from '../http.ts';
import { accessOf, type Ctx } from './access.ts';
import { envelope } from './answers.ts';
import { readTasks } from './parts.ts';
import { isLate, later, onHold, unknown } from './patience.ts';
import { reportOf } from './report-shape.ts';
import type { Result, State, TaskPart } from './state.ts';
import { ask, type Found } from './variants.ts';

const NEVER_CAME = 'its report stayed empty';
const NO_REPORT = 'Hemato.AI gave a report that cannot be understood.';

/** The vendor's `results` as they came; undefined: an empty report, which says nothing. */
export function readReport(response: Pick<VendorResponse, 'json'>, task: string): unknown {
  const read = envelope.safeParse(response.json());
  const report = read.success ? reportOf(read.data.results, task) : 'not-a-report';
  if (report === 'not-a-report') {
    // Held, not failed: the analysis is paid for, and a newer version of ours may read it with a retry.
    throw new AdapterError('vendor-protocol', 'Hemato.AI answered a report in an unknown shape', {
      remedy: 'hold',
      orderer: NO_REPORT,
    });
  }
  return report === undefined ? undefined : read.data?.results;
}

async function fetchReport(state: State, context: Ctx, task: string): Promise<Found<unknown>> {
  const about = { kind: 'report', study: state.study ?? '', task } as const;
  try {
    return await ask(accessOf(context), context.memory, about, (response) => readReport(response, task));
  } catch (thrown) {
    // What the order has already stays: a finished order does not fail because nothing new can be had.
    const useless = thrown instanceof AdapterError && /^vendor-(rejected|protocol)$/.test(thrown.code);
    if (state.again && useless && thrown.kind === 'permanent') {
      return 'unknown';
    }
    throw thrown;
  }
}

/** What a task had before it was asked for again. */
const asBefore = ({ task, raw, why }: TaskPart): TaskPart =>
  raw === undefined ? { task, status: 'missing', why: why ?? NEVER_CAME } : { task, status: 'reported', raw };

export async function report(state: State, context: Ctx): Promise<Step<State, Result>> {
  const tasks = await readTasks(context.parts);
  const ready = tasks.find(({ data }) => data.status === 'ready');
  if (!ready) {
    const waiting = tasks.some(({ data }) => data.status === 'waiting');
    return { next: { ...state, phase: waiting ? 'poll' : 'draw' } };
  }
  const put = async (data: TaskPart, next: State = state): Promise<Step<State, Result>> => {
    await context.parts.put([{ name: ready.name, data } satisfies Part<TaskPart>]);
    return { next: { ...next, lost: 0 }, status: 'report received' };
  };
  const { task } = ready.data;
  const answer = await fetchReport(state, context, task);
  if (typeof answer !== 'string') {
    return put({ task, status: 'reported', raw: answer.found });
  }
  if (state.again) {
    return put(asBefore(ready.data));
  }
  if (answer === 'unknown') {
    return unknown(state);
  }
  const now = context.now();
  if (!isLate(state, now)) {
    return later(state, 'waiting for the report');
  }
  const others = tasks.some(({ data }) => data.status === 'reported');
  return others ? put({ task, status: 'missing', why: NEVER_CAME }) : onHold(state, now);
}
