/** Keeps large result files in a site's storage: streamed by parts, checksummed as they pass, known to the order by a row. */

import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import { base64, crc32c } from '../slides/crc32c.ts';
import type { Storage, StoredPart } from '../storage/types.ts';
import { streamOfBytes } from '../streams.ts';
import type { Files } from '../vendors/contract.ts';
import type { Database, Sql } from './store/database.ts';
import { type LargeFile, listLargeFiles, putLargeFile, readLargeFile } from './store/large-files.ts';
import { requireFence } from './store/renew-leases.ts';
import { inPieces, PIECE } from './uploads.ts';

export interface KeepingServices {
  database: Database;
  storage: Storage;
  order: { id: string; site: string; run: number; fence: string };
  /** Aborted when the order is taken from us or the process stops. */
  signal: AbortSignal;
}

export interface KeptFiles extends Pick<Files, 'keep' | 'read'> {
  names(): Promise<string[]>;
}

/** The kept files of one run of an order. */
export function openKeptFiles(services: KeepingServices): KeptFiles {
  const { database, storage, order } = services;
  return {
    names: async () => (await listLargeFiles(database, order.id, order.run)).map(({ name }) => name),

    async keep({ name, contentType, title }, body, expected) {
      const key = newKey();
      const written = await write(services, { key, contentType }, body, expected);
      try {
        await adoptFile(services, { name, contentType, title, key, ...written });
      } catch (error) {
        await storage.remove(key).catch(() => undefined);
        throw error;
      }
      return { size: written.size, crc32c: written.crc32c };
    },

    async read(name) {
      const file = await readLargeFile(database, order, name);
      if (!file) {
        throw new AdapterError('unexpected', `No file ${name} was kept`, { kind: 'permanent' });
      }
      return storage.read(file.key);
    },
  };
}

/** Where a file will stand. Nothing of the order or the patient is in it. */
export const newKey = (): string => `results/${randomBytes(16).toString('hex')}`;

/**
 * Makes a file whose bytes stand one of the order's, in the place of one of its name. `also` is written in the same
 * transaction.
 */
export async function adoptFile(
  { database, storage, order }: Omit<KeepingServices, 'signal'>,
  file: Pick<LargeFile, 'name' | 'contentType' | 'title' | 'key'> & Written,
  also: (sql: Sql) => Promise<void> = async () => {},
): Promise<void> {
  const before = await database.tx(async (sql) => {
    await requireFence(sql, order);
    const former = await readLargeFile(sql, order, file.name);
    await putLargeFile(sql, { ...file, site: order.site, orderId: order.id, run: order.run, expiresAt: null });
    await also(sql);
    return former;
  });
  // A crash before this leaves a file that nobody knows of: its bytes, and nothing else.
  await (before && storage.remove(before.key).catch(() => undefined));
}

/** Throws where the order was taken from us or the process stops. */
export function requireGoing(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new AdapterError('shutting-down', 'The keeping of a file was stopped');
  }
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
    for await (const bytes of inPieces(body, Math.max(PIECE, storage.partSize.least))) {
      requireGoing(signal);
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
