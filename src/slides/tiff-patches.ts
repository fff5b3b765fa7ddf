/**
 * Plans what of a TIFF or SVS slide is overwritten. Everything that is not shown to be pixels of the slide, or numbers by
 * which they are read, becomes zeros: labels, texts, and also what no directory names any more.
 */
import { joinPatches } from './join-patches.ts';
import { assertApart, type Ranges, zerosBetween } from './kept-ranges.ts';
import type { Bytes } from './read-ahead.ts';
import { notCleanable } from './refusals.ts';
import { type Directory, readTiff, type Tiff } from './tiff.ts';
import { type Image, keptImages, readImages } from './tiff-images.ts';
import { firstPlaceAt, placeSize, writeUint } from './tiff-layout.ts';
import { pixelRanges } from './tiff-pixels.ts';
import { descriptionOf, type Rewritten, rewriteDirectory } from './tiff-rewrite.ts';
import type { Patch } from './types.ts';

/** Reads the directories and where the tiles are, nothing of the pixels. Throws `input-unsupported`, `input-too-large`. */
export async function tiffPatches(bytes: Bytes): Promise<Patch[]> {
  const tiff = await readTiff(bytes);
  const found = await readImages(tiff);
  const kept = keptImages(found);
  const chain = tiff.directories.filter((directory) => imageIn(kept, directory));
  if (!chain.includes(found.main.parent)) {
    throw notCleanable('the tissue and another image are stored in one');
  }
  const written = [firstPlace(tiff, chain[0])];
  const pixels: Ranges[] = [];
  for (const [index, directory] of chain.entries()) {
    const next = chain[index + 1]?.at ?? 0;
    const children = directory.children.filter((child) => imageIn(kept, child));
    for (const [part, ifd] of [[directory, next] as const, ...children.map((child) => [child, 0] as const)]) {
      const image = imageIn(kept, part);
      if (image) {
        const description = descriptionOf(image, found, chain.indexOf(found.main.directory));
        written.push(rewriteDirectory(tiff, part, { next: ifd, children, description }));
        pixels.push(await pixelRanges(tiff, image));
      }
    }
  }
  return plan(bytes.size, written, pixels);
}

const imageIn = (kept: ReadonlySet<Image>, directory: Directory): Image | undefined =>
  [...kept].find((image) => image.directory === directory);

/** The file's head, which names the first directory. */
function firstPlace({ layout }: Tiff, first: Directory | undefined): Rewritten {
  const at = firstPlaceAt(layout);
  const bytes = new Uint8Array(placeSize(layout));
  writeUint(layout, bytes, 0, bytes.length, first?.at ?? 0);
  return { patches: [{ offset: at, bytes }], kept: [{ start: 0, end: at }] };
}

function plan(size: number, written: readonly Rewritten[], pixels: readonly Ranges[]): Patch[] {
  const patches = written.flatMap((one) => one.patches);
  const kept = columns(written.flatMap((one) => one.kept));
  const anew = columns(patches.map(({ offset, bytes }) => ({ start: offset, end: offset + bytes.length })));
  assertApart([anew], [...pixels, kept]);
  return joinPatches([...patches, ...zerosBetween([anew, kept, ...pixels], size)]);
}

function columns(ranges: readonly { start: number; end: number }[]): Ranges {
  return {
    starts: Float64Array.from(ranges, ({ start }) => start),
    ends: Float64Array.from(ranges, ({ end }) => end),
  };
}
