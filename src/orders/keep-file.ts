/** Keeps large result files in a site's storage: streamed by parts, checksummed as they pass, known to the order by a row. */

import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import { base64, crc32c } from '../slides/crc32c.ts';
import type { Storage, StoredPart } from '../storage/types.ts';
import { streamOfBytes } from '../streams.ts';
import type { Files } from '../vendors/contract.ts';
import type { Database } from './store/database.ts';
import { listLargeFiles, putLargeFile } from './store/large-files.ts';
import { requireFence } from './store/renew-leases.ts';

export interface KeepingServices {
  database: Database;
  storage: Storage;
  order: { id: string; site: string; run: number; fence: string };
  /** Aborted when the order is taken from us or the process stops. */
  signal: AbortSignal;
}

const MB = 1024 * 1024;
/** Bytes of one part, which is in memory while it is written: nobody knows beforehand how large the file will be. */
const PART = 8 * MB;

export interface KeptFiles extends Pick<Files, 'keep' | 'read'> {
  names(): Promise<string[]>;
}

/** The kept files of one run of an order. */
export function openKeptFiles(services: KeepingServices): KeptFiles {
  const { database, storage, order } = services;
  const list = () => listLargeFiles(database, order.id, order.run);
  return {
    names: async () => (await list()).map(({ name }) => name),

    async keep({ name, contentType, title }, body, expected) {
      const before = (await list()).find((file) => file.name === name);
      const key = `results/${randomBytes(16).toString('hex')}`;
      const written = await write(services, { key, contentType }, body, expected);
      const file = { site: order.site, orderId: order.id, run: order.run, name, key, contentType, title };
      try {
        await database.tx(async (sql) => {
          await requireFence(sql, order);
          await putLargeFile(sql, { ...file, ...written, expiresAt: null });
        });
      } catch (error) {
        await storage.remove(key).catch(() => undefined);
        throw error;
      }
      // A crash before this leaves a file that nobody knows of: its bytes, and nothing else.
      await (before && storage.remove(before.key).catch(() => undefined));
      return { size: written.size, crc32c: written.crc32c };
    },

    async read(name) {
      const file = (await list()).find((one) => one.name === name);
      if (!file) {
        throw new AdapterError('unexpected', `No file ${name} was kept`, { kind: 'permanent' });
      }
      return storage.read(file.key);
    },
  };
}

interface Written {
  size: number;
  /** Base64. */
  sha1: string;
  crc32c: string;
}

/** Puts a stream under `key`. Nothing stands where it fails, or is not what was expected. */
async function write(
  { storage, signal }: KeepingServices,
  { key, contentType }: { key: string; contentType: string },
  body: Readable,
  expected: { crc32c: string } | undefined,
): Promise<Written> {
  let id: string | undefined;
  try {
    const sha1 = createHash('sha1');
    const parts: StoredPart[] = [];
    let crc = 0;
    let size = 0;
    for await (const bytes of inParts(body, Math.max(PART, storage.partSize.least))) {
      if (signal.aborted) {
        throw new AdapterError('shutting-down', 'The keeping of a file was stopped');
      }
      crc = crc32c(bytes, crc);
      sha1.update(bytes);
      id ??= await storage.begin(key, { contentType, size: 0 });
      const part = { number: parts.length + 1, offset: size, size: bytes.length, body: streamOfBytes(bytes) };
      parts.push(await storage.part({ key, id }, part));
      size += bytes.length;
    }
    const written = { size, sha1: sha1.digest('base64'), crc32c: base64(crc) };
    if (expected && expected.crc32c !== written.crc32c) {
      throw new AdapterError('vendor-protocol', 'A file of the vendor is not what its checksum says', {
        kind: 'transient',
      });
    }
    if (id !== undefined) {
      await storage.complete({ key, id }, parts);
    }
    return written;
  } catch (error) {
    await (id !== undefined && storage.abort({ key, id }).catch(() => undefined));
    body.destroy();
    throw error;
  }
}

/**
 * The stream in pieces of `size` bytes; the last may be smaller. An empty file is one empty piece. All are in one buffer:
 * a piece has to be dealt with before the next is asked for.
 */
async function* inParts(body: Readable, size: number): AsyncGenerator<Uint8Array> {
  const part = new Uint8Array(size);
  let filled = 0;
  let isEmpty = true;
  for await (let piece of body) {
    while (piece.byteLength > 0) {
      const taken = piece.subarray(0, size - filled);
      part.set(taken, filled);
      filled += taken.byteLength;
      piece = piece.subarray(taken.byteLength);
      if (filled === size) {
        yield part;
        filled = 0;
        isEmpty = false;
      }
    }
  }
  if (filled > 0 || isEmpty) {
    yield part.subarray(0, filled);
  }
}
