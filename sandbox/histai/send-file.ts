/** A file on its way from the storage, whole or in part, and what may befall it there. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { sendStorageError } from '../storage-error.ts';
import { hangUp, type Simulator } from './simulator.ts';

export interface StoredFile {
  contentType: string;
  size: number;
  /** Says whether it is still the same file; with its quotation marks. */
  etag: string;
  /** The bytes from `start` on, before `end`. */
  pieces(start: number, end: number): Iterable<Uint8Array>;
}

/** A file that is held as a whole. */
export function heldFile(contentType: string, bytes: Buffer, etag: string): StoredFile {
  return { contentType, size: bytes.length, etag, pieces: (start, end) => [bytes.subarray(start, end)] };
}

/** Streams it, or the one range that is asked for. */
export async function sendFile(request: Request, response: Response, file: StoredFile, { take }: Simulator) {
  const range = rangeOf(request, file);
  if (range === 'unsatisfiable') {
    response.set('Content-Range', `bytes */${file.size}`);
    return sendStorageError(response, 416, 'InvalidRange', 'The requested range is not satisfiable');
  }
  const { start, end } = range ?? { start: 0, end: file.size };
  // Not by `set`, which would add a charset that the storage does not say.
  response.setHeader('Content-Type', file.contentType);
  response.set({ 'Accept-Ranges': 'bytes', ETag: file.etag, 'Content-Length': String(end - start) });
  if (range) {
    response.status(206).set('Content-Range', `bytes ${start}-${end - 1}/${file.size}`);
  }
  if (request.method === 'HEAD') {
    return void response.end();
  }
  const cut = take('storage-cut');
  const until = cut ? start + Math.floor((end - start) / 2) : end;
  try {
    await pipeline(Readable.from(file.pieces(start, until)), response, { end: !cut });
  } catch {
    // The caller hung up: nobody is left to be answered.
    return;
  }
  if (cut) {
    hangUp(request);
  }
}

/** Undefined: the whole file, also where the range cannot be understood, or is one of another file (`If-Range`). */
function rangeOf(
  request: Request,
  { size, etag }: StoredFile,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.get('range') ?? '') ?? [];
  const ifRange = request.get('if-range');
  if ((first === '' && last === '') || (ifRange !== undefined && ifRange !== etag)) {
    return undefined;
  }
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < start) {
    return undefined;
  }
  return start < end ? { start, end } : 'unsatisfiable';
}
