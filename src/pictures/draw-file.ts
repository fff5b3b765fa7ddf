/** The drawing itself, as the drawing process does it: file-in, PNG out. */
import { type Circle, drawLetter, drawRings, drawStrip, placeCircles } from './draw-overlay.ts';
import type { Sharp } from './one-at-a-time.ts';
import type { Drawing, Size } from './svg-text.ts';

/** What was drawn; the PNG itself stands in the file that was asked for. */
export interface Drawn {
  /** Pixels of the PNG, the strip of words below the picture included. */
  width: number;
  height: number;
  drawn: number;
  /** Circles that are not seen: beside the picture, around all of it, or without a place that is a number. */
  outside: number;
}

/** A picture on the disk, and what shall be circled on it. */
export interface CircleJob {
  from: string;
  to: string;
  circles: readonly Circle[];
  /** Pixels of the longer side at most. */
  longest: number;
}

/** A picture of more pixels is none that a microscope or camera has made. */
const MOST_PIXELS = 300_000_000;

/** Draws the circles, and the strip of words below the picture where this machine can write. */
export async function drawFile(sharp: Sharp, { from, to, circles, longest }: CircleJob): Promise<Drawn> {
  const open = () => sharp(from, { limitInputPixels: MOST_PIXELS, sequentialRead: true, failOn: 'truncated' });
  const full = await open().metadata();
  const shown = shrink(full, Math.max(1, Math.round(longest)));
  const { rings, outside } = placeCircles(circles, full, shown);
  const strip = (await hasFont(sharp)) ? drawStrip(rings, shown.width) : undefined;
  const layers = [{ input: bytesOf(drawRings(rings, shown)), top: 0, left: 0 }];
  if (strip) {
    layers.push({ input: bytesOf(strip), top: shown.height, left: 0 });
  }
  const { width, height } = await open()
    .resize({ ...shown, fit: 'fill' })
    .flatten({ background: '#ffffff' })
    .extend({ bottom: strip?.height ?? 0, background: '#202020' })
    .toColourspace('srgb')
    .composite(layers)
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toFile(to);
  return { width, height, drawn: rings.length, outside };
}

/** The size as shown; a JPEG is decoded at a fraction of its own where that will do. */
export function shrink({ width, height }: Size, longest: number): Size {
  const scale = Math.min(1, longest / Math.max(width, height));
  const scaled = (side: number): number => Math.max(1, Math.round(side * scale));
  return { width: scaled(width), height: scaled(height) };
}

export const bytesOf = ({ svg }: Drawing): Buffer => Buffer.from(svg);

let fonts: Promise<boolean> | undefined;

/**
 * Whether this machine can write at all: a slim container has no font, and its words would be a row of empty boxes. Then
 * there is no strip; the AI label of the resource that holds the picture says the same.
 */
export function hasFont(sharp: Sharp): Promise<boolean> {
  const ink = async (letter: 'W' | 'l'): Promise<number> => {
    const { data } = await sharp(bytesOf(drawLetter(letter)))
      .raw()
      .toBuffer({ resolveWithObject: true });
    return data.reduce((sum, value) => sum + (value > 127 ? 1 : 0), 0);
  };
  fonts ??= Promise.all([ink('W'), ink('l')]).then(([wide, narrow]) => wide > narrow * 1.5);
  return fonts;
}
