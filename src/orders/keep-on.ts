/**
 * Keeps result files of many gigabytes in a site's storage, the next part at each call. What is kept is stored with the
 * step's outcome, so that a crash costs one part; the file is the order's once all of it stands.
 */
import { createHash } from 'node:crypto';
import { AdapterError } from '../errors.ts';
import { base64, crc32c } from '../slides/crc32c.ts';
import { UPLOAD_GONE } from '../storage/types.ts';
import type { Files, Keeping } from '../vendors/contract.ts';
import { adoptFile, type KeepingServices, newKey, requireGoing } from './keep-file.ts';
import { keepPart, Unusable } from './keep-part.ts';
import { removeUpload } from './remove-copy.ts';
import type { Sql } from './store/database.ts';
import {
  forgetUnfinished,
  putUnfinished,
  readUnfinished,
  releaseUnfinished,
  type Unfinished,
} from './store/keeping.ts';
import { readLargeFile } from './store/large-files.ts';
import { requireFence } from './store/renew-leases.ts';
import { isUploadGone } from './uploads.ts';

type File = Parameters<Files['keepOn']>[0];
type Open = Parameters<Files['keepOn']>[1];

export interface OpenKeepOn extends Pick<Files, 'keepOn'> {
  /** Writes what was kept, in the transaction of the step's outcome. */
  store(sql: Sql): Promise<void>;
}

/** The files that one step keeps part by part. */
export function openKeepOn(services: KeepingServices): OpenKeepOn {
  const { database, storage, order } = services;
  const begun = new Map<string, Unfinished>();

  /** Before its bytes are removed: once another upload stands in its row, nobody would know of them. */
  async function release({ name, key }: Unfinished): Promise<void> {
    begun.delete(name);
    await database.tx(async (sql) => {
      await requireFence(sql, order);
      await releaseUnfinished(sql, key);
    });
  }

  /** What stands of this file. What stands of one of another size, or is of no use, goes. */
  async function standing({ name, size }: File): Promise<Unfinished | undefined> {
    const found = begun.get(name) ?? (await readUnfinished(database, order, name));
    if (!found || (found.size === size && !found.released)) {
      return found;
    }
    await release(found);
    await removeUpload(database, storage, found);
    return undefined;
  }

  async function next(file: File, before: Unfinished | undefined, open: Open): Promise<Keeping> {
    if (before && before.bytes === before.size && before.parts.length > 0) {
      const done = await finish(services, file, before);
      // Its row has gone with that, and must not come again.
      begun.delete(file.name);
      return done;
    }
    const after = await (before ? keepPart(services, before, open) : begin(services, file, open));
    begun.set(file.name, after);
    return { done: false, bytes: after.bytes, of: after.size };
  }

  return {
    async keepOn(file, open) {
      const { name, size } = file;
      const whole = await readLargeFile(database, order, name);
      if (whole?.size === size && (await storage.stat(whole.key))?.size === size) {
        return { done: true, bytes: size, crc32c: whole.crc32c };
      }
      const before = await standing(file);
      try {
        return await next(file, before, open);
      } catch (thrown) {
        if (before && isUploadGone(thrown)) {
          begun.delete(name);
          await removeUpload(database, storage, before).catch(() => undefined);
          return next(file, undefined, open);
        }
        if (before && thrown instanceof Unusable) {
          await release(before);
          await removeUpload(database, storage, before).catch(() => undefined);
        }
        throw thrown;
      }
    },
    store: (sql) => putUnfinished(sql, order, [...begun.values()]),
  };
}

/** Begins an upload and keeps its first part; where that fails, nobody would know of the upload. */
async function begin(services: KeepingServices, { name, contentType, size }: File, open: Open): Promise<Unfinished> {
  const { storage } = services;
  const key = newKey();
  const upload = await storage.begin(key, { contentType, size });
  try {
    return await keepPart(services, { name, key, upload, size, bytes: 0, crc: 0, parts: [], released: false }, open);
  } catch (error) {
    await storage.abort({ key, id: upload }).catch(() => undefined);
    throw error;
  }
}

/**
 * A step of its own: a crash in it finds all parts noted, and does it once more. Its row goes as the file becomes one of the
 * order's.
 */
async function finish(
  services: KeepingServices,
  { name, contentType, title }: File,
  before: Unfinished,
): Promise<Keeping> {
  const { key, upload, parts, size, crc } = before;
  await services.storage.complete({ key, id: upload }, parts);
  const sha1 = await readSha1(services, before);
  const file = { name, contentType, title, key, size, sha1, crc32c: base64(crc) };
  await adoptFile(services, file, (sql) => forgetUnfinished(sql, key));
  return { done: true, bytes: size, crc32c: file.crc32c };
}

/**
 * SHA-1, which Attachment.hash wants, cannot be taken up again by another process: the whole file is read once more. That
 * also shows that the storage has what came. Throws Unusable where it has not.
 */
async function readSha1(
  { storage, signal }: KeepingServices,
  { key, crc }: Pick<Unfinished, 'key' | 'crc'>,
): Promise<string> {
  const sha1 = createHash('sha1');
  let seen = 0;
  const body = await storage.read(key).catch((cause: unknown) => {
    const isGone = cause instanceof AdapterError && cause.code === 'input-unavailable';
    throw isGone
      ? new AdapterError('storage-unavailable', 'A file that was just kept is gone', { status: UPLOAD_GONE, cause })
      : cause;
  });
  for await (const piece of body) {
    requireGoing(signal);
    sha1.update(piece);
    seen = crc32c(piece, seen);
  }
  if (seen !== crc) {
    throw new Unusable('storage-unavailable', "This site's storage gives other bytes of a file than it was given");
  }
  return sha1.digest('base64');
}
