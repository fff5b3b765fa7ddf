/** The drawing of a preview, as the drawing process does it: a pyramid of a map in, a PNG with its legend out. */
import { bytesOf, hasFont, shrink } from './draw-file.ts';
import { drawLegend, GROUND, type LegendEntry } from './draw-legend.ts';
import type { Sharp } from './one-at-a-time.ts';
import type { Size } from './svg-text.ts';

export interface PreviewJob {
  /** The TIFF, and where the PNG shall stand. */
  from: string;
  to: string;
  legend: readonly LegendEntry[];
  /** What is said of all of it: that a machine has drawn it. */
  banner: string;
  /** Pixels of the longer side of the map at most. */
  longest: number;
}

/** One picture of a TIFF: a page, or one that hangs below the first. */
interface Level extends Size {
  options: { page?: number; tiff?: { subifd: number } };
}

/** Pixels that are decoded at most; each takes microseconds, and nothing beside the map itself can be in need of more. */
const MOST_PIXELS = 1_000_000_000;
/** Levels of a pyramid: each is half as large as the one before. */
const MOST_LEVELS = 32;

/** Draws the map, of the smallest level that is large enough, and below it the legend where this machine can write. */
export async function previewFile(sharp: Sharp, { from, to, legend, banner, longest }: PreviewJob): Promise<Size> {
  const most = Math.max(1, Math.round(longest));
  const level = chooseLevel(await levelsOf(sharp, from), most);
  const shown = shrink(level, most);
  const strip = (await hasFont(sharp)) ? drawLegend(legend, banner, shown.width) : undefined;
  const beside = (strip?.width ?? shown.width) - shown.width;
  const left = Math.floor(beside / 2);
  const { width, height } = await sharp(from, {
    ...level.options,
    limitInputPixels: MOST_PIXELS,
    sequentialRead: true,
    failOn: 'truncated',
  })
    // Each pixel stays of one class: a mixture of two colours would be a third that the legend does not know.
    .resize({ ...shown, fit: 'fill', kernel: 'nearest', fastShrinkOnLoad: false })
    .flatten({ background: '#ffffff' })
    .extend({ left, right: beside - left, bottom: strip?.height ?? 0, background: GROUND })
    .toColourspace('srgb')
    .composite(strip ? [{ input: bytesOf(strip), top: shown.height, left: 0 }] : [])
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toFile(to);
  return { width, height };
}

/** The first picture of the file and those that may be smaller ones of the same. Only headers are read. */
async function levelsOf(sharp: Sharp, from: string): Promise<Level[]> {
  const sizeOf = async (options: Level['options']): Promise<Level> => {
    const { width, height } = await sharp(from, { ...options, limitInputPixels: false }).metadata();
    return { width, height, options };
  };
  const { format, pages = 1, subifds = 0 } = await sharp(from, { limitInputPixels: false }).metadata();
  if (format !== 'tiff') {
    throw new Error('It is no TIFF');
  }
  const others = [
    ...Array.from({ length: pages - 1 }, (_, index) => ({ page: index + 1 })),
    ...Array.from({ length: subifds }, (_, index) => ({ tiff: { subifd: index } })),
  ];
  const levels = [await sizeOf({})];
  for (const options of others.slice(0, MOST_LEVELS)) {
    levels.push(await sizeOf(options));
  }
  return levels;
}

/** The smallest level that need not be enlarged, else the largest that can be decoded; pictures of another shape are none. */
function chooseLevel([first, ...others]: Level[], longest: number): Level {
  const levels = first ? [first, ...others.filter((other) => isSmaller(other, first))] : [];
  const possible = levels
    .filter(({ width, height }) => width * height <= MOST_PIXELS)
    .sort((a, b) => a.width * a.height - b.width * b.height);
  const chosen = possible.find(({ width, height }) => Math.max(width, height) >= longest) ?? possible.at(-1);
  if (!chosen) {
    throw new Error('It has too many pixels');
  }
  return chosen;
}

/** Whether it is the same picture, scaled down: halving a side again and again rounds it off. */
function isSmaller(other: Size, first: Size): boolean {
  const scale = other.width / first.width;
  return scale < 1 && Math.abs(other.height - first.height * scale) <= Math.max(2, scale * first.height * 0.02);
}
