/** Writes small DICOM files of slides, explicit VR little endian, with whatever a test wants in them. */

/** VR and value: text, bytes, or the items of a sequence (`undefined length` where told). */
export type DicomValue = [vr: string, value: string | Uint8Array | readonly DicomSet[], undefinedLength?: boolean];
/** By tags as people write them: `0010,0010`. */
export type DicomSet = Readonly<Record<string, DicomValue>>;

const LONG = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'UC', 'UN', 'UR', 'UT'];
const ITEM = Buffer.from('feff00e0', 'hex');
const ITEM_END = Buffer.from('feff0de000000000', 'hex');
const SEQUENCE_END = Buffer.from('feffdde000000000', 'hex');
const UNDEFINED = 0xffffffff;

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const us = (value: number): Uint8Array => uint32(value).subarray(0, 2);
export const ul = (...values: number[]): Uint8Array => Buffer.concat(values.map(uint32));

const even = (bytes: Buffer, filler: number) =>
  bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([filler])]);

function tagBytes(tag: string): Buffer {
  const [group = '', element = ''] = tag.split(',');
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(Number.parseInt(group, 16), 0);
  bytes.writeUInt16LE(Number.parseInt(element, 16), 2);
  return bytes;
}

const isItems = (value: DicomValue[1]): value is readonly DicomSet[] => Array.isArray(value);

function items(sets: readonly DicomSet[], undefinedLength: boolean): Buffer {
  const written = sets.map((set) => {
    const inside = elements(set);
    return undefinedLength
      ? Buffer.concat([ITEM, uint32(UNDEFINED), inside, ITEM_END])
      : Buffer.concat([ITEM, uint32(inside.length), inside]);
  });
  return Buffer.concat([...written, ...(undefinedLength ? [SEQUENCE_END] : [])]);
}

function element(tag: string, [vr, value, undefinedLength = false]: DicomValue): Buffer {
  const bytes = isItems(value)
    ? items(value, undefinedLength)
    : even(typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value), vr === 'UI' ? 0 : 0x20);
  const length = uint32(undefinedLength ? UNDEFINED : bytes.length);
  const head = LONG.includes(vr)
    ? [Buffer.from(vr), Buffer.alloc(2), length]
    : [Buffer.from(vr), length.subarray(0, 2)];
  return Buffer.concat([tagBytes(tag), ...head, bytes]);
}

/** In the order of their tags. */
export const elements = (set: DicomSet): Buffer =>
  Buffer.concat(
    Object.entries(set)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([tag, value]) => element(tag, value)),
  );

/** Fragments as coded pixels have them, behind a table of offsets that is empty or right. */
export function coded(frames: readonly Uint8Array[], offsets = true): Buffer {
  const padded = frames.map((frame) => even(Buffer.from(frame), 0));
  let at = 0;
  const table = padded.map((frame) => {
    at += 8 + frame.length;
    return at - 8 - frame.length;
  });
  const list = offsets ? Buffer.from(ul(...table)) : Buffer.alloc(0);
  const fragments = [list, ...padded].map((part) => Buffer.concat([ITEM, uint32(part.length), part]));
  return Buffer.concat([Buffer.from('e07f10004f420000ffffffff', 'hex'), ...fragments, SEQUENCE_END]);
}

export interface DicomWish {
  transferSyntax?: string;
  meta?: DicomSet;
  set: DicomSet;
  /** The element of pixel data, and what stands behind it. */
  pixels: Uint8Array;
  trailing?: Uint8Array;
  preamble?: string;
}

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';

export function writeDicom({
  transferSyntax = JPEG_BASELINE,
  meta = {},
  set,
  pixels,
  trailing,
  preamble = '',
}: DicomWish): Buffer {
  const own = elements({
    '0002,0002': ['UI', '1.2.840.10008.5.1.4.1.1.77.1.6'],
    '0002,0003': ['UI', '1.2.826.0.1.3680043.8.498.1'],
    '0002,0010': ['UI', transferSyntax],
    ...meta,
  });
  const first = Buffer.alloc(128);
  first.write(preamble, 'latin1');
  return Buffer.concat([
    first,
    Buffer.from('DICM'),
    elements({ '0002,0000': ['UL', ul(own.length)] }),
    own,
    elements(set),
    pixels,
    trailing ?? Buffer.alloc(0),
  ]);
}
