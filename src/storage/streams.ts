/** Bodies on their way into a storage and out of it. */
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';

/**
 * The pieces of a part, which has to measure `size` bytes: what comes beyond them is not passed on. Throws what the body
 * throws; lets it go where the reader stops before the end.
 */
export async function* exactly(body: Readable, size: number): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const piece of body) {
    passed += piece.byteLength;
    if (passed > size) {
      throw wrongSize();
    }
    yield piece;
  }
  if (passed < size) {
    throw wrongSize();
  }
}

/** What the source gave is not what was announced: nothing of it is kept, and another try may bring it. */
function wrongSize(): AdapterError {
  return new AdapterError('unexpected', 'A part of a file has another size than was announced');
}
