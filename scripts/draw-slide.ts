/**
 * Draws a whole-slide image as a scanner writes it: tissue in pink and violet, its smaller copies, a thumbnail, and what
 * must not leave a hospital: a label, a picture of the whole glass, names in the texts. Run by itself it writes the sandbox's
 * example, sandbox/examples/slide.svs: the same file each time.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { type TagValue, type TiffImage, type TiffWish, writeTiff } from '../test/support/write-tiff.ts';

const TILE = 256;
/** Micrometres a pixel. */
export const MPP = 0.4991;

/** Names as they stand in such files, none of them anybody's: nothing of these may be left after cleaning. */
export const SECRETS = ['Doe^Jane', 'S26-004711', 'SS7542', 'wadkins', 'B26-4711-A2', '11/21/26', '14:33:07'];

/** Numbers between two bounds, the same at every run (mulberry32). */
function numbers(seed: number): (low: number, high: number) => number {
  let state = seed;
  return (low, high) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return low + (((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * (high - low);
  };
}

const n = (value: number) => value.toFixed(1);

function blob(x: number, y: number, radius: number, between: (low: number, high: number) => number): string {
  const corners = Array.from({ length: 14 }, (_, index) => {
    const angle = (index / 14) * 2 * Math.PI;
    const reach = radius * between(0.8, 1.15);
    return `${n(x + reach * Math.cos(angle))},${n(y + reach * Math.sin(angle))}`;
  });
  return `<polygon points="${corners.join(' ')}" fill="#e9a6c4" stroke="#e9a6c4" stroke-width="${n(radius / 5)}" stroke-linejoin="round"/>`;
}

/** A section stained with H&E: pieces of tissue, glands with violet nuclei around a pale lumen, lymphocytes between them. */
export function drawTissue(width: number, height: number): Sharp {
  const between = numbers(20_261_121);
  const shapes = [
    blob(width * 0.42, height * 0.5, height * 0.36, between),
    blob(width * 0.8, height * 0.42, height * 0.2, between),
  ];
  const glands = Math.max(3, Math.round((width * height) / 60_000));
  for (let index = 0; index < glands; index++) {
    const angle = between(0, 2 * Math.PI);
    const reach = between(0, height * 0.3);
    const [x, y] = [width * 0.42 + reach * Math.cos(angle), height * 0.5 + reach * Math.sin(angle)];
    const radius = between(26, 44);
    shapes.push(
      `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="#d57fae"/><circle cx="${n(x)}" cy="${n(y)}" r="${n(radius * 0.4)}" fill="#f8eef4"/>`,
    );
    for (let nucleus = 0; nucleus < 14; nucleus++) {
      const turn = (nucleus / 14) * 360 + between(-6, 6);
      shapes.push(
        `<ellipse cx="${n(x + radius * 0.76)}" cy="${n(y)}" rx="6.5" ry="4" fill="#4f2d7f" transform="rotate(${n(turn)} ${n(x)} ${n(y)})"/>`,
      );
    }
  }
  for (let index = 0; index < glands * 6; index++) {
    const angle = between(0, 2 * Math.PI);
    const reach = between(0, height * 0.17);
    shapes.push(
      `<circle cx="${n(width * 0.8 + reach * Math.cos(angle))}" cy="${n(height * 0.42 + reach * Math.sin(angle))}" r="${n(between(2.5, 4))}" fill="#3d2a86"/>`,
    );
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#f6f3f5"/>${shapes.join('')}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha();
}

const QUALITY = { quality: 60, chromaSubsampling: '4:4:4' };
const short = (...values: number[]): TagValue => ({ type: 3, values });
const JPEG_COLOURS: Record<number, TagValue> = {
  258: short(8, 8, 8),
  259: short(7),
  262: short(6),
  277: short(3),
  284: short(1),
  530: short(1, 1),
};

/** The picture as JPEG tiles, filled up at the right and the lower edge. */
async function tiled(picture: Sharp, width: number, height: number, tags: TiffImage['tags'] = {}): Promise<TiffImage> {
  const across = Math.ceil(width / TILE);
  const down = Math.ceil(height / TILE);
  const pixels = await picture
    .extend({ right: across * TILE - width, bottom: down * TILE - height, extendWith: 'copy' })
    .raw()
    .toBuffer();
  const raw = { width: across * TILE, height: down * TILE, channels: 3 as const };
  const parts: Buffer[] = [];
  for (let index = 0; index < across * down; index++) {
    const region = { left: (index % across) * TILE, top: Math.floor(index / across) * TILE, width: TILE, height: TILE };
    parts.push(await sharp(pixels, { raw }).extract(region).jpeg(QUALITY).toBuffer());
  }
  return { width, height, tile: { width: TILE, height: TILE }, parts, tags: { ...JPEG_COLOURS, ...tags } };
}

/** The picture as one strip of raw pixels, in which a search for bytes finds what is drawn. */
async function strip(picture: Sharp, width: number, height: number, tags: TiffImage['tags']): Promise<TiffImage> {
  const pixels = await picture.resize(width, height, { fit: 'fill' }).raw().toBuffer();
  const colours = { 258: short(8, 8, 8), 259: short(1), 262: short(2), 277: short(3), 284: short(1) };
  return { width, height, parts: [pixels], tags: { ...colours, ...tags } };
}

async function jpegStrip(picture: Sharp, width: number, height: number, tags: TiffImage['tags']): Promise<TiffImage> {
  const coded = await picture.resize(width, height, { fit: 'fill' }).jpeg(QUALITY).toBuffer();
  return { width, height, parts: [coded], tags: { ...JPEG_COLOURS, ...tags } };
}

const words = (text: string, width: number, height: number): Sharp =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/><rect x="8" y="8" width="40" height="40" fill="#111"/><text x="8" y="${height - 16}" font-size="18" fill="#111">${text}</text></svg>`,
    ),
  ).removeAlpha();

function description(width: number, height: number, format: string): string {
  const facts = [
    'AppMag = 20',
    'StripeWidth = 2040',
    'ScanScope ID = SS7542',
    'Filename = B26-4711-A2',
    'Title = Doe^Jane colon',
    'Date = 11/21/26',
    'Time = 14:33:07',
    'Time Zone = GMT+01:00',
    'User = wadkins',
    'Patient = Doe^Jane',
    'Barcode = S26-004711',
    `MPP = ${MPP}`,
    'Left = 25.691574',
    'Top = 23.449873',
    `OriginalWidth = ${width}`,
    `Originalheight = ${height}`,
    'Filtered = 5',
    'ICC Profile = ScanScope v1',
    'ImageID = 4711',
  ];
  return [`Aperio Image Library v11.2.1 \r\n${format}`, ...facts].join('|');
}

export interface SlideWish extends TiffWish {
  width?: number;
  height?: number;
}

/** An SVS file: slide, thumbnail, a copy of a fourth, label, macro, as Aperio orders them. */
export async function drawSvs({ width = 2048, height = 1536, ...wish }: SlideWish = {}): Promise<Buffer> {
  const pixels = await drawTissue(width, height).png().toBuffer();
  const size = `${width}x${height}`;
  const small = { width: Math.floor(width / 4), height: Math.floor(height / 4) };
  const thumb = { width: Math.floor(width / 8), height: Math.floor(height / 8) };
  const said = (format: string, more: TiffImage['tags'] = {}) => ({
    270: description(width, height, format),
    306: '2026:11:21 14:33:07',
    315: 'wadkins',
    ...more,
  });
  const images = [
    await tiled(
      sharp(pixels),
      width,
      height,
      said(`${size} [0,0 ${size}] (${TILE}x${TILE}) JPEG/RGB Q=60`, {
        254: { type: 4, values: [0] },
        305: 'Scanner of Doe^Jane',
        700: { type: 7, values: [...Buffer.from('<x:xmpmeta>Doe^Jane</x:xmpmeta>')] },
        65000: 'S26-004711',
      }),
    ),
    await jpegStrip(sharp(pixels), thumb.width, thumb.height, said(`${size} -> ${thumb.width}x${thumb.height} - `)),
    await tiled(
      sharp(pixels).resize(small.width, small.height, { fit: 'fill' }),
      small.width,
      small.height,
      said(`${size} [0,0 ${size}] (${TILE}x${TILE}) -> ${small.width}x${small.height} JPEG/RGB Q=60`),
    ),
    await strip(words('S26-004711', 120, 110), 120, 110, {
      254: { type: 4, values: [1] },
      270: 'Aperio Image Library v11.2.1 \r\nlabel 120x110',
    }),
    await strip(words('Doe^Jane', 200, 70), 200, 70, {
      254: { type: 4, values: [9] },
      270: 'Aperio Image Library v11.2.1 \r\nmacro 200x70',
    }),
  ];
  return writeTiff(images, wish);
}

/** A pyramid as libvips writes it; its resolution in the resolution tags alone. */
export async function drawPyramid(path: string, { width = 1024, height = 768, big = false } = {}): Promise<void> {
  const density = 1000 / MPP;
  await drawTissue(width, height)
    .tiff({
      tile: true,
      pyramid: true,
      tileWidth: TILE,
      tileHeight: TILE,
      bigtiff: big,
      compression: 'jpeg',
      quality: 60,
      xres: density,
      yres: density,
      resolutionUnit: 'cm',
    })
    .toFile(path);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL('../sandbox/examples/slide.svs', import.meta.url), await drawSvs());
}
