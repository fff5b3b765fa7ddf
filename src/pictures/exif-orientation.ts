/** Which way up a picture is, from its EXIF block: the one thing in there that is needed, and that a damaged block may lack. */

/** 1 is upright; 2 to 8 as EXIF's tag Orientation has them (5 to 8 lie on a side). */
export const UPRIGHT = 1;

const ORIENTATION = 0x0112;
const ENTRY_SIZE = 12;
const SHORT = 3;
const LONG = 4;

/** The orientation (1 to 8) of an EXIF block from its TIFF header on; whatever cannot be read is upright. Never throws. */
export function orientationOf(exif: Uint8Array): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const has = (at: number, size: number) => at + size <= view.byteLength;
  if (!has(0, 8)) {
    return UPRIGHT;
  }
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || view.getUint16(2, little) !== 42) {
    return UPRIGHT;
  }
  const directory = view.getUint32(4, little);
  const count = has(directory, 2) ? view.getUint16(directory, little) : 0;
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + index * ENTRY_SIZE;
    if (!has(entry, ENTRY_SIZE)) {
      return UPRIGHT;
    }
    if (view.getUint16(entry, little) === ORIENTATION) {
      return valueIn(view, entry, little);
    }
  }
  return UPRIGHT;
}

function valueIn(view: DataView, entry: number, little: boolean): number {
  const type = view.getUint16(entry + 2, little);
  const value =
    type === SHORT ? view.getUint16(entry + 8, little) : type === LONG ? view.getUint32(entry + 8, little) : UPRIGHT;
  return value >= 1 && value <= 8 ? value : UPRIGHT;
}

/** Whether width and height change places when the picture is turned upright. */
export function liesOnSide(orientation: number): boolean {
  return orientation >= 5;
}
