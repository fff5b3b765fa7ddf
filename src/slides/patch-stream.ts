/** Writes patches over a stream as it passes, without holding any of it. */
import type { Readable } from 'node:stream';
import { through } from '../streams.ts';
import { lengthOf } from './join-patches.ts';
import type { Patch } from './types.ts';

/**
 * The stream `source`, which begins at byte `from` of the file (a part that is taken up again), with the patches written
 * over it; those before and behind it are passed over. `patches` are sorted and do not overlap, as planPatches gives them.
 * The pieces keep their sizes; one that is patched is copied first, so that nobody else's bytes change.
 */
export function patchStream(source: Readable, from: number, patches: readonly Patch[]): Readable {
  let at = from;
  let next = firstEndingAfter(patches, from);
  return through(source, (emit) => ({
    push(piece) {
      const end = at + piece.length;
      let out = piece;
      for (let patch = patches[next]; patch && patch.offset < end; patch = patches[next]) {
        // A view of a Buffer's class would not copy on slice.
        out = out === piece ? new Uint8Array(piece) : out;
        write(patch, out, at);
        if (patch.offset + lengthOf(patch) > end) {
          break;
        }
        next++;
      }
      at = end;
      emit(out);
    },
    end: () => undefined,
  }));
}

/** What of the patch lies within a piece that begins at byte `at` of the file. */
function write(patch: Patch, piece: Uint8Array, at: number): void {
  const start = Math.max(patch.offset, at);
  const end = Math.min(patch.offset + lengthOf(patch), at + piece.length);
  if ('zeros' in patch) {
    piece.fill(0, start - at, end - at);
  } else {
    piece.set(patch.bytes.subarray(start - patch.offset, end - patch.offset), start - at);
  }
}

/** By halves: a large slide has a great many patches, and many parts. */
function firstEndingAfter(patches: readonly Patch[], place: number): number {
  let low = 0;
  let high = patches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const patch = patches[middle];
    if (patch && patch.offset + lengthOf(patch) <= place) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
