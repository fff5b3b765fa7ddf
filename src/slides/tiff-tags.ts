/** Tags of TIFF 6.0 and its supplements, as far as slides are concerned. */

export const TAG = {
  NewSubfileType: 254,
  ImageWidth: 256,
  ImageLength: 257,
  BitsPerSample: 258,
  Compression: 259,
  ImageDescription: 270,
  StripOffsets: 273,
  SamplesPerPixel: 277,
  RowsPerStrip: 278,
  StripByteCounts: 279,
  XResolution: 282,
  ResolutionUnit: 296,
  TileWidth: 322,
  TileLength: 323,
  TileOffsets: 324,
  TileByteCounts: 325,
  SubIFDs: 330,
  JPEGTables: 347,
  XMP: 700,
  ICCProfile: 34675,
  /** Private: only Hamamatsu's NDPI has it. */
  NdpiFormat: 65420,
} as const;

/** What makes pixels and colours. Whatever is not listed goes: dates, people, programs, XMP, EXIF, GPS, private tags. */
export const KEPT_TAGS: ReadonlySet<number> = new Set([
  ...Object.values(TAG).filter((tag) => tag !== TAG.XMP && tag !== TAG.NdpiFormat),
  255, // SubfileType
  262, // PhotometricInterpretation
  266, // FillOrder
  274, // Orientation
  283, // YResolution
  284, // PlanarConfiguration
  292, // T4Options
  293, // T6Options
  301, // TransferFunction
  317, // Predictor
  318, // WhitePoint
  319, // PrimaryChromaticities
  320, // ColorMap
  338, // ExtraSamples
  339, // SampleFormat
  340, // SMinSampleValue
  341, // SMaxSampleValue
  529, // YCbCrCoefficients
  530, // YCbCrSubSampling
  531, // YCbCrPositioning
  532, // ReferenceBlackWhite
  32997, // ImageDepth
]);

/** Kept tags whose values are bytes without a meaning in TIFF; all others are numbers, and one that is not goes. */
export const OPAQUE_TAGS: ReadonlySet<number> = new Set([TAG.JPEGTables, TAG.ICCProfile]);

/** The types of values, with the bytes of one. */
export const ASCII = 2;
export const UNDEFINED = 7;
export const TYPE_SIZES: Readonly<Record<number, number>> = {
  1: 1, // BYTE
  [ASCII]: 1,
  3: 2, // SHORT
  4: 4, // LONG
  5: 8, // RATIONAL
  6: 1, // SBYTE
  [UNDEFINED]: 1,
  8: 2, // SSHORT
  9: 4, // SLONG
  10: 8, // SRATIONAL
  11: 4, // FLOAT
  12: 8, // DOUBLE
  13: 4, // IFD
  16: 8, // LONG8
  17: 8, // SLONG8
  18: 8, // IFD8
};

/** Old-style JPEG: its data lie outside the tiles, where no reader can tell whose they are. */
export const OLD_JPEG = 6;
