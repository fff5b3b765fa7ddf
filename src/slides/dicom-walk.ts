/**
 * Goes through a DICOM data set, element by element, and says where each value is. A parser that makes an object of each
 * would need some hundred megabytes for the frames of one slide, and shows the last of two elements of the same tag alone;
 * here nothing is kept. Explicit VR, little endian, which all coded pixels require.
 */
import type { Bytes } from './read-ahead.ts';
import { damaged, tooMuch } from './refusals.ts';

export interface Attribute {
  /** Group and element: 0x00100010. */
  tag: number;
  /** `UN` for everything within a sequence that came as UN. */
  vr: string;
  /** Place and bytes of the value. */
  at: number;
  length: number;
  /** Tags of the sequences around it, outermost first. */
  within: readonly number[];
}

export const PIXEL_DATA = 0x7fe00010;

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED = 0xffffffff;
const DEEPEST = 24;
/** Bytes of header; per-frame facts of the largest slides have some fifty million. */
const LARGEST_HEADER = 256 * 1024 * 1024;

const LONG_LENGTHS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

interface Head {
  tag: number;
  vr: string;
  /** Of the value; undefined where it ends with a delimiter. */
  length: number | undefined;
  at: number;
}

interface Around {
  within: readonly number[];
  /** In sequences that came as UN no element says its VR. */
  implicit: boolean;
}

/**
 * Calls `visit` for each element that is no sequence, in the order of the file, from `start` up to the pixel data, and
 * gives the head of these; undefined where there are none. Throws `input-unsupported` where lengths contradict each other.
 */
export async function walkDataSet(
  bytes: Bytes,
  start: number,
  visit: (attribute: Attribute) => void,
): Promise<Head | undefined> {
  const around = { within: [], implicit: false };
  for (let at = start; at < bytes.size; ) {
    const head = await readHead(bytes, at, around);
    if (head.tag === PIXEL_DATA) {
      return head;
    }
    at = await pass(bytes, head, { around, visit, limit: Math.min(bytes.size, LARGEST_HEADER) });
  }
  return undefined;
}

interface Walk {
  around: Around;
  visit: (attribute: Attribute) => void;
  /** Nothing may reach beyond. */
  limit: number;
}

export async function readHead(bytes: Bytes, at: number, { implicit }: Pick<Around, 'implicit'>): Promise<Head> {
  const raw = view(await bytes.read(at, 8));
  const tag = tagOf(raw);
  if (implicit || isDelimiter(tag)) {
    return { tag, vr: 'UN', length: defined(raw.getUint32(4, true)), at: at + 8 };
  }
  const vr = String.fromCharCode(raw.getUint8(4), raw.getUint8(5));
  if (!/^[A-Z]{2}$/.test(vr)) {
    throw damaged();
  }
  if (!LONG_LENGTHS.has(vr)) {
    return { tag, vr, length: raw.getUint16(6, true), at: at + 8 };
  }
  return { tag, vr, length: defined(view(await bytes.read(at + 8, 4)).getUint32(0, true)), at: at + 12 };
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const tagOf = (raw: DataView) => raw.getUint16(0, true) * 0x10000 + raw.getUint16(2, true);
const isDelimiter = (tag: number) => tag === ITEM || tag === ITEM_END || tag === SEQUENCE_END;
const defined = (length: number) => (length === UNDEFINED ? undefined : length);

/** Goes through one element; gives the place behind it. */
async function pass(bytes: Bytes, head: Head, walk: Walk): Promise<number> {
  const { tag, vr, length, at } = head;
  const end = at + (length ?? 0);
  if (end > walk.limit) {
    throw end > bytes.size ? damaged() : tooMuch('a header of more than 256 MB');
  }
  if (isDelimiter(tag)) {
    throw damaged();
  }
  if (vr !== 'SQ' && length !== undefined) {
    walk.visit({ tag, vr, at, length, within: walk.around.within });
    return end;
  }
  if (vr !== 'SQ' && vr !== 'UN') {
    throw damaged();
  }
  const around = { within: [...walk.around.within, tag], implicit: walk.around.implicit || vr === 'UN' };
  if (around.within.length > DEEPEST) {
    throw damaged();
  }
  return passItems(bytes, head, { ...walk, around });
}

async function passItems(bytes: Bytes, { at, length }: Head, walk: Walk): Promise<number> {
  const end = length === undefined ? undefined : at + length;
  let place = at;
  while (place !== end) {
    const item = await readHead(bytes, place, walk.around);
    if (item.tag === SEQUENCE_END && end === undefined) {
      return item.at;
    }
    if (item.tag !== ITEM || item.at + (item.length ?? 0) > (end ?? walk.limit)) {
      throw damaged();
    }
    place = await passItem(bytes, item, { ...walk, limit: end ?? walk.limit });
  }
  return place;
}

async function passItem(bytes: Bytes, { at, length }: Head, walk: Walk): Promise<number> {
  const end = length === undefined ? undefined : at + length;
  let place = at;
  while (place !== end) {
    const head = await readHead(bytes, place, walk.around);
    if (head.tag === ITEM_END && end === undefined) {
      return head.at;
    }
    place = await pass(bytes, head, { ...walk, limit: end ?? walk.limit });
  }
  return place;
}
