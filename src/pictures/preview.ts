import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AdapterError } from '../errors.ts';
import { drawApart } from './draw-apart.ts';
import type { LegendEntry } from './draw-legend.ts';
import { BANNER } from './draw-overlay.ts';
import type { Size } from './svg-text.ts';
import { openTempFile, spoolFile } from './temp-file.ts';

export type { LegendEntry } from './draw-legend.ts';

export interface Preview extends Size {
  /** Without metadata. `width` and `height` are its pixels, the strip of words included. */
  png: Uint8Array;
}

export interface PreviewOptions {
  /** Pixels of the longer side of the map; a smaller map is not enlarged. */
  longest?: number;
  /** What stands above the legend; default: that no clinician has verified it. */
  banner?: string;
}

const LONGEST = 1200;

/**
 * A vendor's heat map, a TIFF of one picture or a pyramid, as a PNG for people: below it the banner, and what its colours
 * mean. Drawn one at a time in the drawing process, of the smallest level that will do; the file is spooled to the disk
 * first, and `tiff` is read to its end or destroyed. Throws `vendor-protocol` (permanent) where it cannot be decoded, and
 * what the stream throws.
 */
export async function previewTiff(
  tiff: Readable,
  legend: readonly LegendEntry[],
  { longest = LONGEST, banner = BANNER }: PreviewOptions = {},
): Promise<Preview> {
  await using source = await spoolFile(tiff);
  await using target = await openTempFile();
  const job = { from: source.path, to: target.path, legend, banner, longest };
  const size = await drawApart.preview(job).catch(refuse);
  return { ...size, png: await readFile(target.path) };
}

/** It is the vendor's file, none of the order's: nobody who ordered can send a better one. */
function refuse(thrown: unknown): never {
  if (thrown instanceof AdapterError) {
    throw thrown;
  }
  const message = 'A heat map of the vendor could not be decoded to draw a preview of it';
  throw new AdapterError('vendor-protocol', message, { kind: 'permanent', cause: thrown });
}
