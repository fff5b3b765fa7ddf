/** Where the pixel data of a DICOM file end, without reading through gigabytes of them. */
import { type Attribute, readHead } from './dicom-walk.ts';
import type { Bytes } from './read-ahead.ts';
import { damaged, notCleanable, truncated } from './refusals.ts';

const ITEM = 0xfffee000;
const SEQUENCE_END = 0xfffee0dd;
/** Fragments that are gone through one by one: the frames of a small image, or the rest behind the last known frame. */
const MOST_FRAGMENTS = 4_000;
const EXPLICIT = { implicit: false };

interface PixelHead {
  length: number | undefined;
  at: number;
}

/**
 * The place behind the pixel data. Coded pixels are a list of fragments without an end that is written down: the tables of
 * offsets say where the last frame begins, if the file has them; else the coded image itself shows its end.
 * Throws `input-unsupported` where nothing does.
 */
export async function endOfPixels(
  bytes: Bytes,
  { length, at }: PixelHead,
  extendedOffsets: Attribute | undefined,
): Promise<number> {
  if (length !== undefined) {
    if (at + length > bytes.size) {
      throw truncated();
    }
    return at + length;
  }
  const table = await readHead(bytes, at, EXPLICIT);
  if (table.tag !== ITEM || table.length === undefined) {
    throw damaged();
  }
  const first = table.at + table.length;
  const last =
    (await lastOffset(bytes, extendedOffsets, 8)) ??
    (await lastOffset(bytes, { at: table.at, length: table.length }, 4));
  if (last !== undefined) {
    const end = await passFragments(bytes, first + last);
    if (end === undefined) {
      throw damaged();
    }
    return end;
  }
  const end = (await endsWithFrame(bytes)) ? bytes.size : await passFragments(bytes, first);
  if (end === undefined) {
    throw notCleanable('it does not say where its pixel data end');
  }
  return end;
}

async function lastOffset(
  bytes: Bytes,
  table: Pick<Attribute, 'at' | 'length'> | undefined,
  size: 4 | 8,
): Promise<number | undefined> {
  if (!table || table.length < size) {
    return undefined;
  }
  const raw = await bytes.read(table.at + table.length - size, size);
  const data = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return size === 4 ? data.getUint32(0, true) : Number(data.getBigUint64(0, true));
}

/** The place behind the delimiter; undefined where there are too many fragments before it. */
async function passFragments(bytes: Bytes, from: number): Promise<number | undefined> {
  let at = from;
  for (let passed = 0; passed < MOST_FRAGMENTS; passed++) {
    const item = await readHead(bytes, at, EXPLICIT);
    if (item.tag === SEQUENCE_END) {
      return item.at;
    }
    if (item.tag !== ITEM || item.length === undefined) {
      throw damaged();
    }
    at = item.at + item.length;
  }
  return undefined;
}

/** JPEG of every generation ends with FFD9, filled up to an even length; then comes the delimiter, and the file's end. */
async function endsWithFrame(bytes: Bytes): Promise<boolean> {
  const tail = Buffer.from(await bytes.read(Math.max(0, bytes.size - 11), Math.min(11, bytes.size))).toString('hex');
  return /ffd9(?:00)?feffdde000000000$/.test(tail);
}
