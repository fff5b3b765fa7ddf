/** What is known of a whole-slide image; nothing here knows FHIR, a vendor or a storage. */

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
