/** The next part of a large result file: from one connection into the site's storage, as far as it lasts and no further. */
import { addAbortSignal, type Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import { crc32c } from '../slides/crc32c.ts';
import { MOST_PARTS, type Storage } from '../storage/types.ts';
import { heard, streamOfBytes } from '../streams.ts';
import type { Files } from '../vendors/contract.ts';
import { type KeepingServices, requireGoing } from './keep-file.ts';
import type { Unfinished } from './store/keeping.ts';
import { inPieces, PIECE, partSize } from './uploads.ts';

/** What has been kept so far is of no use: the next call begins anew. */
export class Unusable extends AdapterError {}

/**
 * What stands once the next part is kept: several pieces, each of which the storage has for good. Of a connection that
 * breaks off, what came is kept, as far as the storage takes pieces so small. Throws where nothing is: what broke it off, or
 * `vendor-protocol`.
 */
export async function keepPart(
  { storage, signal }: Pick<KeepingServices, 'storage' | 'signal'>,
  before: Unfinished,
  open: Parameters<Files['keepOn']>[1],
): Promise<Unfinished> {
  const { key, upload: id, size } = before;
  const length = pieceSize(size, storage.partSize);
  const most = length * Math.max(1, Math.floor(partSize(size, storage.partSize) / length));
  const wanted = Math.min(most, size - before.bytes);
  const isRest = before.bytes + wanted === size;

  const body = heard(addAbortSignal(signal, await open(before.bytes)));
  let broken: unknown;
  let dropped = 0;
  let after = before;
  try {
    const lasting = asFarAsItLasts(body, (thrown) => {
      broken = thrown;
    });
    for await (const bytes of inPieces(firstBytes(lasting, wanted, isRest), length)) {
      requireGoing(signal);
      if (!mayStand(bytes.length, length, after, storage)) {
        dropped = bytes.length;
        break;
      }
      const number = after.parts.length + 1;
      const piece = { number, offset: after.bytes, size: bytes.length, body: streamOfBytes(bytes) };
      const part = await storage.part({ key, id }, piece);
      const crc = crc32c(bytes, after.crc);
      after = { ...after, bytes: after.bytes + bytes.length, crc, parts: [...after.parts, part] };
    }
  } finally {
    body.destroy();
  }
  requireGoing(signal);
  if (after === before) {
    throw broken ?? nothingKept(dropped);
  }
  return after;
}

/** Bytes of a piece: half of the numbers that a storage has for them are left for those that are cut short. */
function pieceSize(size: number, { least, most }: Storage['partSize']): number {
  return Math.min(most, Math.max(least, PIECE, Math.ceil(size / (MOST_PARTS / 2))));
}

/** A piece that was cut short has to be as large as the storage wants, and to leave enough numbers for what is to come. */
function mayStand(length: number, whole: number, { bytes, size, parts }: Unfinished, storage: Storage): boolean {
  const left = size - bytes - length;
  if (length === whole || left === 0) {
    return true;
  }
  return length >= storage.partSize.least && parts.length + 1 + Math.ceil(left / whole) <= MOST_PARTS;
}

/** What breaks the body off ends it. */
async function* asFarAsItLasts(
  body: Readable,
  onBreak: (thrown: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (thrown) {
    onBreak(thrown);
  }
}

/** So many bytes, beyond which nothing is read; of the rest of a file it is looked whether that is all. Throws Unusable. */
async function* firstBytes(
  pieces: AsyncIterable<Uint8Array>,
  wanted: number,
  isRest: boolean,
): AsyncGenerator<Uint8Array> {
  let left = wanted;
  for await (const piece of pieces) {
    if (isRest && piece.byteLength > left) {
      throw wrongSize('more');
    }
    yield piece.subarray(0, left);
    left -= Math.min(left, piece.byteLength);
    if (left === 0 && !isRest) {
      return;
    }
  }
}

function nothingKept(dropped: number): AdapterError {
  return dropped === 0
    ? wrongSize('less')
    : new AdapterError('vendor-protocol', 'A file of the vendor breaks off too early for any of it to be kept', {
        kind: 'transient',
      });
}

const wrongSize = (how: 'more' | 'less'): Unusable =>
  new Unusable('vendor-protocol', `A file of the vendor has ${how} bytes than was announced`, { kind: 'transient' });
