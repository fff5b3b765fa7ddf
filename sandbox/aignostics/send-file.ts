/** A result's file on its way to the caller, and what may befall it there. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import type { Rendered } from './outputs.ts';
import { hangUp, type Simulator } from './simulator.ts';

/** Streams a result's file, with the faults that may befall it on its way. */
export async function sendFile(
  request: Request,
  response: Response,
  file: Rendered & { contentType: string },
  { take }: Simulator,
): Promise<void> {
  const { size, checksum, contentType, pieces } = file;
  // Not by `set`, which would add a charset that the vendor does not say.
  response.setHeader('Content-Type', contentType);
  response.set({ 'Content-Length': String(size), 'x-goog-hash': `crc32c=${checksum}` });
  const [spoilt, cut] = [take('wrong-checksum'), take('storage-cut')];
  const content = spoilt ? spoil(pieces()) : pieces();
  try {
    await pipeline(Readable.from(cut ? until(content, Math.floor(size / 2)) : content), response, { end: !cut });
  } catch {
    // The caller hung up: nobody is left to be answered.
    return;
  }
  if (cut) {
    hangUp(request);
  }
}

/** The same length, one byte changed. */
function* spoil(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let first = true;
  for (const piece of pieces) {
    yield first ? piece.map((byte, index) => (index === piece.length - 1 ? byte ^ 1 : byte)) : piece;
    first = false;
  }
}

function* until(pieces: Iterable<Uint8Array>, size: number): Generator<Uint8Array> {
  let left = size;
  for (const piece of pieces) {
    if (left <= 0) {
      return;
    }
    yield piece.subarray(0, left);
    left -= piece.length;
  }
}
