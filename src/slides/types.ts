/** What is known of a whole-slide image; nothing here knows FHIR, a vendor or a storage. */

import type { Readable } from 'node:stream';

/** Bytes of a file by their place: HTTP ranges, or a file on disk. Fewer bytes than asked for: the file ends there. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

export const SLIDE_FORMATS = ['svs', 'tiff', 'dicom', 'dicom-zip'] as const;
export type SlideFormat = (typeof SLIDE_FORMATS)[number];

/** What the file's own header says of the slide. */
export interface SlideFacts {
  format: SlideFormat;
  /** `image/tiff`, `application/dicom`, `application/zip`; SVS has no registered type of its own. */
  mediaType: string;
  /** Bytes of the file. */
  size: number;
  /** Pixels of the largest image. */
  width: number;
  height: number;
  /** Micrometres a pixel; absent where the header does not say. */
  resolution?: number;
}

/** Bytes to be written over those at `offset`, so that nothing identifying leaves. */
export type Patch = { offset: number; bytes: Uint8Array } | { offset: number; zeros: number };

/** A slide where it stands. What reads it throws `input-unavailable` where it is not what was read of it before. */
export interface SlideSource {
  readAt: ReadAt;
  /** False: its server gives no parts of files, and `readAt` reaches no further than the file's beginning. */
  readsAnywhere(): Promise<boolean>;
  /**
   * The bytes from `start` on to before `end`: the wanted one, or the file's own where its server gives no parts of files.
   * The stream has to be read to its end or destroyed.
   */
  part(start: number, end: number): Promise<{ body: Readable; end: number }>;
  /** Its own URL, where the site lets it be passed on and it counts for so many seconds yet. */
  url(seconds: number): string | undefined;
}
