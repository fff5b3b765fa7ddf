/** The bytes of an invented slide: a TIFF's first eight, then what its id decides; read from anywhere, never held as a whole. */
import { createCipheriv, createHash } from 'node:crypto';

const HEAD = Buffer.from([0x49, 0x49, 0x2a, 0x00, 0x08, 0x00, 0x00, 0x00]);
const PIECE = 64 * 1024;
const BLOCK = 16;

/** The bytes from `start` on, before `end`, in pieces. */
export function* slideBytes(slideId: string, start: number, end: number): Generator<Buffer> {
  const key = createHash('sha256').update(slideId).digest().subarray(0, BLOCK);
  for (let at = start; at < end; at += PIECE) {
    yield pieceOf(key, at, Math.min(at + PIECE, end));
  }
}

/** A cipher in counter mode gives any part of its stream without what is before it. */
function pieceOf(key: Buffer, start: number, end: number): Buffer {
  const counter = Buffer.alloc(BLOCK);
  counter.writeBigUInt64BE(BigInt(Math.floor(start / BLOCK)), BLOCK - 8);
  const skipped = start % BLOCK;
  const piece = createCipheriv('aes-128-ctr', key, counter)
    .update(Buffer.alloc(skipped + end - start))
    .subarray(skipped);
  HEAD.subarray(start, end).copy(piece);
  return piece;
}
