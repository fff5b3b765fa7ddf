/** What slides and result files have in common on their way into a site's storage, part by part. */
import { AdapterError } from '../errors.ts';
import { MOST_PARTS, type Storage, UPLOAD_GONE } from '../storage/types.ts';

const MB = 1024 * 1024;
/** A step copies a 64th of a file within these bounds: a crash costs little, and each part costs a step. */
const PART = { least: 16 * MB, most: 64 * MB, share: 1 / 64 };
/** Bytes of a piece, which is in memory while it is written: nobody knows beforehand how much will come. */
export const PIECE = 8 * MB;

/** Bytes that a step copies of a file of this size. */
export function partSize(size: number, { least, most }: Storage['partSize']): number {
  const wanted = Math.min(PART.most, Math.max(PART.least, Math.ceil(size * PART.share)));
  return Math.min(most, Math.max(least, wanted, Math.ceil(size / MOST_PARTS)));
}

/** The storage does not know the upload any more: somebody has cleaned up there, or it forgot. */
export const isUploadGone = (error: unknown): boolean =>
  error instanceof AdapterError && error.code === 'storage-unavailable' && error.status === UPLOAD_GONE;

/**
 * The bytes in pieces of `size`; the last may be smaller. An empty file is one empty piece. All are in one buffer: a piece
 * has to be dealt with before the next is asked for.
 */
export async function* inPieces(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  const whole = new Uint8Array(size);
  let filled = 0;
  let isEmpty = true;
  for await (let piece of body) {
    while (piece.byteLength > 0) {
      const taken = piece.subarray(0, size - filled);
      whole.set(taken, filled);
      filled += taken.byteLength;
      piece = piece.subarray(taken.byteLength);
      if (filled === size) {
        yield whole;
        filled = 0;
        isEmpty = false;
      }
    }
  }
  if (filled > 0 || isEmpty) {
    yield whole.subarray(0, filled);
  }
}
