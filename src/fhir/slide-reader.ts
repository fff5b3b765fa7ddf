/** Reads a slide's header where it stands: by ranges, or from its beginning where the server gives no parts of files. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import type { ReadAt } from '../slides/types.ts';
import { gathered } from '../streams.ts';
import { type LocatedSlide, type OpenedSlide, openSlideBytes, slideAddress } from './slide-bytes.ts';
import type { FhirClient } from './types.ts';

/** A slide that has been opened once. */
export interface SlideReader {
  /** Undefined where the server does not say, and the end is beyond what was read. */
  size: number | undefined;
  contentType: string | undefined;
  readAt: ReadAt;
  /** False: `readAt` reaches no further than the file's beginning. */
  readsAnywhere: boolean;
  /** Bytes of the whole file; where the server does not say, it is read to its end for it. */
  measure(): Promise<number>;
  /** What it is known by (lower-case hex SHA-256): its address, its size, and the server's word for its version. */
  known(size: number): string;
}

/** Bytes that are kept of a file of which only the whole is to be had. */
const PREFIX = 16 * 1024 * 1024;
/** The first look: a header is mostly no larger. */
const FIRST = 64 * 1024;

const unread = () =>
  new AdapterError('input-unavailable', 'The server of a slide gives no parts of files', {
    orderer:
      'The slide cannot be read where it stands: its server gives no parts of files (HTTP Range), and its header is not at its beginning.',
    operator: 'Let the server of the slides answer range requests, or keep them where that is so.',
  });

export const changed = () =>
  new AdapterError('input-unavailable', 'A slide of the order has changed', {
    orderer: 'The slide has changed in the EHR since the order was read.',
  });

export const bytesOf = async (body: Readable): Promise<Uint8Array> => new Uint8Array((await gathered(body)) ?? []);

/** Lower-case hex. Of a file inline, its address is its bytes. */
export function knownBy(located: LocatedSlide, size: number, version: string | undefined): string {
  const said = JSON.stringify([slideAddress(located), size, version ?? null]);
  return createHash('sha256').update(said).digest('hex');
}

/** Opens a slide for its header. Throws what `openSlideBytes` does. */
export async function openSlideReader(client: FhirClient, located: LocatedSlide): Promise<SlideReader> {
  const first = await openSlideBytes(client, located, { start: 0, end: FIRST });
  const { contentType, version } = first;
  const about = { contentType, known: (size: number) => knownBy(located, size, version) };
  return first.isPart ? byRanges(client, located, first, about) : fromBeginning(client, located, first, about);
}

type About = Pick<SlideReader, 'contentType' | 'known'>;

async function byRanges(
  client: FhirClient,
  located: LocatedSlide,
  first: OpenedSlide,
  about: About,
): Promise<SlideReader> {
  const { version } = first;
  const size = first.size ?? 0;
  const head = await bytesOf(first.body);
  return {
    ...about,
    size,
    readsAnywhere: true,
    measure: async () => size,
    async readAt(offset, length) {
      if (offset + length <= head.length) {
        return head.subarray(offset, offset + length);
      }
      const end = Math.min(size, offset + length);
      if (offset >= end) {
        return new Uint8Array();
      }
      const opened = await openSlideBytes(client, located, { start: offset, end });
      if (!opened.isPart || opened.size !== size || opened.version !== version) {
        opened.body.destroy();
        throw changed();
      }
      return bytesOf(opened.body);
    },
  };
}

async function fromBeginning(
  client: FhirClient,
  located: LocatedSlide,
  first: OpenedSlide,
  about: About,
): Promise<SlideReader> {
  const { bytes, isWhole } = await prefixOf(first.body);
  const size = isWhole ? bytes.length : first.size;
  return {
    ...about,
    size,
    readsAnywhere: isWhole,
    async readAt(offset, length) {
      if (!isWhole && offset + length > bytes.length) {
        throw unread();
      }
      return bytes.subarray(offset, offset + length);
    },
    async measure() {
      if (size !== undefined) {
        return size;
      }
      const opened = await openSlideBytes(client, located, { start: 0, end: FIRST });
      let count = 0;
      for await (const piece of opened.body) {
        count += piece.byteLength;
      }
      return count;
    },
  };
}

/** The file's beginning; the rest is not fetched. */
async function prefixOf(body: Readable): Promise<{ bytes: Uint8Array; isWhole: boolean }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length > PREFIX) {
      return { bytes: new Uint8Array(Buffer.concat(pieces, PREFIX)), isWhole: false };
    }
  }
  return { bytes: new Uint8Array(Buffer.concat(pieces)), isWhole: true };
}
