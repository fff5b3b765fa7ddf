/** What stands in the simulated bucket. The bytes are on the disk: a slide has gigabytes. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface Piece {
  path: string;
  size: number;
  /** In quotes, as the header has it. */
  etag: string;
}

export interface StoredObject {
  pieces: Piece[];
  size: number;
  etag: string;
  contentType: string;
  at: Date;
}

export interface PendingUpload {
  id: string;
  key: string;
  contentType: string;
  initiated: Date;
  parts: Map<number, Piece>;
}

export interface Bucket {
  objects: Map<string, StoredObject>;
  uploads: Map<string, PendingUpload>;
  /** Takes in a body; of one that breaks off nothing stays. */
  take(body: AsyncIterable<Uint8Array>): Promise<Piece>;
  begin(key: string, contentType: string, now: Date): PendingUpload;
  /** One object of pieces that stand; what stood at the key is gone. */
  put(key: string, pieces: Piece[], contentType: string, now: Date): Promise<StoredObject>;
  drop(pieces: Iterable<Piece>): Promise<void>;
  /** The bytes from `start` to before `end`. */
  read(object: StoredObject, start: number, end: number): Readable;
}

/** An empty bucket that keeps its bytes in `folder`. */
export function createBucket(folder: string): Bucket {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, PendingUpload>();

  async function drop(pieces: Iterable<Piece>): Promise<void> {
    await Promise.all(Array.from(pieces, ({ path }) => rm(path, { force: true })));
  }

  return {
    objects,
    uploads,
    drop,
    async take(body) {
      const path = join(folder, randomBytes(12).toString('hex'));
      const md5 = createHash('md5');
      let size = 0;
      try {
        await pipeline(
          body,
          async function* (pieces: AsyncIterable<Uint8Array>) {
            for await (const piece of pieces) {
              md5.update(piece);
              size += piece.byteLength;
              yield piece;
            }
          },
          createWriteStream(path, { mode: 0o600 }),
        );
      } catch (thrown) {
        await rm(path, { force: true });
        throw thrown;
      }
      return { path, size, etag: `"${md5.digest('hex')}"` };
    },
    begin(key, contentType, initiated) {
      const id = randomBytes(48).toString('base64url');
      const upload = { id, key, contentType, initiated, parts: new Map<number, Piece>() };
      uploads.set(id, upload);
      return upload;
    },
    async put(key, pieces, contentType, at) {
      const earlier = objects.get(key);
      const md5 = createHash('md5');
      for (const { etag } of pieces) {
        md5.update(Buffer.from(etag.slice(1, -1), 'hex'));
      }
      const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
      const object = { pieces, size, etag: `"${md5.digest('hex')}-${pieces.length}"`, contentType, at };
      objects.set(key, object);
      await drop(earlier?.pieces ?? []);
      return object;
    },
    read: ({ pieces }, start, end) => Readable.from(bytesOf(pieces, start, end), { objectMode: false }),
  };
}

async function* bytesOf(pieces: Piece[], start: number, end: number): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const { path, size } of pieces) {
    const [from, to] = [Math.max(0, start - offset), Math.min(size, end - offset)];
    if (from < to) {
      yield* createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 });
    }
    offset += size;
  }
}
