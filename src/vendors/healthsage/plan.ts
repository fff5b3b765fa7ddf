/** First steps: the notes become chunks, very long ones are asked about, and the budget is looked at. */
import { AdapterError } from '../../errors.ts';
import type { Context, Part, Step } from '../contract.ts';
import { healthSageApi } from './api.ts';
import { chunkName, sha256 } from './chunk-text.ts';
import { pointText } from './code-points.ts';
import { LIMITS } from './facts.ts';
import type { Options, Settings } from './settings.ts';
import { splitNote } from './split.ts';
import type { ChunkPart, Result, State } from './state.ts';

type Ctx = Context<Settings, Options>;

/** Answers of the question that a very long note raises. */
export const PROCEED = 'proceed';
export const LONG_NOTE = 'long-note';

function question(chunks: number): Extract<Step<State, Result>, { ask: unknown }>['ask'] {
  return {
    id: LONG_NOTE,
    text: `The note is so long that it makes ${chunks} requests to HealthSage, each of which is billed. Shall it be coded?`,
    choices: { [PROCEED]: `Send all ${chunks} parts of the note.`, cancel: 'Do not have this note coded.' },
    role: 'approver',
  };
}

/** Splits every note and stores its chunks; nothing is sent yet. */
export async function plan(state: State, context: Ctx): Promise<Step<State, Result>> {
  const parts: Part<ChunkPart>[] = [];
  for (const { input } of state.notes) {
    const text = await context.text(input);
    const index = pointText(text);
    for (const chunk of splitNote(text)) {
      const words = index.slice(chunk.base, chunk.base + chunk.length);
      parts.push({
        name: chunkName(parts.length),
        data: { input, ...chunk, sha256: sha256(words), submission: 1, status: 'waiting', earlier: [], bundleTries: 0 },
      });
    }
  }
  if (parts.length === 0) {
    return { refuse: { code: 'order-incomplete', text: 'The note has no text.' } };
  }
  await context.parts.put(parts);
  const next: State = { ...state, chunks: parts.length, phase: 'quota' };
  return parts.length > LIMITS.chunksUnasked
    ? { ask: question(parts.length), next: { ...next, phase: 'asked' } }
    : { next, status: 'split' };
}

/** What a person said to a very long note. */
export function asked(state: State, context: Ctx): Step<State, Result> {
  const { answer } = context;
  if (answer?.to !== 'question' || answer.id !== LONG_NOTE) {
    return { ask: question(state.chunks ?? 0), next: state };
  }
  return answer.value === PROCEED
    ? { next: { ...state, phase: 'quota' } }
    : { refuse: { code: 'limit-reached', text: 'A person decided that this very long note is not to be coded.' } };
}

/** No chunk is sent on a used-up budget: the vendor would turn it away, or take it and be owed. */
export async function quota(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { remaining_tokens } = await healthSageApi(context.http, context.settings, context.signal).usage();
  if (remaining_tokens <= 0) {
    // Thrown rather than returned: as an error of the credential it holds every order of that key at once.
    throw new AdapterError(
      'vendor-quota',
      `The token budget of the HealthSage key is used up (${remaining_tokens} left)`,
      {
        orderer: 'The coding service has used up its budget; the order waits for the operator.',
      },
    );
  }
  return { next: { ...state, phase: 'submit' }, status: 'budget checked' };
}
