/** Takes an upload as it streams in: its hashes, its type, the sizes of its pictures. Next to nothing of it is held. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { badRequest, type Refusal, TOO_LARGE } from './envelope.ts';
import { beginsAs, type FileType, SIGNATURE_LENGTH } from './file-type.ts';
import { jpegSize, pngSize, type Size } from './image-size.ts';
import { picturesOfZip } from './zip.ts';

export interface Received {
  type: FileType;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  sha224: string;
  /** Of every picture: one, or those in a zip. */
  sizes: Size[];
  /** The whole picture where it is small enough to be looked at. */
  whole?: Buffer;
}

/** Larger pictures are not looked at: ten at once would have to be held. */
const LOOKED_AT_BYTES = 4_194_304;

const NOT_OF_ITS_TYPE = badRequest(
  'content is not of the declared type or cannot be read',
  'The image cannot be read. Please send a JPEG, PNG or ZIP file.',
);
const EMPTY_ZIP = badRequest('zip holds no jpg or png', 'The ZIP file holds no image.');

/**
 * Reads the body to its end, what is beyond `limit` bytes unseen, so that the answer reaches the client. Rejects where the
 * connection breaks.
 */
export async function receive(
  body: AsyncIterable<Buffer>,
  type: FileType,
  limit: number,
): Promise<Received | { refusal: Refusal }> {
  // A zip's directory stands at its end: it has to be written down before it can be read.
  const spool = type === 'application/zip' ? join(tmpdir(), `hemato-sandbox-${randomUUID()}.zip`) : undefined;
  const file = spool === undefined ? undefined : await open(spool, 'wx', 0o600);
  try {
    const read = await readBody(body, type, limit, file);
    if (read.bytes > limit) {
      return { refusal: TOO_LARGE };
    }
    const sizes = spool === undefined ? read.sizes : await picturesOfZip(spool);
    if (!sizes || !beginsAs(type, read.first)) {
      return { refusal: NOT_OF_ITS_TYPE };
    }
    if (sizes.length === 0) {
      return { refusal: EMPTY_ZIP };
    }
    const { bytes, sha256, sha224, whole } = read;
    return { type, bytes, sha256, sha224, sizes, ...(whole && { whole }) };
  } finally {
    await file?.close();
    if (spool !== undefined) {
      await rm(spool, { force: true });
    }
  }
}

async function readBody(body: AsyncIterable<Buffer>, type: FileType, limit: number, file: FileHandle | undefined) {
  const [sha256, sha224] = [createHash('sha256'), createHash('sha224')];
  const reader = type === 'image/jpeg' ? jpegSize() : pngSize();
  let first: Buffer = Buffer.alloc(0);
  let kept: Buffer[] | undefined = file ? undefined : [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limit) {
      continue;
    }
    if (first.length < SIGNATURE_LENGTH) {
      first = Buffer.concat([first, chunk.subarray(0, SIGNATURE_LENGTH)]);
    }
    sha256.update(chunk);
    sha224.update(chunk);
    reader.take(chunk);
    await file?.writeFile(chunk);
    if (bytes > LOOKED_AT_BYTES) {
      kept = undefined;
    }
    kept?.push(chunk);
  }
  const size = reader.size();
  const whole = kept && Buffer.concat(kept);
  return { bytes, first, sha256: sha256.digest('hex'), sha224: sha224.digest('hex'), sizes: size && [size], whole };
}
