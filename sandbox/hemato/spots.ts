/** Finds what is stained dark in a picture, and says by size and surroundings what it may be. Plays a model's eye. */
import type { Size } from './image-size.ts';

export interface Circle {
  /** Pixels of the picture. */
  x: number;
  y: number;
  radius: number;
}

export interface Spot extends Circle {
  kind: 'ring trophozoite' | 'platelet' | 'leukocyte';
}

interface Pixels extends Size {
  /** Red, green and blue, three bytes a pixel, row by row. */
  data: Uint8Array;
}

/** Pixels of one connected dark region. */
interface Region {
  area: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Larger pictures are looked at in this length of their longer side. */
const LONGEST = 1200;
const MOST_PIXELS = 60_000_000;
const MOST_OF_A_KIND = 60;
/** A red cell's share of the longer side where nobody has said how many pixels it is. */
const CELL_SHARE = 0.07;

/** The spots of a picture, from above to below; none where it cannot be decoded. `cell` is a red cell's diameter in pixels. */
export async function findSpots(picture: Buffer, cell: number | undefined): Promise<Spot[]> {
  try {
    const { default: sharp } = await import('sharp');
    const opened = sharp(picture, { failOn: 'none', limitInputPixels: MOST_PIXELS });
    const { width = 0, height = 0 } = await opened.metadata();
    const { data, info } = await opened
      .resize({ width: LONGEST, height: LONGEST, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) {
      return [];
    }
    const scale = Math.max(width, height) / Math.max(info.width, info.height);
    const spots = spotsOf({ data, width: info.width, height: info.height }, cell && cell / scale);
    return spots.map(({ kind, x, y, radius }) => ({
      kind,
      x: Math.min(width - 1, Math.round(x * scale)),
      y: Math.min(height - 1, Math.round(y * scale)),
      radius: Math.max(1, Math.round(radius * scale)),
    }));
  } catch {
    return [];
  }
}

function spotsOf(pixels: Pixels, cell = Math.max(pixels.width, pixels.height) * CELL_SHARE): Spot[] {
  const counts: Record<string, number> = {};
  return regions(pixels).flatMap((region): Spot[] => {
    const across = Math.max(region.right - region.left, region.bottom - region.top) + 1;
    const at = { x: (region.left + region.right) / 2, y: (region.top + region.bottom) / 2 };
    // Specks, and dark areas too large for any cell: dirt, the edge of the slide.
    if (region.area < (0.08 * cell) ** 2 || across > 2.5 * cell) {
      return [];
    }
    const small = across < 0.6 * cell;
    const kind = !small
      ? 'leukocyte'
      : isInRedCell(pixels, at, across / 2 + 0.12 * cell)
        ? 'ring trophozoite'
        : 'platelet';
    counts[kind] = (counts[kind] ?? 0) + 1;
    return counts[kind] > MOST_OF_A_KIND ? [] : [{ kind, ...at, radius: across / 2 + 0.12 * cell }];
  });
}

/** Whether most of what is around it has the red of a cell; outside the picture there is none. */
function isInRedCell({ data, width, height }: Pixels, at: { x: number; y: number }, radius: number): boolean {
  const directions = Array.from({ length: 12 }, (_, step) => (step * Math.PI) / 6);
  const red = directions.filter((angle) => {
    const [x, y] = [Math.round(at.x + radius * Math.cos(angle)), Math.round(at.y + radius * Math.sin(angle))];
    const index = 3 * (y * width + x);
    return x >= 0 && y >= 0 && x < width && y < height && (data[index] ?? 0) - (data[index + 2] ?? 0) > 25;
  });
  return red.length > directions.length / 2;
}

/** Dark violet, as the stain colours nuclei and chromatin. */
function isStained(red: number, green: number, blue: number): boolean {
  return blue > green + 25 && red > green + 8 && blue > red - 10 && red + 2 * green + blue < 600;
}

function regions({ data, width, height }: Pixels): Region[] {
  const stained = new Uint8Array(width * height);
  for (let index = 0; index < stained.length; index++) {
    const from = 3 * index;
    stained[index] = isStained(data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0) ? 1 : 0;
  }
  const found: Region[] = [];
  for (let index = stained.indexOf(1); index >= 0; index = stained.indexOf(1, index + 1)) {
    found.push(grow(stained, index, width));
  }
  return found;
}

/** The region around a pixel, which it takes off the map. */
function grow(stained: Uint8Array, start: number, width: number): Region {
  const region: Region = { area: 0, left: width, right: 0, top: Number.MAX_SAFE_INTEGER, bottom: 0 };
  const waiting = [start];
  stained[start] = 0;
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const [x, y] = [index % width, Math.floor(index / width)];
    region.area += 1;
    region.left = Math.min(region.left, x);
    region.right = Math.max(region.right, x);
    region.top = Math.min(region.top, y);
    region.bottom = Math.max(region.bottom, y);
    const beside = [x > 0 ? index - 1 : -1, x < width - 1 ? index + 1 : -1, index - width, index + width];
    for (const other of beside) {
      if (stained[other] === 1) {
        stained[other] = 0;
        waiting.push(other);
      }
    }
  }
  return region;
}
