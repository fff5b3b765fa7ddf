/** Where a site keeps large files: a folder that the adapter serves, or a bucket. Knows no order and no vendor. */

/** A part of a file that stands; `tag` is the storage's own word for it. */
export interface StoredPart {
  number: number;
  size: number;
  tag: string;
}

export interface Storage {
  readonly kind: 'folder' | 's3';
  /** Bytes of one part but the last: at least and at most. */
  readonly partSize: { least: number; most: number };
  /** Begins a file of parts; gives the storage's id of it. */
  begin(key: string, about: { contentType: string; size: number }): Promise<string>;
  /** Writes part `number` (from 1); repeats harmlessly. `offset`: bytes of the parts before it. */
  part(
    upload: { key: string; id: string },
    part: { number: number; offset: number; size: number; body: ReadableStream<Uint8Array> },
  ): Promise<StoredPart>;
  complete(upload: { key: string; id: string }, parts: readonly StoredPart[]): Promise<void>;
  /** Throws away what was begun; harmless where there is nothing. */
  abort(upload: { key: string; id: string }): Promise<void>;
  stat(key: string): Promise<{ size: number } | undefined>;
  /** Throws `input-unavailable` where it is gone. `end` is exclusive. */
  read(key: string, range?: { start: number; end: number }): Promise<ReadableStream<Uint8Array>>;
  remove(key: string): Promise<void>;
  /** A GET URL that needs no other credential, for so many seconds (at most 604,800); at most 2,083 characters. */
  url(key: string, seconds: number): Promise<string>;
  /** Bytes that may still be written before the watermark; undefined: nobody knows, and nothing is refused. */
  room(): Promise<number | undefined>;
}
