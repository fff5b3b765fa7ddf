/** One picture's way through its cleaner: pieces in, clean bytes out, and at the end what was seen. */
import { cleanJpeg, type Seen } from './clean-jpeg.ts';
import { cleanPng } from './clean-png.ts';
import { liesOnSide, UPRIGHT } from './exif-orientation.ts';
import type { Emit, Input } from './pieces.ts';
import { tooManyPixels, truncated } from './refusals.ts';
import type { PictureType } from './types.ts';

/** Types that hold one picture. */
export type SingleType = Exclude<PictureType, 'application/zip'>;

/** A picture that has been read whole. */
export interface Looked {
  /** Pixels, upright. */
  width: number;
  height: number;
  /** As in EXIF; 1 is upright. */
  orientation: number;
  turned: boolean;
  /** Bytes that were emitted; the picture as it leaves, where it is not turned. */
  cleanSize: number;
}

export interface Cleaner {
  /** Takes the next piece; what it emits are parts of it, uncopied, but for a few bytes. */
  push(piece: Uint8Array): void;
  /** Throws `input-unsupported` where the picture is not over yet, `input-too-large` where it cannot be turned. */
  end(): Looked;
}

/** Pixels of a picture that we turn, and so hold decoded: 900 MB of memory, and no camera makes more. */
export const MOST_PIXELS_TURNED = 300_000_000;

const READERS = { 'image/jpeg': cleanJpeg, 'image/png': cleanPng };

/** `called` begins the sentence of a refusal (`The picture`). Bytes after the end of the picture are taken and dropped. */
export function openCleaner(type: SingleType, called: string, emit: Emit): Cleaner {
  const input: Input = { piece: new Uint8Array(), at: 0, before: 0 };
  let cleanSize = 0;
  const reader = READERS[type](input, called, (bytes, from) => {
    cleanSize += bytes.length;
    emit(bytes, from);
  });
  let state = reader.next();
  return {
    push(piece) {
      if (!state.done) {
        input.before += input.piece.length;
        input.piece = piece;
        input.at = 0;
        state = reader.next();
      }
    },
    end() {
      if (!state.done) {
        throw truncated(called);
      }
      return looked(state.value, cleanSize, called);
    },
  };
}

function looked({ width, height, orientation }: Seen, cleanSize: number, called: string): Looked {
  const turned = orientation !== UPRIGHT;
  if (turned && width * height > MOST_PIXELS_TURNED) {
    throw tooManyPixels(called, MOST_PIXELS_TURNED);
  }
  const upright = liesOnSide(orientation) ? { width: height, height: width } : { width, height };
  return { ...upright, orientation, turned, cleanSize };
}
