/** The two sizes and two byte orders of TIFF files, behind one set of functions. */

/** How numbers stand in one file, and how long its directories' parts are. */
export interface Layout {
  little: boolean;
  /** BigTIFF: places are of eight bytes. */
  big: boolean;
}

/** Bytes of a place in the file; an entry's value that is not longer stands in the entry itself. */
export const placeSize = ({ big }: Layout) => (big ? 8 : 4);
export const countSize = ({ big }: Layout) => (big ? 8 : 2);
export const entrySize = ({ big }: Layout) => (big ? 20 : 12);
/** Where the file says where its first directory is. */
export const firstPlaceAt = ({ big }: Layout) => (big ? 8 : 4);

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** An unsigned number of 1, 2, 4 or 8 bytes; beyond 2^53 it is no longer exact, and far beyond any file. */
export function readUint({ little }: Layout, bytes: Uint8Array, at: number, size: number): number {
  const data = view(bytes);
  switch (size) {
    case 1:
      return data.getUint8(at);
    case 2:
      return data.getUint16(at, little);
    case 4:
      return data.getUint32(at, little);
    default:
      return Number(data.getBigUint64(at, little));
  }
}

export function writeUint({ little }: Layout, bytes: Uint8Array, at: number, size: number, value: number): void {
  const data = view(bytes);
  const write: Record<number, () => void> = {
    1: () => data.setUint8(at, value),
    2: () => data.setUint16(at, value, little),
    4: () => data.setUint32(at, value, little),
    8: () => data.setBigUint64(at, BigInt(value), little),
  };
  write[size]?.();
}

/** The layout, by the file's first eight bytes; undefined where it is no TIFF. */
export function layoutOf(head: Uint8Array): Layout | undefined {
  const order = String.fromCharCode(...head.subarray(0, 2));
  if (head.length < 8 || (order !== 'II' && order !== 'MM')) {
    return undefined;
  }
  const little = order === 'II';
  const version = readUint({ little, big: false }, head, 2, 2);
  if (version === 42) {
    return { little, big: false };
  }
  const isBig = version === 43 && readUint({ little, big: false }, head, 4, 4) === (little ? 8 : 0x80000);
  return isBig ? { little, big: true } : undefined;
}
