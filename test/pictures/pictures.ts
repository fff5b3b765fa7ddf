/** Pictures with everything in them that must not leave, and streams of them. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { ZipFile } from 'yazl';
import type { PictureLimits } from '../../src/pictures/types.ts';

/** Stands in every place of a picture where something about a person could. */
export const SECRET = 'Jane-Doe-1970';

export const LIMITS: PictureLimits = {
  types: ['image/jpeg', 'image/png', 'application/zip'],
  largest: 5 * 1024 * 1024,
  most: 5,
};

/** Gives this test file a temporary folder of its own, gone with the process; call the result to see what is in it. */
export function ownTempFolder(): () => string[] {
  const folder = mkdtempSync(join(tmpdir(), 'pictures-test-'));
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return () => readdirSync(folder);
}

export interface Watched {
  stream: Readable;
  /** Pieces that were asked for. */
  asked: number;
  /** It was let go before its end. */
  cancelled: boolean;
}

/** Bytes as a stream in pieces of the given sizes, round and round; says what became of it. */
export function watched(bytes: Uint8Array, sizes: readonly number[] = [1000]): Watched {
  let at = 0;
  const state: Watched = {
    asked: 0,
    cancelled: false,
    stream: new Readable({
      highWaterMark: 0,
      read() {
        const from = at;
        at += sizes[state.asked % sizes.length] ?? 1;
        state.asked++;
        this.push(from < bytes.length ? new Uint8Array(bytes.subarray(from, at)) : null);
      },
      destroy(error, done) {
        state.cancelled = at <= bytes.length;
        done(error);
      },
    }),
  };
  return state;
}

/** A stream that gives these pieces and then fails. */
export function breaking(pieces: Iterable<Uint8Array>, error: Error): Readable {
  function* given() {
    yield* pieces;
    throw error;
  }
  return Readable.from(given(), { objectMode: false });
}

export const streamOf = (bytes: Uint8Array, sizes?: readonly number[]) => watched(bytes, sizes).stream;

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** A picture of soft shapes, so that JPEG hardly changes it; every row and column differs. */
export function drawn(width = 48, height = 32, channels: 1 | 3 | 4 = 3): Sharp {
  const pixels = Buffer.alloc(width * height * channels);
  for (let index = 0; index < pixels.length; index++) {
    const x = Math.floor(index / channels) % width;
    const y = Math.floor(index / channels / width);
    pixels[index] = 128 + 90 * Math.sin(x / 9 + (index % channels)) * Math.cos(y / 7 + x / 40);
  }
  return sharp(pixels, { raw: { width, height, channels } });
}

/** EXIF as cameras write it, with a name and a position; makes an sRGB picture of any. */
export function withExif(picture: Sharp, orientation = 1): Sharp {
  return picture.withMetadata({ orientation }).withExifMerge({
    IFD0: { Artist: SECRET, Copyright: SECRET, Make: SECRET },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
  });
}

/** An EXIF block with one directory of entries. */
export function exif(little: boolean, entries: [tag: number, type: number, value: number][]): Buffer {
  const view = new DataView(new ArrayBuffer(10 + entries.length * 12 + 4));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, entries.length, little);
  entries.forEach(([tag, type, value], index) => {
    const at = 10 + index * 12;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, 1, little);
    if (type === 3) {
      view.setUint16(at + 8, value, little);
    } else {
      view.setUint32(at + 8, value, little);
    }
  });
  return Buffer.from(view.buffer);
}

/** A JPEG or PNG of any colours with such a block. */
export function exifInto(picture: Buffer, orientation: number): Buffer {
  const block = Buffer.concat([exif(false, [[0x0112, 3, orientation]]), Buffer.from(SECRET)]);
  const [at, part] =
    picture[0] === 0xff
      ? [2, segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), block]))]
      : [PNG_HEADER, chunk('eXIf', block)];
  return Buffer.concat([picture.subarray(0, at), part, picture.subarray(at)]);
}

/** Decoded as stored: neither turned nor with its profile applied. */
export async function pixelsOf(bytes: Uint8Array): Promise<Buffer> {
  const space = (await sharp(bytes).metadata()).space;
  return sharp(bytes, { ignoreIcc: true, autoOrient: false }).toColourspace(space).raw({ depth: 'ushort' }).toBuffer();
}

export function segment(marker: number, body: Uint8Array | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(bytes.length + 2, 2);
  return Buffer.concat([head, bytes]);
}

const JFIF_WITH_THUMBNAIL = Buffer.concat([
  Buffer.from('JFIF\0\x01\x02\x01\x00\x48\x00\x48\x02\x01', 'latin1'),
  Buffer.from('thumbs'),
]);

/** A JPEG with every kind of segment that says something, before the picture and behind it. */
export function burdenJpeg(jpeg: Buffer): Buffer {
  return Buffer.concat([
    jpeg.subarray(0, 2),
    segment(0xe0, JFIF_WITH_THUMBNAIL),
    segment(0xe0, `JFXX\0\x10${SECRET}`),
    segment(0xe1, `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`),
    segment(0xe2, `MPF\0${SECRET}`),
    segment(0xe5, `Samsung${SECRET}`),
    segment(0xed, `Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x12\x1c\x02\x50\0\x0d${SECRET}`),
    segment(0xfe, SECRET),
    Buffer.from([0xff, 0xff]),
    jpeg.subarray(2),
    jpeg,
    Buffer.from(`MotionPhoto${SECRET}`),
  ]);
}

export function chunk(type: string, data: Uint8Array | string = ''): Buffer {
  const typed = Buffer.concat([
    Buffer.from(type, 'latin1'),
    typeof data === 'string' ? Buffer.from(data, 'latin1') : data,
  ]);
  const bytes = Buffer.alloc(typed.length + 8);
  bytes.writeUInt32BE(typed.length - 4);
  typed.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(typed), typed.length + 4);
  return bytes;
}

const PNG_HEADER = 33;
const PNG_END = 12;

/** A PNG with every kind of chunk that says something, before and behind its pixels, and as an animation. */
export function burdenPng(png: Buffer): Buffer {
  return Buffer.concat([
    png.subarray(0, PNG_HEADER),
    chunk('acTL', Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])),
    chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])),
    chunk('gAMA', SECRET),
    chunk('tEXt', `Author\0${SECRET}`),
    chunk('zTXt', `Comment\0\0${SECRET}`),
    chunk('iTXt', `XML:com.adobe.xmp\0\0\0\0\0${SECRET}`),
    chunk('sPLT', `${SECRET}\0\x08`),
    chunk('prVt', SECRET),
    chunk('fcTL', Buffer.alloc(26)),
    png.subarray(PNG_HEADER, png.length - PNG_END),
    chunk('fdAT', `\0\0\0\x01${SECRET}`),
    chunk('tIME', Buffer.from([7, 210, 1, 1, 1, 1, 1])),
    chunk('tEXt', `Title\0${SECRET}`),
    png.subarray(png.length - PNG_END),
    Buffer.from(SECRET),
  ]);
}

/** Entries by name, packed as a zip file; a folder ends with a slash. */
export async function zipOf(entries: [name: string, bytes: Uint8Array][], compress = true): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, bytes] of entries) {
    if (name.endsWith('/')) {
      zip.addEmptyDirectory(name);
    } else {
      zip.addBuffer(Buffer.from(bytes), name, { compress });
    }
  }
  zip.end({ comment: SECRET, forceZip64Format: false });
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) {
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}
