/**
 * What is known of a picture, and what a vendor takes. A picture is a file that holds one (JPEG, PNG) or several (a zip
 * of such); nothing here knows FHIR or a vendor.
 */

import type { Readable } from 'node:stream';

export const PICTURE_TYPES = ['image/jpeg', 'image/png', 'application/zip'] as const;
/** By the first bytes, whatever the name or the declared type says. */
export type PictureType = (typeof PICTURE_TYPES)[number];

/** What a vendor takes; data in its folder. */
export interface PictureLimits {
  types: readonly PictureType[];
  /** Pictures of one order, those within zips counted. */
  most: number;
  /** Bytes of one file, as the EHR has it. */
  largest: number;
}

/**
 * What of a file leaves, in order: a stretch of it, `[from, to)` in bytes, or bytes that do not stand there (a segment that
 * is shortened gets a new head), in base64.
 */
export type Plan = readonly (readonly [from: number, to: number] | string)[];

/** What reading a file whole, once, has shown. */
export interface Inspected {
  contentType: PictureType;
  /** Bytes and lower-case hex SHA-256 of the file as the EHR has it. */
  size: number;
  sha256: string;
  /**
   * CRC-32 (unsigned) of each MiB of the same bytes, the last one shorter: by what it is known again when it is read once
   * more, piece by piece and at a fraction of a hash's time.
   */
  blocks: number[];
  /** Pictures in it: 1, or those within a zip. */
  pictures: number;
  /** Pixels, upright; absent for a zip. */
  width?: number;
  height?: number;
  /** Its EXIF orientation is not the upright one: it has to be drawn anew before it leaves. */
  turned: boolean;
  /** Bytes as it leaves, de-identified; absent where only the making shows (turned, a zip). */
  cleanSize?: number;
  /** Which of them; absent also where it is too long to be kept. */
  plan?: Plan;
}

/** A file as it may leave: upright, without EXIF, GPS, comments and texts, its pixels and colour profile untouched. */
export interface CleanPicture {
  contentType: PictureType;
  size: number;
  /** Nothing but what was inspected; fails with `input-unavailable` before its last byte where the source is that no more. */
  body: Readable;
}
