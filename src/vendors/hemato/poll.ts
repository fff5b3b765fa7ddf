/** Looks whether the tasks are done: one question for each, or one for all where the host has one status for a study. */
import type { Part, Step } from '../contract.ts';
import type { Ctx } from './access.ts';
import { readTasks } from './parts.ts';
import { isLate, later, onHold, unknown } from './patience.ts';
import type { Result, State, TaskPart } from './state.ts';
import { meaningOf, statusOf } from './status.ts';

const FAILED = 'Hemato.AI could not do it';
const LATE = 'Hemato.AI did not finish it in time';

interface Looked {
  changed: Part<TaskPart>[];
  progress: number | undefined;
  /** The vendor does not know the study. */
  lost: boolean;
}

async function look(state: State, context: Ctx, waiting: readonly Part<TaskPart>[]): Promise<Looked> {
  const changed: Part<TaskPart>[] = [];
  let progress: number | undefined;
  for (const part of waiting) {
    const status = await statusOf(context, state.study ?? '', part.data.task);
    if (typeof status === 'string') {
      return { changed, progress, lost: true };
    }
    const whole = !status.path.includes('{task}');
    const meaning = meaningOf(status.found);
    progress = Math.min(progress ?? 1, status.found.progress ?? 0);
    const told = whole ? waiting : [part];
    if (meaning !== 'working') {
      const news = meaning === 'ready' ? { status: 'ready' as const } : { status: 'missing' as const, why: FAILED };
      changed.push(...told.map(({ name, data }) => ({ name, data: { ...data, ...news } })));
    }
    if (whole) {
      break;
    }
  }
  return { changed, progress, lost: false };
}

export async function poll(state: State, context: Ctx): Promise<Step<State, Result>> {
  const tasks = await readTasks(context.parts);
  const { changed, progress, lost } = await look(
    state,
    context,
    tasks.filter(({ data }) => data.status === 'waiting'),
  );
  const known = new Map([...tasks, ...changed].map((part) => [part.name, part]));
  const count = (status: TaskPart['status']) => [...known.values()].filter(({ data }) => data.status === status).length;
  const some = count('ready') + count('reported') > 0;
  const now = context.now();
  if (isLate(state, now) && some) {
    const late = [...known.values()].filter(({ data }) => data.status === 'waiting');
    changed.push(...late.map(({ name, data }) => ({ name, data: { ...data, status: 'missing' as const, why: LATE } })));
  }
  await context.parts.put(changed);
  if (count('missing') === tasks.length) {
    return { fail: { code: 'vendor-error', text: 'Hemato.AI could not analyse the pictures of this order.' } };
  }
  if (count('ready') > 0 || (some && isLate(state, now)) || (count('waiting') === 0 && some)) {
    return { next: { ...state, phase: 'report', lost: 0 } };
  }
  if (lost) {
    return unknown(state);
  }
  const percent = progress === undefined ? '' : ` (${Math.floor(Math.min(1, progress) * 100)} %)`;
  return isLate(state, now) ? onHold(state, now) : later({ ...state, lost: 0 }, `being analysed${percent}`);
}
