/** Reads a picture's width and height from its bytes as they come, holding next to nothing of them. */

export interface Size {
  width: number;
  height: number;
}

export interface SizeReader {
  /** Takes the next bytes. Cheap once the size is known, or known not to be readable. */
  take(chunk: Buffer): void;
  /** Undefined as long as it is not known, and where the bytes are no such picture. */
  size(): Size | undefined;
}

/** One look at the bytes from a boundary on: what they say, how many may be dropped, or that more are needed. */
type Look = { size: Size } | { drop: number } | 'more' | 'unreadable';

const PNG_BEGIN = Buffer.from('89504e470d0a1a0a', 'hex');
const PNG_HEADER = 24;
const JPEG_BEGIN = Buffer.from('ffd8ff', 'hex');
/** Frame headers (SOF), which hold the size; between them DHT, JPG and DAC, which are none. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Markers without a length: SOI, TEM, restarts. */
const standsAlone = (marker: number) => marker === 0xd8 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

export function pngSize(): SizeReader {
  return reader((bytes) => {
    if (bytes.length < PNG_HEADER) {
      return 'more';
    }
    const begins = bytes.subarray(0, 8).equals(PNG_BEGIN) && bytes.toString('latin1', 12, 16) === 'IHDR';
    return begins ? sizeOf(bytes.readUInt32BE(16), bytes.readUInt32BE(20)) : 'unreadable';
  });
}

/** Walks over the segments of any length that stand before the frame: EXIF, colour profiles, comments. */
export function jpegSize(): SizeReader {
  return reader((bytes, first) => {
    if (bytes.length < 9) {
      return 'more';
    }
    const [prefix, marker = 0] = bytes;
    if (prefix !== 0xff || (first && !bytes.subarray(0, 3).equals(JPEG_BEGIN))) {
      return 'unreadable';
    }
    if (marker === 0xff) {
      return { drop: 1 };
    }
    if (standsAlone(marker)) {
      return { drop: 2 };
    }
    if (isFrame(marker)) {
      return sizeOf(bytes.readUInt16BE(7), bytes.readUInt16BE(5));
    }
    // The scan or the end of the picture before any frame.
    return marker === 0xda || marker === 0xd9 ? 'unreadable' : { drop: 2 + bytes.readUInt16BE(2) };
  });
}

function reader(look: (bytes: Buffer, first: boolean) => Look): SizeReader {
  let kept: Buffer = Buffer.alloc(0);
  let skip = 0;
  let first = true;
  let end: Size | 'unreadable' | undefined;

  return {
    take(chunk) {
      if (end) {
        return;
      }
      const passed = Math.min(skip, chunk.length);
      skip -= passed;
      kept = Buffer.concat([kept, chunk.subarray(passed)]);
      while (!end && skip === 0) {
        const seen = look(kept, first);
        if (seen === 'more') {
          return;
        }
        first = false;
        if (seen === 'unreadable') {
          end = seen;
        } else if ('size' in seen) {
          end = seen.size;
        } else {
          skip = Math.max(0, seen.drop - kept.length);
          kept = kept.subarray(seen.drop);
        }
      }
    },
    size: () => (end === 'unreadable' ? undefined : end),
  };
}

function sizeOf(width: number, height: number): Look {
  return width > 0 && height > 0 ? { size: { width, height } } : 'unreadable';
}
