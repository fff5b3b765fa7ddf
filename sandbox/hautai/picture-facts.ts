/** What the simulator keeps of an uploaded picture: its hash, and what its first bytes say. */
import { createHash } from 'node:crypto';

export interface PictureFacts {
  /** Lower-case hex SHA-256 of all bytes. */
  sha256: string;
  size: number;
  /** By the first bytes; undefined: neither JPEG nor PNG. */
  type: 'image/jpeg' | 'image/png' | undefined;
  /** Pixels as stored; a plausible size where the first bytes do not say. */
  width: number;
  height: number;
}

export interface PictureReader {
  add(bytes: Uint8Array): void;
  facts(): PictureFacts;
}

/** A JPEG's size stands behind its EXIF block and its colour profile. */
const HEAD_BYTES = 256 * 1024;
const UNKNOWN_SIZE = { width: 900, height: 1200 };
const PNG_BEGIN = Buffer.from('89504e470d0a1a0a', 'hex');

/** Reads a picture piece by piece without keeping more than its head. */
export function readPicture(): PictureReader {
  const hash = createHash('sha256');
  const head: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      hash.update(bytes);
      if (size < HEAD_BYTES) {
        head.push(Uint8Array.prototype.slice.call(bytes, 0, HEAD_BYTES - size));
      }
      size += bytes.length;
    },
    facts: () => ({ sha256: hash.digest('hex'), size, ...look(Buffer.concat(head)) }),
  };
}

function look(head: Buffer): Pick<PictureFacts, 'type' | 'width' | 'height'> {
  if (head.subarray(0, 8).equals(PNG_BEGIN)) {
    const known = head.length >= 24 && { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
    return { type: 'image/png', ...sane(known) };
  }
  if (head.length > 2 && head.readUIntBE(0, 3) === 0xffd8ff) {
    return { type: 'image/jpeg', ...sane(jpegSize(head)) };
  }
  return { type: undefined, ...UNKNOWN_SIZE };
}

function sane(size: { width: number; height: number } | false): { width: number; height: number } {
  return size && size.width > 0 && size.height > 0 ? size : UNKNOWN_SIZE;
}

/** Walks from marker to marker up to the frame header, which is SOF0 to SOF15 without the three that are none. */
function jpegSize(head: Buffer): { width: number; height: number } | false {
  let at = 2;
  while (at + 9 <= head.length && head[at] === 0xff) {
    const marker = head.readUInt8(at + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: head.readUInt16BE(at + 5), width: head.readUInt16BE(at + 7) };
    }
    // Fill bytes may stand before a marker.
    at += marker === 0xff ? 1 : 2 + head.readUInt16BE(at + 2);
  }
  return false;
}
