/** By what a file is known again when it is read once more: CRC-32 of each of its blocks. */
import { crc32 } from '@node-rs/crc32';
import type { Sink } from '../streams.ts';
import { replaced } from './refusals.ts';
import type { Inspected } from './types.ts';

/** Bytes of a block: what is held of a file until it is known; 50 MB make 50 numbers. */
export const BLOCK_SIZE = 1024 * 1024;

/**
 * Cuts a file into blocks: `each` gets the parts of one as they come, uncopied, then `over` its CRC-32 (unsigned). A block
 * is over when the next one begins or the file ends, so that of the last one it is known that it is the last.
 */
export function openBlocks(each: (part: Uint8Array) => void, over: (crc: number) => void): Sink {
  let crc = 0;
  let filled = 0;
  const close = () => {
    over(crc);
    crc = 0;
    filled = 0;
  };
  return {
    push(piece) {
      for (let at = 0; at < piece.length; ) {
        if (filled === BLOCK_SIZE) {
          close();
        }
        const part = piece.subarray(at, at + BLOCK_SIZE - filled);
        crc = crc32(part, crc);
        filled += part.length;
        at += part.length;
        each(part);
      }
    },
    end() {
      if (filled > 0) {
        close();
      }
    },
  };
}

/**
 * What a file was when it was inspected. CRC-32s tell every accident from it, and no more is wanted: whoever can change
 * the picture in the EHR at will could as well order another one.
 */
export type Known = Pick<Inspected, 'size' | 'blocks'>;

/**
 * Hands a file on block by block, each once it is known to be the one that was inspected. Throws `input-unavailable`
 * before anything of the first block that is not, and before the last block where the file has become longer or shorter.
 */
export function openSame(known: Known, emit: (part: Uint8Array) => void): Sink {
  let size = 0;
  let index = 0;
  let held: Uint8Array[] = [];
  const blocks = openBlocks(
    (part) => held.push(part),
    (crc) => {
      if (crc !== known.blocks[index]) {
        throw replaced();
      }
      index++;
      const same = held;
      held = [];
      same.forEach(emit);
    },
  );
  return {
    push(piece) {
      size += piece.length;
      if (size > known.size) {
        throw replaced();
      }
      blocks.push(piece);
    },
    end() {
      if (size !== known.size) {
        throw replaced();
      }
      blocks.end();
    },
  };
}
