/**
 * Files on the disk for as long as a picture is worked on: readable by this process alone, each in a folder of its own.
 * A crash leaves one behind; sweepTempFiles finds it by its name.
 */
import { type FileHandle, lstat, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';

/** How the folders' names begin. */
export const TEMP_PREFIX = 'fhir-ai-adapter-picture-';

/** No work on a picture takes a day. */
const LEFTOVER_AFTER_MS = 24 * 60 * 60 * 1000;
const PIECE_SIZE = 64 * 1024;

export interface TempFile {
  path: string;
  handle: FileHandle;
  /** All of a piece, after what was written before. */
  write(piece: Uint8Array): Promise<void>;
  /** Closes and removes it; again is no harm. */
  [Symbol.asyncDispose](): Promise<void>;
}

function failed(cause: unknown): AdapterError {
  return new AdapterError('unexpected', 'A temporary file could not be used; is the disk full?', { cause });
}

/** A new empty file, gone with its folder at the end of the caller's block (`await using`). Throws `unexpected`. */
export async function openTempFile(): Promise<TempFile> {
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(tmpdir(), TEMP_PREFIX));
    const path = join(folder, 'picture');
    return tempFile(folder, path, await open(path, 'wx+', 0o600));
  } catch (cause) {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
    throw failed(cause);
  }
}

function tempFile(folder: string, path: string, handle: FileHandle): TempFile {
  let gone: Promise<void> | undefined;
  return {
    path,
    handle,
    async write(piece) {
      try {
        await handle.writeFile(piece);
      } catch (cause) {
        throw failed(cause);
      }
    },
    [Symbol.asyncDispose]() {
      gone ??= handle.close().finally(() => rm(folder, { recursive: true, force: true }));
      return gone;
    },
  };
}

/** A body on the disk, so that it holds no memory while it waits. Throws `unexpected`, and what the body throws. */
export async function spoolFile(body: Readable): Promise<TempFile> {
  let file: TempFile | undefined;
  try {
    file = await openTempFile();
    for await (const piece of body) {
      await file.write(piece);
    }
    return file;
  } catch (thrown) {
    await file?.[Symbol.asyncDispose]();
    // Where the file could not even be opened, nobody has read from the body yet.
    body.destroy();
    throw thrown;
  }
}

/**
 * A temporary file as a body, read piece by piece as it is asked for. Takes the file over: it is gone when the body has
 * been read to its end, has failed or was destroyed, so one of these has to happen.
 */
export function bodyOf(file: TempFile): Readable {
  let position = 0;
  return new Readable({
    highWaterMark: PIECE_SIZE,
    read(length) {
      const piece = Buffer.allocUnsafe(length);
      file.handle.read(piece, 0, length, position).then(
        ({ bytesRead }) => {
          position += bytesRead;
          this.push(bytesRead > 0 ? piece.subarray(0, bytesRead) : null);
        },
        (cause: unknown) => this.destroy(failed(cause)),
      );
    },
    destroy(error, done) {
      const gone = () => done(error);
      file[Symbol.asyncDispose]().then(gone, gone);
    },
  });
}

/** Removes what a crash has left behind more than a day ago; gives how many. What another user owns is let be. */
export async function sweepTempFiles(now: Date): Promise<number> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(TEMP_PREFIX));
  const removed = await Promise.all(names.map((name) => removeLeftover(join(tmpdir(), name), now)));
  return removed.filter(Boolean).length;
}

async function removeLeftover(path: string, now: Date): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (!found.isDirectory() || now.getTime() - found.mtimeMs < LEFTOVER_AFTER_MS) {
      return false;
    }
    await rm(path, { recursive: true, force: true });
    return true;
  } catch {
    // It went meanwhile, or is not ours.
    return false;
  }
}
