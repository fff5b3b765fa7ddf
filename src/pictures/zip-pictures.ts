/** The pictures of a zip file, by its own directory; no name in there is believed, repeated or used. */
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { AdapterError } from '../errors.ts';
import { damaged, tooLarge, tooMany, unsupported } from './refusals.ts';
import type { PictureLimits } from './types.ts';

const THE_ZIP = 'The zip file';
/** Files and folders of a zip file; a directory is cheap to write and costs time to read. */
const MOST_ENTRIES = 20_000;
/** Bytes that a zip file may unpack to: so many times what the vendor takes of one file, and never more than the latter. */
const MOST_UNPACKED_TIMES = 4;
const MOST_UNPACKED = 2 * 1024 ** 3;

/** For a zip file that has been inspected: whatever it holds was allowed. */
export const INSPECTED: Pick<PictureLimits, 'largest' | 'most'> = {
  largest: Number.POSITIVE_INFINITY,
  most: Number.POSITIVE_INFINITY,
};

export interface ZippedPicture {
  /** Begins the sentence of a refusal: by its place, since a name may be a patient's. */
  called: string;
  /** Unpacked, checksum checked. Throws `input-unsupported`. */
  pieces(): AsyncIterable<Uint8Array>;
}

/**
 * Lends the pictures of the zip file at `path`, in the order of its directory, to `work`. Folders and what systems leave
 * in there by themselves are passed over; anything else counts as a picture, and whoever reads it says what it is.
 *
 * Throws `input-unsupported` (damaged, encrypted, no picture in it) and `input-too-large` (too many, too much unpacked).
 */
export async function withPicturesOf<T>(
  path: string,
  limits: Pick<PictureLimits, 'largest' | 'most'>,
  work: (pictures: ZippedPicture[]) => Promise<T>,
): Promise<T> {
  const zip = await openPromise(path, { decodeStrings: false, autoClose: false }).catch((cause: unknown) => {
    throw damaged(THE_ZIP, cause);
  });
  try {
    const entries = await pictureEntries(zip);
    checkLimits(entries, limits);
    return await work(entries.map((entry, index) => zipped(zip, entry, `File ${index + 1} in the zip file`)));
  } finally {
    zip.close();
  }
}

async function pictureEntries(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  let seen = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      seen++;
      if (seen > MOST_ENTRIES) {
        throw new AdapterError('input-too-large', `${THE_ZIP} holds too many files.`);
      }
      if (!isPassedOver(entry)) {
        entries.push(entry);
      }
    }
  } catch (cause) {
    throw cause instanceof AdapterError ? cause : damaged(THE_ZIP, cause);
  }
  return entries;
}

/** Folders, and what macOS and Windows put beside pictures. */
function isPassedOver(entry: Entry): boolean {
  const path = entry.fileNameRaw.toString('latin1').replaceAll('\\', '/').split('/');
  const name = path.at(-1) ?? '';
  return name === '' || name.startsWith('.') || path.includes('__MACOSX') || /^(thumbs\.db|desktop\.ini)$/i.test(name);
}

function checkLimits(entries: Entry[], { most, largest }: Pick<PictureLimits, 'largest' | 'most'>): void {
  if (entries.length === 0) {
    throw unsupported(`${THE_ZIP} holds no picture.`);
  }
  if (entries.length > most) {
    throw tooMany(entries.length, most);
  }
  if (entries.some((entry) => entry.isEncrypted())) {
    throw unsupported(`${THE_ZIP} is protected by a password.`);
  }
  // The reader holds each entry to the size that its directory says.
  const unpacked = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  const limit = Math.min(MOST_UNPACKED_TIMES * largest, MOST_UNPACKED);
  if (unpacked > limit) {
    throw tooLarge(`${THE_ZIP}, unpacked,`, limit);
  }
}

function zipped(zip: ZipFile, entry: Entry, called: string): ZippedPicture {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    if (!entry.canDecodeFileData()) {
      throw unsupported(`${called} is packed in a way that is not supported.`);
    }
    let sum = 0;
    try {
      for await (const piece of await zip.openReadStreamPromise(entry)) {
        sum = crc32(piece, sum);
        yield piece;
      }
    } catch (cause) {
      throw damaged(called, cause);
    }
    if (sum !== entry.crc32) {
      throw damaged(called);
    }
  }
  return { called, pieces };
}
