/**
 * De-identifies a PNG as it passes, losslessly: chunks that make its pixels and colours stay, as listed; texts, times,
 * EXIF, animation, what programs of their own have added, and whatever follows the end go.
 */
import { crc32 } from 'node:zlib';
import type { Seen } from './clean-jpeg.ts';
import { orientationOf, UPRIGHT } from './exif-orientation.ts';
import { type Emit, type Input, latin1, pass, position, type Reader, take, uint32 } from './pieces.ts';
import { damaged, rareKind } from './refusals.ts';

const SIGNATURE = '\x89PNG\r\n\x1a\n';
const LONGEST_CHUNK = 0x7fffffff;
/** An EXIF block that is larger is not looked into; cameras write 64 KB at most. */
const LARGEST_EXIF = 64 * 1024;

/** Without these there is no picture; a critical chunk that is none of them nobody can draw. */
const CRITICAL = ['IHDR', 'PLTE', 'IDAT', 'IEND'];

/** Ancillary chunks that say what colours and shape the pixels have, with the bytes they have at most: a text hides in none. */
const COLOURS: Record<string, number> = {
  tRNS: 256,
  gAMA: 4,
  cHRM: 32,
  sRGB: 1,
  iCCP: LONGEST_CHUNK,
  cICP: 4,
  mDCV: 24,
  cLLI: 8,
  sBIT: 4,
  pHYs: 9,
  bKGD: 6,
  hIST: 512,
};

const stays = (type: string, length: number) => CRITICAL.includes(type) || length <= (COLOURS[type] ?? -1);

/**
 * Reads a PNG to its end and emits it clean, every checksum checked. Holds an EXIF block (64 KB at most) and nothing
 * else. Throws `input-unsupported`; a reader that still wants more when the file is over had a truncated one.
 */
export function* cleanPng(input: Input, called: string, emit: Emit): Reader<Seen> {
  /** What has just been read. */
  const keep = (bytes: Uint8Array) => emit(bytes, position(input) - bytes.length);
  const signature = yield* take(input, 8);
  if (latin1(signature, 0, 8) !== SIGNATURE) {
    throw damaged(called);
  }
  keep(signature);
  const size = yield* imageHeader(input, called, keep);
  let orientation: number | undefined;
  for (let pixels = false; ; ) {
    const head = yield* take(input, 8);
    const { type, length } = chunkHead(head, called);
    const checked = openChecksum(head);
    const kept = stays(type, length);
    if (kept) {
      keep(head);
    }
    if (type === 'eXIf' && length <= LARGEST_EXIF) {
      const exif = yield* take(input, length);
      checked.add(exif);
      orientation ??= orientationOf(exif);
    } else {
      yield* pass(input, length, (bytes) => {
        checked.add(bytes);
        if (kept) {
          keep(bytes);
        }
      });
    }
    const sum = yield* take(input, 4);
    if (uint32(sum, 0) !== checked.sum() || (type === 'IEND' && !pixels)) {
      throw damaged(called);
    }
    if (kept) {
      keep(sum);
    }
    if (type === 'IEND') {
      return { ...size, orientation: orientation ?? UPRIGHT };
    }
    pixels ||= type === 'IDAT';
  }
}

/** The first chunk, which has to be the one with the size. */
function* imageHeader(
  input: Input,
  called: string,
  keep: (bytes: Uint8Array) => void,
): Reader<Omit<Seen, 'orientation'>> {
  const chunk = yield* take(input, 25);
  const width = uint32(chunk, 8);
  const height = uint32(chunk, 12);
  const sound =
    latin1(chunk, 4, 8) === 'IHDR' && uint32(chunk, 0) === 13 && uint32(chunk, 21) === crc32(chunk.subarray(4, 21));
  if (!sound || width === 0 || height === 0) {
    throw damaged(called);
  }
  keep(chunk);
  return { width, height };
}

function chunkHead(head: Uint8Array, called: string): { type: string; length: number } {
  const length = uint32(head, 0);
  const type = latin1(head, 4, 8);
  if (length > LONGEST_CHUNK || !/^[A-Za-z]{4}$/.test(type) || type === 'IHDR' || (type === 'IEND' && length > 0)) {
    throw damaged(called);
  }
  if (/^[A-Z]/.test(type) && !CRITICAL.includes(type)) {
    throw rareKind(called, 'PNG');
  }
  return { type, length };
}

/** The CRC of a chunk's type and data, as they come. */
function openChecksum(head: Uint8Array) {
  let sum = crc32(head.subarray(4, 8));
  return {
    add(bytes: Uint8Array) {
      sum = crc32(bytes, sum);
    },
    sum: () => sum,
  };
}
