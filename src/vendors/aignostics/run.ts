/** Looks at the run until it has ended, and takes note of its items as they end, one by one. */
import type { Step } from '../contract.ts';
import type { Run } from './answers.ts';
import { listEnded, readRun } from './api.ts';
import { type Ctx, callerOf } from './documents.ts';
import { LIMITS, WAITS } from './facts.ts';
import { externalId } from './new-run.ts';
import { endedItems, fingerprint, statusOf, TERMINATED } from './progress.ts';
import { shownRun } from './shown.ts';
import { lostPart, putSlides, readSlides, slidePartOf } from './slide-parts.ts';
import type { Result, State } from './state.ts';
import { plainWords } from './words.ts';

const LOST = 'The AI service does not know the run of this order any more; it gave no result.';
const LATE =
  'The AI service is taking much longer than it should; the order goes on by itself when its results are there.';

const secondsSince = (date: string | undefined, now: Date): number =>
  date === undefined ? 0 : (now.getTime() - Date.parse(date)) / 1000;

/** An order's own next look: what happens sooner is told by the shared one. */
function later(state: State, status: string): Step<State, Result> {
  const wait = Math.min(WAITS.ownLast, Math.max(WAITS.ownFirst, state.wait * WAITS.ownGrowth));
  return { next: { ...state, wait }, after: wait, status };
}

/** Not all servers of the platform know a new run at once. */
function notFound(state: State, now: Date): Step<State, Result> {
  if (secondsSince(state.since, now) < WAITS.replica) {
    return { next: state, after: WAITS.replicaLook, status: 'submitted' };
  }
  return state.lost + 1 >= LIMITS.lost
    ? { fail: { code: 'vendor-rejected', text: LOST } }
    : { next: { ...state, lost: state.lost + 1 }, after: WAITS.replica, status: 'looking for the run' };
}

/** Far beyond every deadline: an operator's matter, looked at again each day. */
function overdue(state: State, now: Date): Step<State, Result> | undefined {
  const late =
    secondsSince(state.since, now) >= WAITS.giveUp || secondsSince(state.deadline, now) >= WAITS.deadlineGrace;
  const until = new Date(now.getTime() + 86_400_000);
  return late ? { hold: { code: 'vendor-timeout', text: LATE }, until } : undefined;
}

const stoppedBy = ({ termination_reason: reason }: Run): State['stopped'] =>
  reason === 'CANCELED_BY_USER' ? 'user' : reason === 'CANCELED_BY_SYSTEM' ? 'system' : undefined;

function noted(state: State, run: Run): State {
  const stopped = stoppedBy(run);
  const why = plainWords(run.error_message);
  return {
    ...state,
    seen: fingerprint(run),
    terminated: run.state === TERMINATED,
    ...(stopped && { stopped }),
    ...(why !== undefined && { why }),
  };
}

export async function look(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { run: id = '' } = state;
  const now = context.now();
  const caller = callerOf(context);
  const run = shownRun(caller, id) ?? (await readRun(caller, id));
  if (!run) {
    return notFound(state, now);
  }
  const next = noted(state, run);
  const known = (await readSlides(context.parts)).filter(({ attempt }) => attempt === state.attempt);
  if (!next.terminated && endedItems(run) <= known.length) {
    return overdue(next, now) ?? later({ ...next, lost: 0 }, statusOf(run));
  }
  const items = await listEnded(caller, id);
  if (!items) {
    return notFound(next, now);
  }
  const inputs = new Map(state.open.map((input) => [externalId(context.order.key, state, input), input]));
  const ended = items.flatMap((item) => {
    const input = inputs.get(item.external_id);
    return input === undefined || known.some((part) => part.input === input)
      ? []
      : [slidePartOf(item, input, state.attempt)];
  });
  const missing = state.open.filter((input) => ![...known, ...ended].some((part) => part.input === input));
  if (next.terminated && missing.length > 0) {
    // The run and its items are not told by the same server: the items follow.
    if (next.lost + 1 < LIMITS.lost) {
      await putSlides(context.parts, state, ended);
      return { next: { ...next, lost: next.lost + 1 }, after: WAITS.settle, status: statusOf(run) };
    }
    ended.push(...missing.map((input) => lostPart(input, state.attempt)));
  }
  await putSlides(context.parts, state, ended);
  return { next: { ...next, phase: 'collect', lost: 0, wait: 0 }, status: statusOf(run) };
}
