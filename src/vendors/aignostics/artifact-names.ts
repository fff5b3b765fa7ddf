/** How the platform's files are called in the order's files and for people, and which of them we look into. Pure. */
import type { Artifact } from './state.ts';
import { spelt } from './words.ts';

/** What a file's name ends in, by its type. */
const ENDINGS: Readonly<Record<string, string>> = {
  'image/tiff': 'tiff',
  'image/png': 'png',
  'text/csv': 'csv',
  'application/geo+json': 'geojson',
  'application/json': 'json',
  'application/vnd.apache.parquet': 'parquet',
};

const stem = (name: string): string => name.replaceAll(/[^A-Za-z0-9-]+/g, '_').replace(/^_+|_+$/g, '') || 'file';

/** `slide-1/tissue_qc_segmentation_map_image.tiff`. The same for the same slide and artifact, whatever the run. */
export function fileName(number: number, { name, contentType }: Pick<Artifact, 'name' | 'contentType'>): string {
  return `slide-${number}/${stem(name)}.${ENDINGS[contentType] ?? 'bin'}`;
}

export const previewName = (number: number, name: string): string => `slide-${number}/${stem(name)}.preview.png`;

/** `Slide 1: tissue qc, segmentation map image`. */
export function titleOf(number: number, name: string): string {
  return `Slide ${number}: ${name.split(':').map(spelt).join(', ')}`;
}

/** The whole table of the slide's numbers. */
export const isReadouts = ({ name, contentType }: Artifact): boolean =>
  /(?:^|[:_])slide_readouts?$/i.test(name) && contentType === 'text/csv';

/** A segmentation as a picture. Early versions called it a heat map. */
export const isMap = ({ name, contentType }: Artifact): boolean => contentType === 'image/tiff' && /map/i.test(name);
