/** Where an image's pixels are in the file. */
import type { Ranges } from './kept-ranges.ts';
import { damaged } from './refusals.ts';
import { numberOf, numbersOf, type Tiff } from './tiff.ts';
import type { Image } from './tiff-images.ts';
import { TAG } from './tiff-tags.ts';

/** No codec makes pixels more than twice as long, tables and a comment included. */
const CODED_AT_MOST = (raw: number) => 2 * raw + 64 * 1024;

/**
 * All tiles or strips of the image. Throws `input-unsupported` where their sizes cannot be: they would declare bytes to be
 * pixels that are not.
 */
export async function pixelRanges(tiff: Tiff, image: Image): Promise<Ranges> {
  const { entries } = image.directory;
  const starts = await numbersOf(tiff, entries.get(image.tile ? TAG.TileOffsets : TAG.StripOffsets));
  const counts = await numbersOf(tiff, entries.get(image.tile ? TAG.TileByteCounts : TAG.StripByteCounts));
  const most = CODED_AT_MOST(await rawSize(tiff, image));
  if (starts.length === 0 || starts.length !== counts.length || counts.some((count) => count > most)) {
    throw damaged();
  }
  // Sparse slides say 0 and 0 of tiles that are blank.
  return { starts, ends: starts.map((start, index) => start + (counts[index] ?? 0)) };
}

/** Bytes of one tile or strip before coding. */
async function rawSize(tiff: Tiff, { directory: { entries }, width, height, tile, samples }: Image): Promise<number> {
  const bits = (await numberOf(tiff, entries.get(TAG.BitsPerSample))) ?? 1;
  const rows = Math.min((await numberOf(tiff, entries.get(TAG.RowsPerStrip))) ?? height, height);
  const pixels = tile ? tile.width * tile.height : width * rows;
  return Math.ceil((pixels * samples * bits) / 8);
}
