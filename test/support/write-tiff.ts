/** Writes small TIFF files of every size and byte order, with whatever facts a test wants in them. */

/** Values of one tag: a text, or numbers of a type (3 SHORT, 4 LONG, 5 RATIONAL in thousandths, 7 UNDEFINED …). */
export type TagValue = string | { type: number; values: readonly number[] };

export interface TiffImage {
  width: number;
  height: number;
  /** Absent: one strip. */
  tile?: { width: number; height: number };
  /** Coded tiles from left to right and top to bottom, or the strip. */
  parts: readonly Uint8Array[];
  tags?: Readonly<Record<number, TagValue>>;
  /** SubIFDs. */
  children?: readonly TiffImage[];
}

export interface TiffWish {
  big?: boolean;
  little?: boolean;
  /** Bytes that no directory names, at the end. */
  stray?: string;
}

const SIZES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4, 16: 8, 18: 8 };
const numbers = (type: number, values: readonly number[]): TagValue => ({ type, values });

/** The chain of images, data before directories as most scanners write them. */
export function writeTiff(
  images: readonly TiffImage[],
  { big = false, little = true, stray = '' }: TiffWish = {},
): Buffer {
  const pieces: Buffer[] = [Buffer.alloc(big ? 16 : 8)];
  let size = pieces[0]?.length ?? 0;
  const place = big ? 8 : 4;

  const uint = (value: number, bytes: number): Buffer => {
    const out = Buffer.alloc(bytes);
    if (bytes === 8) {
      little ? out.writeBigUInt64LE(BigInt(value)) : out.writeBigUInt64BE(BigInt(value));
    } else {
      little ? out.writeUIntLE(value, 0, bytes) : out.writeUIntBE(value, 0, bytes);
    }
    return out;
  };
  const add = (bytes: Uint8Array): number => {
    const at = size;
    const padded = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
    pieces.push(padded);
    size += padded.length;
    return at;
  };
  const valueBytes = (value: TagValue): { type: number; count: number; bytes: Buffer } => {
    if (typeof value === 'string') {
      const bytes = Buffer.from(`${value}\0`, 'latin1');
      return { type: 2, count: bytes.length, bytes };
    }
    const { type, values } = value;
    const one = (number: number) =>
      type === 5 ? Buffer.concat([uint(Math.round(number * 1000), 4), uint(1000, 4)]) : uint(number, SIZES[type] ?? 1);
    return { type, count: values.length, bytes: Buffer.concat(values.map(one)) };
  };

  /** Gives the directory's place, and where in `pieces` its last number is: the place of the next one. */
  const addImage = ({ width, height, tile, parts, tags = {}, children = [] }: TiffImage) => {
    const offsets = parts.map(add);
    const long = big ? 16 : 4;
    const below = children.map((child) => addImage(child).at);
    const all: [number, TagValue][] = Object.entries<TagValue>({
      256: numbers(4, [width]),
      257: numbers(4, [height]),
      ...(tile ? { 322: numbers(3, [tile.width]), 323: numbers(3, [tile.height]) } : { 278: numbers(4, [height]) }),
      [tile ? 324 : 273]: numbers(long, offsets),
      [tile ? 325 : 279]: numbers(
        long,
        parts.map((part) => part.length),
      ),
      ...(below.length > 0 && { 330: numbers(big ? 18 : 13, below) }),
      ...tags,
    }).map(([tag, value]) => [Number(tag), value]);
    const entries = all
      .sort(([a], [b]) => a - b)
      .map(([tag, value]) => {
        const { type, count, bytes } = valueBytes(value);
        const slot =
          bytes.length <= place ? Buffer.concat([bytes, Buffer.alloc(place - bytes.length)]) : uint(add(bytes), place);
        return Buffer.concat([uint(tag, 2), uint(type, 2), uint(count, place), slot]);
      });
    const at = add(Buffer.concat([uint(entries.length, big ? 8 : 2), ...entries, Buffer.alloc(place)]));
    return { at, piece: pieces.length - 1, nextAt: (big ? 8 : 2) + entries.length * (big ? 20 : 12) };
  };

  const added = images.map(addImage);
  const head = big ? [uint(43, 2), uint(8, 2), uint(0, 2)] : [uint(42, 2)];
  Buffer.concat([Buffer.from(little ? 'II' : 'MM'), ...head, uint(added[0]?.at ?? 0, place)]).copy(
    pieces[0] ?? Buffer.alloc(0),
  );
  for (const [index, { piece, nextAt }] of added.entries()) {
    const next = added[index + 1]?.at ?? 0;
    uint(next, place).copy(pieces[piece] ?? Buffer.alloc(0), nextAt);
  }
  return Buffer.concat([...pieces, Buffer.from(stray, 'latin1')]);
}
