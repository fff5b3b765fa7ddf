/**
 * Files in a folder of this machine, or of a volume that all processes share. A file in the making is one file of its full
 * size in `.staging`, into which the parts are written at their places: nothing is copied when it is complete.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AdapterError } from '../errors.ts';
import { isMissing, MODE, moveInto, onDisk, readFrom, removeEmpty, writeAt } from './folder-disk.ts';
import { checkedKey } from './key.ts';
import { exactly } from './streams.ts';
import { LONGEST_URL_SECONDS, MOST_PART, type OpenStorage, type StoredPart, UPLOAD_GONE } from './types.ts';

export interface FolderOptions {
  /** Made where it is missing. */
  root: string;
  /** Bytes of the disk that are kept free. */
  watermark: number;
  /** The URL under which we serve a file. Throws where nobody could reach it. */
  url(key: string, seconds: number): string;
  /** Bytes free on the disk; for tests. */
  free?: (() => Promise<number>) | undefined;
}

/** No key begins with a dot. */
const STAGING = '.staging';
const UPLOAD_ID = /^[A-Za-z0-9_-]{22}$/;

/** Nothing is made or looked at before the first use. */
export function openFolderStorage({ root: given, watermark, ...options }: FolderOptions): OpenStorage {
  const root = resolve(given);
  const placeOf = (key: string): string => join(root, checkedKey(key));
  const stagedAt = (id: string): string => {
    if (!UPLOAD_ID.test(id)) {
      throw gone();
    }
    return join(root, STAGING, id);
  };

  async function room(): Promise<number> {
    const free = await onDisk(() => (options.free ?? (() => freeOn(root)))());
    return Math.max(0, free - watermark);
  }

  async function expectRoom(size: number): Promise<void> {
    if ((await room()) < size) {
      throw new AdapterError('storage-full', 'There is no room for a file in the folder of this site');
    }
  }

  async function stat(key: string): Promise<{ size: number; version: string } | undefined> {
    const found = await lstatOf(placeOf(key));
    return found?.isFile() ? { size: found.size, version: `${found.mtimeMs}-${found.ino}` } : undefined;
  }

  return {
    kind: 'folder',
    partSize: { least: 1, most: MOST_PART },

    async begin(key, { size }) {
      checkedKey(key);
      await expectRoom(size);
      const id = randomBytes(16).toString('base64url');
      await onDisk(async () => {
        await mkdir(join(root, STAGING), { recursive: true, mode: MODE.folder });
        await using file = await open(stagedAt(id), 'wx', MODE.file);
        // The size alone: the disk gives the blocks as the parts come.
        await file.truncate(size);
        await file.sync();
      });
      return id;
    },

    async part({ id }, { number, offset, size, body }) {
      try {
        const path = stagedAt(id);
        await expectRoom(size);
        await using file = await onDisk(() => openIfThere(path, constants.O_WRONLY));
        if (!file) {
          throw gone();
        }
        await writeAt(file, exactly(body, size), offset);
      } finally {
        // Nothing where it was read to its end. Whoever sends it must not go on after an error.
        body.destroy();
      }
      return { number, size, tag: tagOf(offset, size) };
    },

    async complete({ key, id }, parts) {
      const size = sizeOf(parts);
      const staged = await onDisk(() => lstatOf(stagedAt(id)));
      if (!staged && (await stat(key))?.size === size) {
        // Completed before, by a process that died before it could say so.
        return;
      }
      if (staged?.size !== size) {
        throw staged ? incomplete() : gone();
      }
      await onDisk(() => moveInto(stagedAt(id), placeOf(key), root));
    },

    async abort({ id }) {
      if (UPLOAD_ID.test(id)) {
        await onDisk(() => rm(stagedAt(id), { force: true }));
      }
    },

    stat: (key) => onDisk(() => stat(key)),

    async read(key, { start, end } = { start: 0, end: Number.MAX_SAFE_INTEGER }) {
      const file = await onDisk(() => openIfThere(placeOf(key), constants.O_RDONLY));
      if (!file) {
        throw new AdapterError('input-unavailable', 'A stored file is not there any more', { status: 404 });
      }
      return readFrom(file, start, end);
    },

    async remove(key) {
      const path = placeOf(key);
      await onDisk(() => rm(path, { force: true }));
      await removeEmpty(dirname(path), root);
    },

    url: async (key, seconds) => options.url(checkedKey(key), Math.min(seconds, LONGEST_URL_SECONDS)),

    room,

    abortStale: (before) => onDisk(() => removeOlder(join(root, STAGING), before)),

    close: async () => {},
  };
}

const tagOf = (offset: number, size: number): string => `${offset}+${size}`;

/** Bytes of all parts. Throws where one is missing among them: the hole in the file would be zeros. */
function sizeOf(parts: readonly StoredPart[]): number {
  let offset = 0;
  for (const { size, tag } of [...parts].sort((a, b) => a.number - b.number)) {
    if (tag !== tagOf(offset, size)) {
      throw incomplete();
    }
    offset += size;
  }
  return offset;
}

function gone(): AdapterError {
  const message = 'A file that was begun in the folder of this site is not there any more';
  return new AdapterError('storage-unavailable', message, { status: UPLOAD_GONE });
}

function incomplete(): AdapterError {
  return new AdapterError('unexpected', 'The parts of a file are not all of it', { kind: 'permanent' });
}

/** In bigint: the blocks of a large disk make more bytes than 32 bits count. */
async function freeOn(root: string): Promise<number> {
  await mkdir(root, { recursive: true, mode: MODE.folder });
  const { bavail, bsize } = await statfs(root, { bigint: true });
  return Number(bavail * bsize);
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (isMissing(thrown)) {
      return undefined;
    }
    throw thrown;
  }
}

const lstatOf = (path: string) => unlessMissing(lstat(path));
/** A link among our files is none of ours. */
const openIfThere = (path: string, flags: number) => unlessMissing(open(path, flags | constants.O_NOFOLLOW));

async function removeOlder(folder: string, before: Date): Promise<number> {
  let removed = 0;
  for (const name of (await unlessMissing(readdir(folder))) ?? []) {
    const path = join(folder, name);
    const found = await lstatOf(path);
    if (found && found.mtimeMs < before.getTime()) {
      await rm(path, { force: true });
      removed += 1;
    }
  }
  return removed;
}
