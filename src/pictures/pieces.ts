/**
 * Reading a file that comes in pieces of any size. A reader is a generator: it takes the bytes it wants and yields when
 * the piece at hand is used up, so that its code reads as if the whole file were there.
 */

/** The piece at hand, and how far it has been read. Readers move `at`; who drives them replaces all three. */
export interface Input {
  piece: Uint8Array;
  at: number;
  /** Bytes of the file before the piece. */
  before: number;
}

/** Takes what of a file may leave; `from` is where in the file it stands, absent for bytes that are not from there. */
export type Emit = (bytes: Uint8Array, from?: number) => void;

/** Bytes of the file that have been read. */
export const position = ({ before, at }: Input): number => before + at;

/** Yields for more; returns what it was asked for. */
export type Reader<T> = Generator<undefined, T, undefined>;

/** Exactly `size` bytes, which are held: for small sizes only. Not copied where one piece has them all. */
export function* take(input: Input, size: number): Reader<Uint8Array> {
  if (input.piece.length - input.at >= size) {
    input.at += size;
    return input.piece.subarray(input.at - size, input.at);
  }
  const bytes = new Uint8Array(size);
  for (let filled = 0; ; ) {
    const part = input.piece.subarray(input.at, input.at + size - filled);
    bytes.set(part, filled);
    filled += part.length;
    input.at += part.length;
    if (filled === size) {
      return bytes;
    }
    yield;
  }
}

/** Hands `size` bytes on as they come, uncopied; nothing is held. */
export function* pass(input: Input, size: number, each: (bytes: Uint8Array) => void): Reader<void> {
  for (let left = size; ; ) {
    const part = input.piece.subarray(input.at, input.at + left);
    input.at += part.length;
    left -= part.length;
    if (part.length > 0) {
      each(part);
    }
    if (left === 0) {
      return;
    }
    yield;
  }
}

/** Big-endian, as JPEG and PNG have it. */
export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2);
}

export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
