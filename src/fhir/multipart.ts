/** The first part of a `multipart/related` answer, as DICOMweb gives an instance: streamed, never held. */
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import { pulled } from '../streams.ts';

export interface FirstPart {
  body: Readable;
  /** Where the part says it. */
  size?: number;
}

/** Bytes of what stands before the first part and of its headers. */
const MOST_HEAD = 64 * 1024;
const BOUNDARY = /^multipart\/[^;]+;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;

/** The boundary of a multipart media type; undefined for any other type. */
export const boundaryOf = (contentType: string | undefined): string | undefined => {
  const [, quoted, bare] = BOUNDARY.exec(contentType ?? '') ?? [];
  return quoted ?? bare;
};

const malformed = () =>
  new AdapterError('input-unavailable', 'A multipart answer of a server cannot be understood', {
    orderer: 'The slide cannot be fetched: the answer of its server cannot be understood.',
  });

/**
 * Reads up to the first part's own bytes, and gives those. The stream fails with `input-unavailable` where it ends before
 * the part does; its source is let go where the part is over.
 */
export async function firstPart(source: Readable, boundary: string): Promise<FirstPart> {
  const pieces: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // As if a line had ended before: the first delimiter may stand at the very beginning.
  let held = Buffer.from('\r\n');
  let found: { at: number; head: string } | undefined;
  for (found = headIn(held, delimiter); !found; found = headIn(held, delimiter)) {
    const { done, value } = await pieces.next();
    if (done || held.length > MOST_HEAD) {
      source.destroy();
      throw malformed();
    }
    held = Buffer.concat([held, value]);
  }
  const rest = held.subarray(found.at);
  const length = Number(/^content-length:\s*(\d{1,15})\s*$/im.exec(found.head)?.[1] ?? Number.NaN);
  const body = pulled(untilDelimiter(pieces, rest, delimiter), {
    classify: (thrown) => (thrown instanceof Error ? thrown : malformed()),
    close: () => source.destroy(),
  });
  return { body, ...(Number.isSafeInteger(length) && { size: length }) };
}

/** Where the bytes of the first part begin, and its headers; undefined: there is not enough of it yet. */
function headIn(bytes: Buffer, delimiter: Buffer): { at: number; head: string } | undefined {
  const start = bytes.indexOf(delimiter);
  const line = start < 0 ? -1 : bytes.indexOf('\r\n', start + delimiter.length);
  // A part may have no headers: then the empty line follows at once.
  const end = line < 0 ? -1 : bytes.indexOf('\r\n\r\n', line);
  return end < 0 ? undefined : { at: end + 4, head: bytes.subarray(line, end).toString('latin1') };
}

async function* untilDelimiter(
  pieces: AsyncIterator<Uint8Array>,
  first: Buffer,
  delimiter: Buffer,
): AsyncGenerator<Uint8Array> {
  for (let held: Buffer = first; ; ) {
    const end = held.indexOf(delimiter);
    // What may be the beginning of the delimiter waits for the next piece.
    const sure = end >= 0 ? end : held.length - (delimiter.length - 1);
    if (sure > 0) {
      yield held.subarray(0, sure);
      held = held.subarray(sure);
    }
    if (end >= 0) {
      return;
    }
    const { done, value } = await pieces.next();
    if (done) {
      throw malformed();
    }
    held = Buffer.concat([held, value]);
  }
}
