/** Opens a slide of an order for staging: the one that was read, or nothing. */
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import type { SlideSource } from '../slides/types.ts';
import { through } from '../streams.ts';
import type { OrderInput } from '../vendors/contract.ts';
import { secondsLeft } from './signed-life.ts';
import { type LocatedSlide, locateSlide, openSlideBytes } from './slide-bytes.ts';
import { changed, knownBy, openSlideReader, type SlideReader } from './slide-reader.ts';
import type { FhirClient } from './types.ts';

export interface SlidePassing {
  /** Host names, or host:port, whose signed URLs of slides may be passed on. */
  hosts: readonly string[];
  now: () => Date;
}

/** Characters of a URL that vendors take. */
const LONGEST_URL = 2083;

const gone = () =>
  new AdapterError('input-unavailable', 'A slide of the order is no longer where it was', {
    orderer: 'A slide of the order is no longer where it was in the EHR.',
  });

/** The URL itself where it may be passed on and counts for long enough; one that does not say until when never does. */
function passedOn(
  { attachment, isDicomWeb }: LocatedSlide,
  { hosts, now }: SlidePassing,
  seconds: number,
): string | undefined {
  const url = isDicomWeb || attachment.url === undefined ? null : URL.parse(attachment.url);
  const isKnown = url && [url.host, url.hostname].some((name) => hosts.includes(name.toLowerCase()));
  const isPlain = url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
  if (!isKnown || !isPlain || url.href.length > LONGEST_URL) {
    return undefined;
  }
  return (secondsLeft(url, now()) ?? 0) >= seconds ? url.href : undefined;
}

/** `length` bytes of a body from `skip` on. Fails where it ends before, or, where it is a whole file, goes on behind. */
function within(
  body: Readable,
  { skip, length, isWhole }: { skip: number; length: number; isWhole: boolean },
): Readable {
  let passed = -skip;
  return through(body, (emit) => ({
    push(piece) {
      const from = Math.max(0, -passed);
      passed += piece.byteLength;
      if (passed > length) {
        throw changed();
      }
      if (from < piece.byteLength) {
        emit(from === 0 ? piece : piece.subarray(from));
      }
    },
    end() {
      if (passed < length) {
        throw isWhole ? changed() : new AdapterError('ehr-unreachable', 'A slide broke off within a part of it');
      }
    },
  }));
}

/**
 * A slide of an order where it stands now. Throws `input-unavailable` where it is gone or not the one that was read; what
 * it reads afterwards does so too.
 */
export async function openSlide(
  client: FhirClient,
  { reference, place, kind, size, sha256 }: OrderInput,
  passing: SlidePassing,
): Promise<SlideSource> {
  const located = kind === 'slide' && place !== undefined ? await locateSlide(client, { reference, place }) : undefined;
  if (!located) {
    throw gone();
  }
  let reader: Promise<SlideReader> | undefined;
  const opened = async (): Promise<SlideReader> => {
    reader ??= openSlideReader(client, located);
    const { known, size: now = size } = await reader;
    if (now !== size || known(size) !== sha256) {
      throw changed();
    }
    return reader;
  };
  return {
    readAt: async (offset, length) => (await opened()).readAt(offset, length),
    readsAnywhere: async () => (await opened()).readsAnywhere,
    async part(start, end) {
      const bytes = await openSlideBytes(client, located, { start, end });
      const { body, isPart, version } = bytes;
      if ((bytes.size ?? size) !== size || knownBy(located, size, version) !== sha256) {
        body.destroy();
        throw changed();
      }
      const until = isPart ? Math.min(end, size) : size;
      return {
        body: within(body, { skip: isPart ? 0 : start, length: until - start, isWhole: !isPart }),
        end: until,
      };
    },
    url: (seconds) => passedOn(located, passing, seconds),
  };
}
