/** Hands the chunks that wait to the engine one by one, and takes their task ids. */

import { z } from 'zod';
import type { Context, Step } from '../contract.ts';
import { taskId } from './answers.ts';
import { effectKey, readEffectKey } from './chunk-text.ts';
import { type NamedChunk, readChunks } from './chunks.ts';
import { WAITS } from './facts.ts';
import type { Options, Settings } from './settings.ts';
import type { Result, State } from './state.ts';

const answered = z.object({ task: taskId });

/** The chunk that an effect's answer belongs to, with its task; undefined where the answer was taken before. */
function taken(chunks: readonly NamedChunk[], context: Context<Settings, Options>): NamedChunk | undefined {
  const { answer } = context;
  if (answer?.to !== 'effect') {
    return undefined;
  }
  const key = readEffectKey(answer.key);
  const chunk = chunks.find(({ name }) => name === key?.name);
  if (chunk?.data.status !== 'waiting' || chunk.data.submission !== key?.submission) {
    return undefined;
  }
  const { task } = answered.parse(answer.value);
  return {
    name: chunk.name,
    data: { ...chunk.data, status: 'pending', task, submittedAt: context.now().toISOString() },
  };
}

export async function submit(state: State, context: Context<Settings, Options>): Promise<Step<State, Result>> {
  const stored = await readChunks(context.parts);
  const change = taken(stored, context);
  if (change) {
    await context.parts.put([change]);
  }
  const chunks = stored.map((chunk) => (chunk.name === change?.name ? change : chunk));
  const waiting = chunks.find(({ data }) => data.status === 'waiting');
  if (waiting) {
    return { effect: 'generate', key: effectKey(waiting.name, waiting.data.submission) };
  }
  const next: State = { ...state, phase: 'poll', cursor: 0, wait: WAITS.pollFirst };
  return { next, after: WAITS.pollFirst, status: `waiting for ${chunks.length} parts` };
}
