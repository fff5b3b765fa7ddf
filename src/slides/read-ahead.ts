/**
 * Reads a file's header by ranges, few and not too small: a request over the network costs the same for 12 bytes as for
 * 64 KB, and what belongs together mostly lies together.
 */
import { truncated } from './refusals.ts';
import type { ReadAt } from './types.ts';

const BLOCK = 64 * 1024;
/** Blocks that are kept: 4 MB. */
const MOST_BLOCKS = 64;

/** A file, or a part of one, by its bytes. */
export interface Bytes {
  readonly size: number;
  /** Exactly so many bytes, not to be changed. Throws `input-unsupported` where the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The file of `size` bytes behind `readAt`; what `readAt` throws passes through. */
export function readAhead(readAt: ReadAt, size: number): Bytes {
  const blocks = new Map<number, Uint8Array>();

  async function exactly(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await readAt(offset, length);
    if (bytes.length < length) {
      throw truncated();
    }
    return bytes.subarray(0, length);
  }

  async function block(index: number): Promise<Uint8Array> {
    const start = index * BLOCK;
    const bytes = blocks.get(index) ?? (await exactly(start, Math.min(BLOCK, size - start)));
    // The one that was used last is forgotten last.
    blocks.delete(index);
    blocks.set(index, bytes);
    const oldest = blocks.keys().next();
    if (blocks.size > MOST_BLOCKS && !oldest.done) {
      blocks.delete(oldest.value);
    }
    return bytes;
  }

  return {
    size,
    async read(offset, length) {
      assertWithin(offset, length, size);
      if (length === 0) {
        return new Uint8Array();
      }
      if (length > BLOCK) {
        return exactly(offset, length);
      }
      const first = Math.floor(offset / BLOCK);
      const at = offset - first * BLOCK;
      const head = await block(first);
      if (at + length <= head.length) {
        return head.subarray(at, at + length);
      }
      const tail = await block(first + 1);
      const bytes = new Uint8Array(length);
      bytes.set(head.subarray(at));
      bytes.set(tail.subarray(0, at + length - head.length), head.length - at);
      return bytes;
    },
  };
}

/** A part of a file as if it were a file. */
export function partOf(bytes: Bytes, start: number, size: number): Bytes {
  assertWithin(start, size, bytes.size);
  return {
    size,
    async read(offset, length) {
      assertWithin(offset, length, size);
      return bytes.read(start + offset, length);
    },
  };
}

/** Places come from the file itself: they may be anything. */
function assertWithin(offset: number, length: number, size: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw truncated();
  }
}
