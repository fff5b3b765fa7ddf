/** The simulator's memory: tasks and what each key has used. */
import { randomUUID } from 'node:crypto';
import type { Extraction } from './extract.ts';
import { extract } from './extract.ts';
import { uuidV5 } from './identifier.ts';
import type { GenerateRequest } from './request.ts';

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
}

export interface Task {
  id: string;
  request: GenerateRequest;
  extractions: Extraction[];
  usage: Usage;
  /** How it ends; `pending` for a task that never does. */
  end: 'success' | 'failure' | 'pending';
  /** How many more times it is told as PENDING. */
  pollsLeft: number;
  /** The faults that this task is told with, once it has been told. */
  told?: ReadonlySet<string>;
  /** Likewise of its Bundle. */
  bundled?: ReadonlySet<string>;
}

/** What a model call costs before and beside the text itself. */
const PROMPT_TOKENS = 150;
const FRAME_TOKENS = 12;
const CHARACTERS_A_TOKEN = { input: 4, output: 3.5 };

/** Makes a task of a note. Its id is new each time, as nothing makes the vendor recognise a note it has seen. */
export function createTask(request: GenerateRequest, end: Task['end'], polls: number): Task {
  const id = randomUUID();
  const extractions = extract(request.note, request.letterDate).map((extracted, index) => {
    const extraction = uuidV5(id, String(index));
    return { id: extraction, ...extracted, shortened_id: extraction.slice(0, 8) };
  });
  const usage =
    end === 'failure' ? { input_tokens: 0, output_tokens: 0, total_tokens: 0 } : count(request, extractions);
  return { id, request, extractions, usage, end, pollsLeft: polls };
}

function count({ note }: GenerateRequest, extractions: Extraction[]): Usage {
  const input = PROMPT_TOKENS + Math.ceil(Array.from(note).length / CHARACTERS_A_TOKEN.input);
  const written = extractions.reduce((sum, extraction) => sum + JSON.stringify(extraction).length, 0);
  const output = FRAME_TOKENS + Math.ceil(written / CHARACTERS_A_TOKEN.output);
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

/** One key's account; `token_limit` is soft: a note is taken while any token remains, whatever it then costs. */
export interface Account {
  requests: number;
  used: number;
}

/** The answer of `GET /auth/usage`. */
export function usageReport({ requests, used }: Account, tokenLimit: number) {
  return { total_requests: requests, tokens_used: used, token_limit: tokenLimit, remaining_tokens: tokenLimit - used };
}

/** The vendor's sentence for a used-up quota. */
export function quotaSentence(used: number, tokenLimit: number): string {
  return `Token limit exceeded. You have used ${used} tokens out of your ${tokenLimit} token limit.`;
}
