/** Files of an order on their way to a vendor, and those that its work leaves behind: a part of the contract. */
import type { Readable } from 'node:stream';

/** How far a slide is on its way to where the vendor can fetch it; bytes. `crc32c`: base64, big-endian. */
export type Staging = { done: false; bytes: number; of: number } | { done: true; bytes: number; crc32c: string };

/** Slides are copied to the site's storage part by part, de-identified on the way, and fetched by the vendor from there. */
export interface Slides {
  /** Copies the next part; what is done is stored with the step's outcome, so that a crash costs one part. */
  stage(input: string): Promise<Staging>;
  /** A URL of the staged slide that needs no other credential, for so many seconds. A secret: it is not to be stored. */
  url(input: string, seconds: number): Promise<string>;
  /** The copy is not needed any more. */
  release(input: string): Promise<void>;
}

/** How far a result file is on its way into the site's storage; bytes. `crc32c`: base64, big-endian. */
export type Keeping = { done: false; bytes: number; of: number } | { done: true; bytes: number; crc32c: string };

/** A file that a vendor's work leaves behind, for the EHR: a drawing, a mask, the vendor's own report. */
export interface ResultFile {
  /** Unique within the order and stable: `heat-map/picture-1.png`. Findings refer to it. */
  name: string;
  contentType: string;
  /** For people; no PHI. */
  title: string;
  bytes: Uint8Array;
}

export interface Files {
  /** The names of those that were put. */
  list(): Promise<string[]>;
  /** Keeps a file, or replaces the one of its name; written together with the step's outcome under the order's fence. */
  put(file: ResultFile): Promise<void>;
  /**
   * Keeps a file of any size, streamed into the site's storage; there at once, and again is no harm. Throws
   * `vendor-protocol` (transient) where its CRC-32C (base64, big-endian) is not the expected one.
   */
  keep(
    file: Omit<ResultFile, 'bytes'>,
    body: Readable,
    expected?: { crc32c: string },
  ): Promise<{ size: number; crc32c: string }>;
  /**
   * Keeps a file of many gigabytes, the next part at each call; what is done is stored with the step's outcome, so that a
   * crash costs one part. `open` gives the bytes from `start` on to the end, or as far as the connection lasts: what came
   * is kept. `size` is what the file has to have: `vendor-protocol` (transient), and begun anew, where there is more or less.
   */
  keepOn(
    file: Omit<ResultFile, 'bytes'> & { size: number },
    open: (start: number) => Promise<Readable>,
  ): Promise<Keeping>;
  /** A kept file's bytes. */
  read(name: string): Promise<Readable>;
}
