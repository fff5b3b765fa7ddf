/**
 * How the versions call what they want to know of a slide, as data. Three dialects are known; a fourth is likely to mix
 * them. Names stand in the order in which they are tried where a version does not list its own.
 */
export const CONCEPTS = ['checksum', 'mediaType', 'width', 'height', 'resolution', 'stain', 'specimen'] as const;
export type Concept = (typeof CONCEPTS)[number];

export const ALIASES: Readonly<Record<Concept, readonly [string, ...string[]]>> = {
  checksum: ['checksum_base64_crc32c', 'checksum_crc32c'],
  mediaType: ['media_type', 'media-type', 'mime_type'],
  width: ['width_px', 'width'],
  height: ['height_px', 'height'],
  resolution: ['resolution_mpp', 'base_mpp'],
  stain: ['staining_method', 'stain'],
  specimen: ['specimen', 'cancer'],
};

/** Within the specimen. */
export const SPECIMEN_ALIASES = {
  disease: ['disease', 'type'],
  tissue: ['tissue'],
} as const;

/** For a clinician: what a field holds. */
export const CONCEPT_WORDS: Readonly<Record<Concept | 'disease' | 'tissue', string>> = {
  checksum: 'checksum',
  mediaType: 'file type',
  width: 'width in pixels',
  height: 'height in pixels',
  resolution: 'resolution in µm per pixel',
  stain: 'staining method',
  specimen: 'disease and tissue',
  disease: 'disease',
  tissue: 'tissue',
};

/** What a field of any dialect holds; undefined for one that no dialect has. */
export function conceptOf(field: string): keyof typeof CONCEPT_WORDS | undefined {
  const within = Object.entries(SPECIMEN_ALIASES).find(([, names]) => names.some((name) => name === field))?.[0];
  return within === 'disease' || within === 'tissue'
    ? within
    : CONCEPTS.find((concept) => ALIASES[concept].includes(field));
}
