/** A segmentation as a picture: a small pyramidal TIFF in the colours of its classes. */
import sharp from 'sharp';
import { numbersOf } from '../random.ts';
import { CLASSES, type Segmentation, type Slide } from './slide.ts';

/** Points of the coarse noise across the picture. */
const GRID = 9;
/** Pixels of a side, however narrow the slide is. */
const LEAST = 16;
/** Half-axes of the tissue, as shares of the picture. */
const TISSUE = { across: 0.4, down: 0.36 };
/** Which share of the ellipse's edge is frayed. */
const FRAY = 0.35;

/**
 * Draws classes so that each takes the share of the tissue that the tables say: regions of a smooth noise, ranked.
 * `size`: pixels of the longer side.
 */
export async function drawMap(slide: Slide, stage: Segmentation, size: number) {
  const scale = size / Math.max(slide.width, slide.height);
  const scaled = (side: number) => Math.max(LEAST, Math.round(side * scale));
  const [width, height] = [scaled(slide.width), scaled(slide.height)];
  const classes = classesOf(slide, stage, width, height);
  const pixels = Buffer.alloc(width * height * 3);
  classes.forEach((index, place) => {
    const [background] = CLASSES[stage];
    pixels.set((CLASSES[stage][index] ?? background).colour, place * 3);
  });
  const bytes = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .tiff({
      compression: 'deflate',
      predictor: 'horizontal',
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
    })
    .toBuffer();
  return { bytes, width, height };
}

/** The class of each pixel by its place in the table, 0 outside of the tissue. */
function classesOf(slide: Slide, stage: Segmentation, width: number, height: number): Uint8Array {
  // One shape of the tissue for all maps of a slide, so that they can be laid over one another.
  const edge = noise(numbersOf(`${slide.seed} tissue`), width, height);
  const inner = noise(numbersOf(`${slide.seed} ${stage}`), width, height);
  const places = Array.from({ length: width * height }, (_value, place) => place).filter((place) => {
    const [x, y] = [(place % width) / width - 0.5, Math.floor(place / width) / height - 0.5];
    return (x / TISSUE.across) ** 2 + (y / TISSUE.down) ** 2 < 1 - FRAY + FRAY * 2 * ((edge[place] ?? 0) - 0.5);
  });
  places.sort((a, b) => (inner[a] ?? 0) - (inner[b] ?? 0));
  const classes = new Uint8Array(width * height);
  let reached = 0;
  let from = 0;
  CLASSES[stage].slice(1).forEach(({ name }, index) => {
    reached += slide.shares[stage].get(name) ?? 0;
    const until = Math.round(reached * places.length);
    for (const place of places.slice(from, until)) {
      classes[place] = index + 1;
    }
    from = until;
  });
  return classes;
}

/** Values from 0 to 1 that change smoothly across the picture, row by row. */
function noise(chance: () => number, width: number, height: number): Float64Array {
  const coarse = Float64Array.from({ length: GRID * GRID }, chance);
  const at = (x: number, y: number) => coarse[Math.min(y, GRID - 1) * GRID + Math.min(x, GRID - 1)] ?? 0;
  const values = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const [row, down] = split((y / height) * (GRID - 1));
    for (let x = 0; x < width; x++) {
      const [column, right] = split((x / width) * (GRID - 1));
      const above = mix(at(column, row), at(column + 1, row), right);
      const below = mix(at(column, row + 1), at(column + 1, row + 1), right);
      values[y * width + x] = mix(above, below, down);
    }
  }
  return values;
}

/** The whole part, and the rest eased at both ends, so that no grid shows. */
function split(value: number): [whole: number, rest: number] {
  const whole = Math.floor(value);
  const rest = value - whole;
  return [whole, rest * rest * (3 - 2 * rest)];
}

const mix = (a: number, b: number, share: number) => a + (b - a) * share;
