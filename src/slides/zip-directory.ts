/** A zip file's directory, read from its end by ranges, with the places of everything that patching writes. */
import type { Bytes } from './read-ahead.ts';
import { damaged, tooMuch, truncated } from './refusals.ts';

/** Method 0: stored as it is; 8: deflated. */
export const STORED = 0;
export const DEFLATED = 8;

export interface ZipEntry {
  /** Its line in the directory, as it stands. */
  line: Uint8Array;
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  /** The name's bytes; nobody believes or repeats them. */
  nameLength: number;
  /** Where its own header begins, its data, and where these end. */
  at: number;
  dataAt: number;
  dataEnd: number;
}

export interface ZipDirectory {
  entries: readonly ZipEntry[];
  /** Place and bytes of the directory. */
  at: number;
  length: number;
  /** The record at the end. */
  endAt: number;
  /** The same for zip files of more than 4 GB. */
  end64At?: number;
}

/** A slide is some ten instances; each is asked for its header. */
const MOST_ENTRIES = 1_000;
const LONGEST_DIRECTORY = 4 * 1024 * 1024;
const END = 22;
const END64 = 56;
const LOCATOR64 = 20;
const LONGEST_COMMENT = 0xffff;
const LINE = 46;
const HEADER = 30;
const NONE32 = 0xffffffff;
export const EXTRA_ZIP64 = 0x0001;

/** Throws `input-unsupported` (damaged, truncated) and `input-too-large` (more files than a slide has). */
export async function readZipDirectory(bytes: Bytes): Promise<ZipDirectory> {
  const end = await findEnd(bytes);
  if (end.count > MOST_ENTRIES || end.length > LONGEST_DIRECTORY) {
    throw tooMuch(`more than ${MOST_ENTRIES} files in its zip file`);
  }
  if (end.at + end.length > (end.end64At ?? end.endAt)) {
    throw damaged();
  }
  const lines = view(await bytes.read(end.at, end.length));
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < end.count; ) {
    const { length, ...line } = lineAt(lines, at);
    entries.push({ ...line, ...(await placesOf(bytes, line)) });
    at += length;
  }
  assertApart(entries, end.at);
  return { entries, at: end.at, length: end.length, endAt: end.endAt, ...(end.end64At && { end64At: end.end64At }) };
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

interface End extends Omit<ZipDirectory, 'entries'> {
  count: number;
}

async function findEnd(bytes: Bytes): Promise<End> {
  const length = Math.min(bytes.size, END + LONGEST_COMMENT);
  const start = bytes.size - length;
  const tail = view(await bytes.read(start, length));
  for (let at = length - END; at >= 0; at--) {
    if (tail.getUint32(at, true) === 0x06054b50 && at + END + tail.getUint16(at + 20, true) === length) {
      const endAt = start + at;
      const short = { count: tail.getUint16(at + 10, true), length: tail.getUint32(at + 12, true), endAt };
      const place = tail.getUint32(at + 16, true);
      return (await findEnd64(bytes, endAt)) ?? { ...short, at: place };
    }
  }
  // The directory stands at the end: without one, the rest is missing.
  throw truncated();
}

async function findEnd64(bytes: Bytes, endAt: number): Promise<End | undefined> {
  if (endAt < LOCATOR64 + END64) {
    return undefined;
  }
  const locator = view(await bytes.read(endAt - LOCATOR64, LOCATOR64));
  if (locator.getUint32(0, true) !== 0x07064b50) {
    return undefined;
  }
  const end64At = uint64(locator, 8);
  const record = view(await bytes.read(end64At, END64));
  if (record.getUint32(0, true) !== 0x06064b50) {
    throw damaged();
  }
  return { count: uint64(record, 32), length: uint64(record, 40), at: uint64(record, 48), endAt, end64At };
}

const uint64 = (data: DataView, at: number) => Number(data.getBigUint64(at, true));

type Line = Omit<ZipEntry, 'dataAt' | 'dataEnd'>;

function lineAt(lines: DataView, at: number): Line & { length: number } {
  if (at + LINE > lines.byteLength || lines.getUint32(at, true) !== 0x02014b50) {
    throw damaged();
  }
  const nameLength = lines.getUint16(at + 28, true);
  const extraLength = lines.getUint16(at + 30, true);
  const length = LINE + nameLength + extraLength + lines.getUint16(at + 32, true);
  if (at + length > lines.byteLength) {
    throw damaged();
  }
  const extra = new DataView(lines.buffer, lines.byteOffset + at + LINE + nameLength, extraLength);
  const long = longNumbers(extra);
  const number = (place: number) => {
    const short = lines.getUint32(at + place, true);
    return short === NONE32 ? (long.shift() ?? short) : short;
  };
  // In this order they stand in the extra field, and only those that do not fit above.
  const size = number(24);
  const packed = number(20);
  return {
    line: new Uint8Array(lines.buffer, lines.byteOffset + at, length).slice(),
    flags: lines.getUint16(at + 8, true),
    method: lines.getUint16(at + 10, true),
    crc: lines.getUint32(at + 16, true),
    packed,
    size,
    nameLength,
    at: number(42),
    length,
  };
}

function longNumbers(extra: DataView): number[] {
  const field = extraFields(extra).find(({ id }) => id === EXTRA_ZIP64);
  const numbers: number[] = [];
  for (let at = field?.at ?? 0; field && at + 8 <= field.at + field.length; at += 8) {
    numbers.push(uint64(extra, at));
  }
  return numbers;
}

/** The parts of an extra field, by the places of their data. Throws where their lengths contradict each other. */
export function extraFields(extra: DataView): { id: number; at: number; length: number }[] {
  const fields = [];
  for (let at = 0; at < extra.byteLength; ) {
    const length = at + 4 <= extra.byteLength ? extra.getUint16(at + 2, true) : Number.NaN;
    if (!(at + 4 + length <= extra.byteLength)) {
      throw damaged();
    }
    fields.push({ id: extra.getUint16(at, true), at: at + 4, length });
    at += 4 + length;
  }
  return fields;
}

async function placesOf(bytes: Bytes, { at, packed }: Line): Promise<Pick<ZipEntry, 'dataAt' | 'dataEnd'>> {
  const header = view(await bytes.read(at, HEADER));
  if (header.getUint32(0, true) !== 0x04034b50) {
    throw damaged();
  }
  const dataAt = at + HEADER + header.getUint16(26, true) + header.getUint16(28, true);
  return { dataAt, dataEnd: dataAt + packed };
}

/** Entries that lie in each other are a bomb, or hide something. */
function assertApart(entries: readonly ZipEntry[], directoryAt: number): void {
  const sorted = [...entries].sort((a, b) => a.at - b.at);
  for (const [index, { dataEnd }] of sorted.entries()) {
    if (dataEnd > (sorted[index + 1]?.at ?? directoryAt)) {
      throw damaged();
    }
  }
}
