/** Asks for the pending tasks, a few in each step, and fetches what has succeeded. */
import { AdapterError } from '../../errors.ts';
import type { Context, Step } from '../contract.ts';
import { answerOf } from './answers.ts';
import { type HealthSageApi, healthSageApi } from './api.ts';
import { type NamedChunk, readChunks, resubmitOrFail } from './chunks.ts';
import { FAILED_STATUSES, LIMITS, SUCCESS_STATUS, WAITS } from './facts.ts';
import type { Options, Settings } from './settings.ts';
import type { ChunkPart, Result, State } from './state.ts';

type Ctx = Context<Settings, Options>;

const LOST = 'the coding service lost it';
const FAILED = 'the coding service could not process it';
const LATE = 'the coding service did not finish it in time';

const secondsSince = (at: string | undefined, now: Date) => (at ? (now.getTime() - Date.parse(at)) / 1000 : 0);

/** A chunk after a look at its task; the same object where nothing is new. */
async function look(data: ChunkPart, state: State, api: HealthSageApi, context: Ctx): Promise<ChunkPart> {
  const id = data.task ?? '';
  const found = await api.task(id);
  const now = context.now();
  const age = secondsSince(data.submittedAt, now);
  if (!found) {
    return age < WAITS.young ? data : resubmitOrFail(data, LIMITS.submissions, LOST);
  }
  if (FAILED_STATUSES.has(found.status)) {
    return resubmitOrFail(data, LIMITS.submissions, FAILED);
  }
  if (found.status !== SUCCESS_STATUS) {
    // A long note's tasks queue at the vendor: as long as some of them end, the others are not lost.
    const quiet = Math.min(age, state.newsAt ? secondsSince(state.newsAt, now) : age);
    return quiet < WAITS.giveUp ? data : resubmitOrFail(data, LIMITS.submissions, LATE);
  }
  const answer = answerOf(found);
  if (!answer) {
    return resubmitOrFail(data, LIMITS.submissions, FAILED);
  }
  const bundle = await api.bundle(id, context.order.pseudonym);
  if (bundle === undefined && data.bundleTries + 1 < LIMITS.bundleTries) {
    return { ...data, bundleTries: data.bundleTries + 1 };
  }
  return { ...data, status: 'done', answer, ...(bundle === undefined ? {} : { bundle }) };
}

/** The pending chunks whose turn it is, from the cursor on. */
function turn(pending: readonly NamedChunk[], cursor: number): { batch: NamedChunk[]; last: boolean; cursor: number } {
  const from = cursor < pending.length ? cursor : 0;
  const batch = pending.slice(from, from + LIMITS.pollBatch);
  return { batch, last: from + batch.length >= pending.length, cursor: from + batch.length };
}

export async function poll(state: State, context: Ctx): Promise<Step<State, Result>> {
  const chunks = await readChunks(context.parts);
  const pending = chunks.filter(({ data }) => data.status === 'pending');
  if (pending.length === 0) {
    const waiting = chunks.some(({ data }) => data.status === 'waiting');
    return { next: { ...state, phase: waiting ? 'submit' : 'finish' } };
  }
  const { batch, last, cursor } = turn(pending, state.cursor);
  const api = healthSageApi(context.http, context.settings, context.signal);
  const looks = await Promise.allSettled(batch.map(({ data }) => look(data, state, api, context)));
  const changed = looks.flatMap((seen, index) => {
    const chunk = batch[index];
    return seen.status === 'fulfilled' && chunk && seen.value !== chunk.data
      ? [{ name: chunk.name, data: seen.value }]
      : [];
  });
  const failure = looks.find((seen) => seen.status === 'rejected');
  // What has arrived is stored first; a call that keeps failing is met again and then alone.
  if (failure && (changed.length === 0 || isPermanent(failure.reason))) {
    throw failure.reason;
  }
  if (changed.length > 0) {
    await context.parts.put(changed);
  }
  const ended = changed.filter(({ data }) => data.status !== 'pending').length;
  const left = pending.length - ended;
  const status = `${chunks.length - left} of ${chunks.length} parts back`;
  if (ended > 0) {
    // Places have moved up: go on where the first one not yet asked now stands.
    const next: State = {
      ...state,
      cursor: Math.max(0, cursor - ended),
      newsAt: context.now().toISOString(),
      wait: WAITS.pollFirst,
    };
    return last && left > 0 ? { next: { ...next, cursor: 0 }, after: WAITS.pollFirst, status } : { next, status };
  }
  if (!last) {
    return { next: { ...state, cursor } };
  }
  const young = batch.some(({ data }) => secondsSince(data.submittedAt, context.now()) < WAITS.young);
  const wait = Math.min(WAITS.pollLast, Math.max(WAITS.pollFirst, state.wait) * WAITS.pollGrowth);
  const after = changed.length > 0 || (young && pending.length === 1) ? WAITS.youngAgain : state.wait;
  return { next: { ...state, cursor: 0, wait }, after, status };
}

function isPermanent(thrown: unknown): boolean {
  return thrown instanceof AdapterError && thrown.kind === 'permanent';
}
