/** Where a site keeps large files: a folder that the adapter serves, or a bucket. Knows no order and no vendor. */

import type { Readable } from 'node:stream';

/** A part of a file that stands; `tag` is the storage's own word for it. */
export interface StoredPart {
  number: number;
  size: number;
  tag: string;
}

/** A file that is being put, part by part; `id` is the storage's own. */
export interface Upload {
  key: string;
  id: string;
}

/**
 * Keys are paths of ours (`slides/42/001.svs`): see key.ts. All throw `storage-unavailable` where the disk or the bucket
 * does not do what it should; with status UPLOAD_GONE where it does not know an upload (any more): then begin anew.
 */
export interface Storage {
  readonly kind: 'folder' | 's3';
  /** Bytes of one part but the last: at least and at most. At most MOST_PARTS of them. */
  readonly partSize: { least: number; most: number };
  /** Begins a file of parts, of `size` bytes or 0 where nobody knows; gives its id. Throws `storage-full` without room for it. */
  begin(key: string, about: { contentType: string; size: number }): Promise<string>;
  /**
   * Writes part `number` (from 1) so that it lasts; repeats harmlessly. `offset`: bytes of the parts before it. What
   * `body` throws comes through as it is; it is destroyed where the part cannot be written. Throws `storage-full`.
   */
  part(upload: Upload, part: { number: number; offset: number; size: number; body: Readable }): Promise<StoredPart>;
  /** Makes one file of all its parts; it stands whole or not at all. Repeats harmlessly. */
  complete(upload: Upload, parts: readonly StoredPart[]): Promise<void>;
  /** Throws away what was begun; harmless where there is nothing. */
  abort(upload: Upload): Promise<void>;
  /** `version` changes when the bytes do. */
  stat(key: string): Promise<{ size: number; version?: string } | undefined>;
  /** Throws `input-unavailable` where it is gone. `end` is exclusive. The stream has to be read to its end or destroyed. */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Harmless where there is nothing. */
  remove(key: string): Promise<void>;
  /** A GET URL that needs no other credential, for so many seconds (604,800 where more are asked for); at most 2,083 characters. */
  url(key: string, seconds: number): Promise<string>;
  /** Bytes that may still be written before the watermark; undefined: nobody knows, and nothing is refused. */
  room(): Promise<number | undefined>;
}

/** A storage as whoever opens it has it. */
export interface OpenStorage extends Storage {
  /** Aborts uploads that nobody has gone on with since `before`: their order is over, or forgot them. Gives how many. */
  abortStale(before: Date): Promise<number>;
  close(): Promise<void>;
}

/** The status of a `storage-unavailable` that says: this upload is not known, begin anew. */
export const UPLOAD_GONE = 404;
/** Signed URLs of S3 count for no longer. */
export const LONGEST_URL_SECONDS = 604_800;
/** Characters of a URL that vendors take. */
export const LONGEST_URL = 2083;
/** Bytes of one part at most, and how many parts a file has at most: those of S3, and so of every storage. */
export const MOST_PART = 5 * 1024 ** 3;
export const MOST_PARTS = 10_000;
