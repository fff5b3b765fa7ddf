/**
 * De-identifies a JPEG as it passes, losslessly: the picture is the coding segments and the scans, everything else in the
 * file is said about it. What may stay is listed, what is not listed goes: EXIF with its GPS position, XMP, IPTC, maker
 * notes, comments, thumbnails, and whatever follows the end of the picture (second pictures, films, trailers).
 */
import { orientationOf, UPRIGHT } from './exif-orientation.ts';
import { type Emit, type Input, latin1, position, type Reader, take, uint16 } from './pieces.ts';
import { damaged, rareKind } from './refusals.ts';

/** What a cleaner has seen when the picture is over. Pixels as stored, `orientation` as in EXIF. */
export interface Seen {
  width: number;
  height: number;
  orientation: number;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;

/** Baseline, extended and progressive, Huffman or arithmetic: what the usual library decodes. */
const FRAMES = [0xc0, 0xc1, 0xc2, 0xc9, 0xca];
/** Lossless and hierarchical frames, JPEG-LS. */
const RARE = [0xc3, 0xc5, 0xc6, 0xc7, 0xc8, 0xcb, 0xcd, 0xce, 0xcf, 0xde, 0xdf, 0xf7];
/** Tables and their like: DHT, DAC, DQT, DNL, DRI. */
const TABLES = [0xc4, 0xcc, 0xdb, 0xdc, 0xdd];

const isRestart = (marker: number) => marker >= 0xd0 && marker <= 0xd7;
/** Markers that no length follows. */
const isAlone = (marker: number) => isRestart(marker) || marker === 0x01;

const JFIF = 'JFIF\0';
const JFIF_SIZE = 14;
const ADOBE = 'Adobe';
const ADOBE_SIZE = 12;
const ICC = 'ICC_PROFILE\0';
const EXIF = 'Exif\0';
const EXIF_HEAD = 6;

/**
 * Reads a JPEG to its end and emits it clean. Holds one segment (64 KB at most); scans pass uncopied. Throws
 * `input-unsupported`; a reader that still wants more when the file is over had a truncated one.
 */
export function* cleanJpeg(input: Input, called: string, emit: Emit): Reader<Seen> {
  const start = yield* take(input, 2);
  if (uint16(start, 0) !== 0xff00 + SOI) {
    throw damaged(called);
  }
  emit(start, 0);
  let frame: { width: number; height: number } | undefined;
  let orientation: number | undefined;
  let scans = 0;
  for (let marker = yield* nextMarker(input); marker !== EOI; ) {
    let following: number | undefined;
    if (!isAlone(marker)) {
      const body = yield* segmentBody(input, marker, called);
      if (FRAMES.includes(marker)) {
        frame = onlyFrame(frame, body, called);
      } else if (marker === APP1 && latin1(body, 0, EXIF.length) === EXIF) {
        orientation ??= orientationOf(body.subarray(EXIF_HEAD));
      }
      emitSegment(marker, body, position(input) - body.length, emit);
      if (marker === SOS) {
        if (!frame) {
          throw damaged(called);
        }
        scans++;
        following = yield* passScan(input, emit);
      }
    }
    marker = following ?? (yield* nextMarker(input));
  }
  if (!frame || scans === 0) {
    throw damaged(called);
  }
  emit(Uint8Array.of(0xff, EOI), position(input) - 2);
  return { ...frame, orientation: orientation ?? UPRIGHT };
}

/** The code of the next marker. What stands between segments is no part of the picture; decoders pass over it too. */
function* nextMarker(input: Input): Reader<number> {
  for (let before = 0; ; ) {
    const [byte = 0] = yield* take(input, 1);
    if (before === 0xff && byte !== 0xff && byte !== 0) {
      return byte;
    }
    before = byte;
  }
}

function* segmentBody(input: Input, marker: number, called: string): Reader<Uint8Array> {
  if (RARE.includes(marker)) {
    throw rareKind(called, 'JPEG');
  }
  const length = uint16(yield* take(input, 2), 0);
  if (length < 2 || marker === SOI) {
    throw damaged(called);
  }
  return yield* take(input, length - 2);
}

/** Precision, height and width, of the one frame that a picture has. */
function onlyFrame(before: object | undefined, body: Uint8Array, called: string): { width: number; height: number } {
  const height = uint16(body, 1);
  const width = uint16(body, 3);
  if (before || body.length < 6 || width === 0 || height === 0) {
    throw damaged(called);
  }
  return { width, height };
}

/** `from` is where its body stands in the file: right after its marker and length. */
function emitSegment(marker: number, body: Uint8Array, from: number, emit: Emit): void {
  const kept = whatStays(marker, body);
  if (!kept) {
    return;
  }
  const head = Uint8Array.of(0xff, marker, (kept.length + 2) >> 8, (kept.length + 2) & 0xff);
  if (kept === body) {
    emit(head, from - head.length);
    emit(body, from);
  } else {
    emit(head);
    emit(kept);
  }
}

/** What of a segment's body may leave: itself where that is all of it; undefined where the segment goes. */
function whatStays(marker: number, body: Uint8Array): Uint8Array | undefined {
  if (marker === SOS || FRAMES.includes(marker) || TABLES.includes(marker)) {
    return body;
  }
  const begins = (mark: string) => latin1(body, 0, mark.length) === mark;
  if (marker === APP0 && begins(JFIF) && body.length >= JFIF_SIZE) {
    // Version and density; a thumbnail may show what was cut away from the picture since.
    return Uint8Array.of(...body.subarray(0, JFIF_SIZE - 2), 0, 0);
  }
  if (marker === APP14 && begins(ADOBE) && body.length >= ADOBE_SIZE) {
    // Without its colour transform CMYK and RGB pictures are decoded in wrong colours.
    return body.subarray(0, ADOBE_SIZE);
  }
  return marker === APP2 && begins(ICC) ? body : undefined;
}

/** Passes a scan on and returns the marker that ends it. Fill bytes go: decoders ignore them. */
function* passScan(input: Input, emit: Emit): Reader<number> {
  for (;;) {
    const { piece, at } = input;
    const end = endOfRun(piece, at);
    if (end > at) {
      emit(piece.subarray(at, end), input.before + at);
    }
    input.at = end;
    if (end === piece.length) {
      yield;
      continue;
    }
    const marker = yield* nextByteAfterFill(input);
    if (marker !== 0 && !isRestart(marker)) {
      return marker;
    }
    emit(Uint8Array.of(0xff, marker), position(input) - 2);
  }
}

/** Where coded data stops to be simply that: at a 0xff that is neither stuffed nor a restart, or the last of its piece. */
function endOfRun(piece: Uint8Array, from: number): number {
  let at = piece.indexOf(0xff, from);
  while (at !== -1) {
    const next = piece[at + 1];
    if (next === undefined || (next !== 0 && !isRestart(next))) {
      return at;
    }
    at = piece.indexOf(0xff, at + 2);
  }
  return piece.length;
}

function* nextByteAfterFill(input: Input): Reader<number> {
  let byte = 0xff;
  while (byte === 0xff) {
    [byte = 0] = yield* take(input, 1);
  }
  return byte;
}
