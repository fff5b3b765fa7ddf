/**
 * What is known of a picture, and what a vendor takes. A picture is a file that holds one (JPEG, PNG) or several (a zip
 * of such); nothing here knows FHIR or a vendor.
 */

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

/** What reading a file whole, once, has shown. */
export interface Inspected {
  contentType: PictureType;
  /** Bytes and lower-case hex SHA-256 of the file as the EHR has it. */
  size: number;
  sha256: string;
  /** Pictures in it: 1, or those within a zip. */
  pictures: number;
  /** Pixels, upright; absent for a zip. */
  width?: number;
  height?: number;
  /** Its EXIF orientation is not the upright one: it has to be drawn anew before it leaves. */
  turned: boolean;
  /** Bytes as it leaves, de-identified; absent where only the making shows (turned, a zip). */
  cleanSize?: number;
}

/** A file as it may leave: upright, without EXIF, GPS, comments and texts, its pixels and colour profile untouched. */
export interface CleanPicture {
  contentType: PictureType;
  size: number;
  /** Fails with `input-unavailable` before its last byte where the source is no longer what was inspected. */
  body: ReadableStream<Uint8Array>;
}
