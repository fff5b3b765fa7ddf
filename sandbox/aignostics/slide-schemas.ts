/** What versions want to know of a slide, and say of its results: JSON Schemas (draft-07) in the vendor's three dialects. */
import type { Dialect } from './options.ts';

const DRAFT = 'http://json-schema.org/draft-07/schema#';
const pixels = { type: 'integer', minimum: 1, maximum: 150_000 };
const micrometres = { type: 'number', minimum: 0.125, maximum: 0.5 };
const text = { type: 'string' };

/** The vendor's words for what a slide shows. */
const DISEASES = [
  ...['BREAST_CANCER', 'LUNG_CANCER', 'COLORECTAL_CANCER', 'BLADDER_CANCER', 'LIVER_CANCER', 'PROSTATE_CANCER'],
  ...['PANCREATIC_CANCER', 'STOMACH_CANCER', 'OVARIAN_CANCER', 'OTHER'],
];
const TISSUES = [
  ...['ADRENAL_GLAND', 'BLADDER', 'BONE', 'BRAIN', 'BREAST', 'COLON', 'LIVER', 'LUNG', 'LYMPH_NODE', 'OTHER'],
];
const MEDIA_TYPES = ['image/tiff', 'application/dicom', 'application/zip', 'application/octet-stream'];

const specimen = {
  type: 'object',
  required: ['disease'],
  properties: {
    disease: { type: 'string', enum: DISEASES },
    tissue: { type: 'string', enum: TISSUES, default: 'OTHER' },
  },
  additionalProperties: false,
};
const modern = {
  checksum_base64_crc32c: text,
  width_px: pixels,
  height_px: pixels,
  resolution_mpp: micrometres,
  staining_method: { type: 'string', enum: ['H&E'] },
  specimen,
};

const closed = (required: string[], properties: object, rest: object = {}) => ({
  $schema: DRAFT,
  type: 'object',
  title: 'ExternalImageMetadata',
  required,
  properties,
  additionalProperties: false,
  ...rest,
});

/** Of the input slide of Atlas H&E-TME. */
export const TME_INPUT: Record<Dialect, object> = {
  'base-mpp': closed(
    ['checksum_crc32c', 'base_mpp', 'width', 'height', 'cancer'],
    {
      stain: { type: 'string', enum: ['H&E'], const: 'H&E', default: 'H&E' },
      width: pixels,
      height: pixels,
      base_mpp: micrometres,
      mime_type: { type: 'string', enum: ['application/dicom', 'image/tiff'], default: 'image/tiff' },
      checksum_crc32c: text,
      cancer: { anyOf: [{ $ref: '#/$defs/LungCancerMetadata' }] },
    },
    {
      $defs: {
        LungCancerMetadata: {
          type: 'object',
          required: ['type', 'tissue'],
          properties: {
            type: { type: 'string', enum: ['lung'], const: 'lung' },
            tissue: { type: 'string', enum: ['lung', 'lymph node', 'liver', 'adrenal gland', 'bone', 'brain'] },
          },
          additionalProperties: false,
        },
      },
    },
  ),
  'input-slide': closed([...Object.keys(modern), 'media-type'], {
    ...modern,
    'media-type': { type: 'string', enum: MEDIA_TYPES },
  }),
  'whole-slide-image': closed(['checksum_base64_crc32c', 'staining_method', 'specimen'], {
    ...modern,
    media_type: { type: 'string', enum: MEDIA_TYPES, default: 'image/tiff' },
  }),
};

const { checksum_base64_crc32c, width_px, height_px, resolution_mpp } = modern;
const technical = { checksum_base64_crc32c, width_px, height_px, resolution_mpp };

/** Of the test application's slide: nothing is asked that a person would have to know. */
export const TEST_INPUT: Record<Dialect, object> = {
  'base-mpp': closed(['checksum_crc32c', 'base_mpp', 'width', 'height'], {
    ...{ width: pixels, height: pixels, base_mpp: micrometres, checksum_crc32c: text },
    mime_type: { type: 'string', enum: ['application/dicom', 'image/tiff'], default: 'image/tiff' },
  }),
  'input-slide': closed([...Object.keys(technical), 'media-type'], {
    ...technical,
    'media-type': { type: 'string', enum: MEDIA_TYPES },
  }),
  'whole-slide-image': closed(Object.keys(technical), technical),
};

const byte = { type: 'integer', minimum: 0, maximum: 255 };
const colours = { type: 'object', additionalProperties: { type: 'array', minItems: 3, maxItems: 3, items: byte } };

/** Of a result's file; `isMap`: it is a picture with a legend. */
export function outputSchema(dialect: Dialect, mimeType: string, isMap: boolean): object {
  const type = { type: 'string', const: mimeType };
  const size = { type: 'integer' };
  if (dialect === 'base-mpp') {
    return {
      $schema: DRAFT,
      type: 'object',
      required: ['checksum_crc32c', ...(isMap ? ['width', 'height', 'class_colors'] : [])],
      properties: {
        ...{ checksum_crc32c: text, mime_type: type },
        ...(isMap && { width: size, height: size, base_mpp: { type: 'number' }, class_colors: colours }),
      },
      additionalProperties: false,
    };
  }
  return {
    $schema: DRAFT,
    type: 'object',
    required: ['checksum_base64_crc32c'],
    properties: { checksum_base64_crc32c: text, media_type: type, ...(isMap && { class_colors: colours }) },
    additionalProperties: true,
  };
}
