/** The order's chunks as stored parts. */
import type { Parts } from '../contract.ts';
import { type ChunkPart, chunkPart } from './state.ts';

export interface NamedChunk {
  name: string;
  data: ChunkPart;
}

/** All chunks in the order of the text. */
export async function readChunks(parts: Parts): Promise<NamedChunk[]> {
  const rows = await parts.list<unknown>();
  return rows
    .filter(({ name }) => name.startsWith('chunk/'))
    .map(({ name, data }) => ({ name, data: chunkPart.parse(data) }));
}

/** A chunk whose task brought nothing: once more where it may be, else failed with `why` (words for a clinician). */
export function resubmitOrFail(data: ChunkPart, most: number, why: string): ChunkPart {
  const { task, submittedAt: _submittedAt, ...rest } = data;
  const earlier = task === undefined ? data.earlier : [...data.earlier, task];
  return data.submission < most
    ? { ...rest, earlier, submission: data.submission + 1, status: 'waiting' }
    : { ...rest, earlier, status: 'failed', failed: why };
}
