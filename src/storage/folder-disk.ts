/** What a folder storage does on the disk, and what the disk says when it does not. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import { pulled } from '../streams.ts';

/** Only the adapter's own user may look in. */
export const MODE = { folder: 0o700, file: 0o600 } as const;

const FULL = ['ENOSPC', 'EDQUOT'];
const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS'];
const PIECE_SIZE = 256 * 1024;

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

export const isMissing = (thrown: unknown): boolean => codeOf(thrown) === 'ENOENT';

/** What a disk operation threw, classified; an AdapterError as it is. No path stands in it. */
export function diskError(thrown: unknown): AdapterError {
  if (thrown instanceof AdapterError) {
    return thrown;
  }
  const code = codeOf(thrown);
  if (FULL.includes(code)) {
    return new AdapterError('storage-full', 'The disk with the files of this site is full', { cause: thrown });
  }
  const message = `The folder with the files of this site cannot be used${code && ` (${code})`}`;
  const held = FORBIDDEN.includes(code) && ({ kind: 'permanent', remedy: 'hold' } as const);
  return new AdapterError('storage-unavailable', message, { cause: thrown, ...held });
}

export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw diskError(thrown);
  }
}

/** Writes the pieces from `offset` on, and waits until the disk has them: what is noted as done must be. */
export async function writeAt(file: FileHandle, pieces: AsyncIterable<Uint8Array>, offset: number): Promise<void> {
  let position = offset;
  for await (const piece of pieces) {
    for (let done = 0; done < piece.byteLength; ) {
      const { bytesWritten } = await onDisk(() => file.write(piece, done, piece.byteLength - done, position));
      done += bytesWritten;
      position += bytesWritten;
    }
  }
  await onDisk(() => file.datasync());
}

/** The bytes from `start` to before `end`, or to the file's own end. Takes the handle over. */
export function readFrom(file: FileHandle, start: number, end: number): Readable {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let position = start; position < end; ) {
      const piece = new Uint8Array(Math.min(PIECE_SIZE, end - position));
      const { bytesRead } = await file.read(piece, 0, piece.byteLength, position);
      if (bytesRead === 0) {
        return;
      }
      position += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }
  return pulled(pieces(), { classify: diskError, close: () => file.close() });
}

/** Renames `from` to `to`, below `root`, so that a power cut leaves one of both and no half file. */
export async function moveInto(from: string, to: string, root: string): Promise<void> {
  await syncOf(from);
  for (let tries = 1; ; tries += 1) {
    await mkdir(dirname(to), { recursive: true, mode: MODE.folder });
    try {
      await rename(from, to);
      break;
    } catch (thrown) {
      // Somebody has removed the folder, which was empty until now.
      if (!isMissing(thrown) || tries === 3) {
        throw thrown;
      }
    }
  }
  for (let folder = dirname(to); folder.length >= root.length; folder = dirname(folder)) {
    await syncOf(folder);
  }
}

async function syncOf(path: string): Promise<void> {
  await using file = await open(path, constants.O_RDONLY);
  await file.sync();
}

/** Removes the folder, and those it stands in, as far as they are empty; `root` stays. */
export async function removeEmpty(folder: string, root: string): Promise<void> {
  for (let path = folder; path.length > root.length; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      return;
    }
  }
}
