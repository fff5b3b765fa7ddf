/** The files that come of a slide: the same slide, the same bytes. */

import { setImmediate as breathe } from 'node:timers/promises';
import type { Kind } from './applications.ts';
import { createChecksum } from './checksum.ts';
import { drawMap } from './heat-map.ts';
import { inPieces } from './in-pieces.ts';
import type { Settings } from './options.ts';
import { cellPolygons, tissuePolygons } from './polygons.ts';
import { cellReadouts, classInformation, slideReadouts } from './readouts.ts';
import { CLASSES, readSlide, type Slide } from './slide.ts';
import type { Item, OutputArtifact, Run } from './world.ts';

export interface Rendered {
  size: number;
  /** Base64 of the CRC-32C. */
  checksum: string;
  /** Of a map. */
  width?: number;
  height?: number;
  /** The content from its beginning, as often as it is asked for. */
  pieces(): Iterable<Uint8Array>;
}

type Lines = (slide: Slide, stage: 'tissue_qc' | 'tissue_segmentation', options: Settings) => Iterable<string>;

const TEXTS: Record<Exclude<Kind, 'map'>, Lines> = {
  'tissue-polygons': (slide, stage) => tissuePolygons(slide, stage),
  'class-information': (slide, stage) => classInformation(slide, stage),
  'cell-polygons': (slide, _stage, { polygons }) => cellPolygons(slide, polygons),
  'slide-readouts': (slide) => slideReadouts(slide),
  'cell-readouts': (slide, _stage, { cellRows }) => cellReadouts(slide, cellRows),
};

/** The file of an artifact. Maps are kept, texts are written anew each time: they may be larger than what one keeps. */
export function render(run: Run, item: Item, output: OutputArtifact, options: Settings): Promise<Rendered> {
  output.rendered ??= make(run, item, output, options);
  return output.rendered;
}

async function make(_run: Run, item: Item, { spec }: OutputArtifact, options: Settings): Promise<Rendered> {
  const slide = readSlide(item.input.metadata, item.download.outcome?.checksum ?? '');
  const stage = spec.stage === 'tissue_qc' ? 'tissue_qc' : 'tissue_segmentation';
  if (spec.kind === 'map') {
    const { bytes, width, height } = await drawMap(slide, stage, options.mapSize);
    return { ...(await measured(() => [bytes])), width, height };
  }
  const lines = TEXTS[spec.kind];
  return measured(() => inPieces(lines(slide, stage, options)));
}

async function measured(pieces: () => Iterable<Uint8Array>): Promise<Rendered> {
  const checksum = createChecksum();
  let size = 0;
  for (const piece of pieces()) {
    checksum.add(piece);
    size += piece.length;
    // A million rows take seconds: others want to be answered meanwhile.
    await breathe();
  }
  return { size, checksum: checksum.base64(), pieces };
}

/** What the API says of an artifact's file, in the words of the version's dialect. */
export function artifactMetadata({ version }: Run, { spec }: OutputArtifact, rendered: Rendered): object {
  const { checksum, width, height } = rendered;
  const isMap = spec.kind === 'map';
  const stage = spec.stage === 'tissue_qc' ? 'tissue_qc' : 'tissue_segmentation';
  const class_colors = Object.fromEntries(CLASSES[stage].map(({ name, colour }) => [name, colour]));
  return version.dialect === 'base-mpp'
    ? { checksum_crc32c: checksum, mime_type: spec.mimeType, ...(isMap && { width, height, class_colors }) }
    : { checksum_base64_crc32c: checksum, media_type: spec.mimeType, ...(isMap && { class_colors }) };
}
