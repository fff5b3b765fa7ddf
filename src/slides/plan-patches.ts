/** What of a slide has to be overwritten before it leaves, so that nothing in it says whose it is. */
import { dicomPatches } from './dicom-patches.ts';
import { kindOf } from './inspect.ts';
import { type Bytes, readAhead } from './read-ahead.ts';
import type { Kind } from './sniff.ts';
import { tiffPatches } from './tiff-patches.ts';
import type { Patch, ReadAt } from './types.ts';
import { zipPatches } from './zip-patches.ts';

const PATCHES: Record<Kind, (bytes: Bytes) => Promise<Patch[]>> = {
  tiff: tiffPatches,
  dicom: dicomPatches,
  zip: zipPatches,
};

/**
 * Sorted patches that do not overlap; the file keeps its length and the slide its pixels. The same file gives the same
 * patches, so that a transfer can be taken up again. Reads headers and the tables of tiles, not the pixels.
 *
 * Throws like inspectSlide, and `input-unsupported` where the file cannot be made anonymous as it passes.
 */
export async function planPatches(readAt: ReadAt, size: number): Promise<Patch[]> {
  const bytes = readAhead(readAt, size);
  return PATCHES[await kindOf(bytes)](bytes);
}
