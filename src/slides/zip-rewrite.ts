/** One file of a zip file, under a name that says nothing, in the two places where the zip file describes it. */
import type { Bytes } from './read-ahead.ts';
import { damaged } from './refusals.ts';
import type { Patch } from './types.ts';
import { EXTRA_ZIP64, extraFields, type ZipEntry } from './zip-directory.ts';

const HEADER = 30;
const LINE = 46;
/** An extra field that only fills up: its data are zeros. */
const EXTRA_PADDING = 0xd935;
const FOLLOWED_BY_DESCRIPTOR = 0x0008;
const DESCRIPTOR = 0x08074b50;
/** Midnight, the first of January 1980: the earliest that there is. */
const NO_TIME = Buffer.from([0, 0, 0x21, 0]);
const ENDING = '.dcm';

/** Checksum and sizes that stand behind the data. */
export interface Descriptor {
  crcAt: number;
  end: number;
}

interface Anew {
  name: Uint8Array;
  crc: number;
}

/** A name of the same length: the file's number. Undefined where there is no room for it. */
export function newName(index: number, length: number): Uint8Array | undefined {
  const ending = length > ENDING.length + 3 ? ENDING : '';
  const number = index.toString(36);
  return number.length + ending.length > length
    ? undefined
    : Buffer.from(`${number.padStart(length - ending.length, '0')}${ending}`, 'latin1');
}

export async function descriptorOf(
  bytes: Bytes,
  { flags, dataEnd, packed }: ZipEntry,
): Promise<Descriptor | undefined> {
  if (!(flags & FOLLOWED_BY_DESCRIPTOR)) {
    return undefined;
  }
  const head = Buffer.from(await bytes.read(dataEnd, 4));
  const crcAt = head.readUInt32LE(0) === DESCRIPTOR ? dataEnd + 4 : dataEnd;
  // With the longer sizes or the shorter ones: the first of them says which.
  const sizes = Buffer.from(await bytes.read(crcAt + 4, 8));
  const isLong = sizes.readBigUInt64LE(0) === BigInt(packed);
  return { crcAt, end: crcAt + 4 + (isLong ? 16 : 8) };
}

/** Its own header: time, checksum, name, extra fields; and the checksum behind the data. */
export async function headerPatches(
  bytes: Bytes,
  { at, dataAt, nameLength }: ZipEntry,
  { name, crc, descriptor }: Anew & { descriptor: Descriptor | undefined },
): Promise<Patch[]> {
  const header = Buffer.from(await bytes.read(at, dataAt - at));
  if (header.readUInt16LE(26) !== nameLength) {
    throw damaged();
  }
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc);
  NO_TIME.copy(header, 10);
  if (descriptor === undefined) {
    checksum.copy(header, 14);
  } else {
    header.fill(0, 14, 18);
  }
  header.set(name, HEADER);
  const extra = header.subarray(HEADER + nameLength);
  for (const field of extraFields(new DataView(extra.buffer, extra.byteOffset, extra.length))) {
    if (field.id !== EXTRA_ZIP64) {
      extra.writeUInt16LE(EXTRA_PADDING, field.at - 4);
      extra.fill(0, field.at, field.at + field.length);
    }
  }
  return [
    { offset: at, bytes: header },
    ...(descriptor === undefined ? [] : [{ offset: descriptor.crcAt, bytes: checksum }]),
  ];
}

/** Its line in the directory, with no comment and of the extra fields only the sizes that need it. */
export function newLine({ line, nameLength }: ZipEntry, { name, crc }: Anew): Uint8Array {
  const head = Buffer.from(line.subarray(0, LINE));
  const extra = Buffer.from(line.subarray(LINE + nameLength, LINE + nameLength + head.readUInt16LE(30)));
  const sizes = extraFields(new DataView(extra.buffer, extra.byteOffset, extra.length))
    .filter(({ id }) => id === EXTRA_ZIP64)
    .map(({ at, length }) => extra.subarray(at - 4, at + length));
  const kept = Buffer.concat(sizes);
  NO_TIME.copy(head, 12);
  head.writeUInt32LE(crc, 16);
  head.writeUInt16LE(kept.length, 30);
  head.writeUInt16LE(0, 32);
  return Buffer.concat([head, name, kept]);
}
