/** What the directories of a TIFF are: the slide itself, its smaller copies, the thumbnail, and what must not leave. */
import { damaged, noSlide, wrongKind } from './refusals.ts';
import { type Directory, type Entry, numberOf, type Tiff } from './tiff.ts';
import { OLD_JPEG, TAG } from './tiff-tags.ts';

/** A directory that holds an image, with what tells one kind from another. */
export interface Image {
  directory: Directory;
  /** The directory of the chain that it belongs to: itself, or the one that names it. */
  parent: Directory;
  width: number;
  height: number;
  /** Pixels of a tile; absent for strips. */
  tile?: { width: number; height: number };
  subfile: number;
  samples: number;
  compression: number;
  /** ImageDescription, Latin-1; its beginning where it is very long. */
  description: string;
}

/** A TIFF as a slide. */
export interface SlideImages {
  /** The image with the most pixels. */
  main: Image;
  images: readonly Image[];
  isSvs: boolean;
}

/** Philips and Leica keep whole pictures in there; nothing that is looked for stands later. */
const LONGEST_DESCRIPTION = 256 * 1024;
const LARGEST_SIDE = 0x7fffffff;

/** Formats that begin like a TIFF and cannot be read as one. */
const RELATIVES: [sign: RegExp, name: string][] = [
  [/leica-microsystems\.com\/scn/i, 'a Leica SCN file'],
  [/<iScan/i, 'a Ventana BIF file'],
];

/** Throws `input-unsupported`: no image in it, damaged, or one of TIFF's relatives. */
export async function readImages(tiff: Tiff): Promise<SlideImages> {
  const images: Image[] = [];
  for (const parent of tiff.directories) {
    for (const directory of [parent, ...parent.children]) {
      const image = await imageOf(tiff, directory, parent);
      images.push(...(image ? [image] : []));
    }
  }
  await assertNoRelative(tiff, images);
  const main = images.reduce<Image | undefined>(
    (best, one) => (best && area(best) >= area(one) ? best : one),
    undefined,
  );
  if (!main) {
    throw noSlide('it is a TIFF file without an image');
  }
  if (main.compression === OLD_JPEG) {
    throw wrongKind('a TIFF file of a kind that is no longer in use (old-style JPEG)');
  }
  const isSvs = images.some(({ description }) => description.startsWith('Aperio'));
  return { main, images, isSvs };
}

const area = ({ width, height }: Image) => width * height;

async function imageOf(tiff: Tiff, directory: Directory, parent: Directory): Promise<Image | undefined> {
  const number = async (tag: number) => numberOf(tiff, directory.entries.get(tag));
  const width = (await number(TAG.ImageWidth)) ?? 0;
  const height = (await number(TAG.ImageLength)) ?? 0;
  const hasPixels = directory.entries.has(TAG.TileOffsets) || directory.entries.has(TAG.StripOffsets);
  if (!hasPixels) {
    return undefined;
  }
  if (width === 0 || height === 0 || width > LARGEST_SIDE || height > LARGEST_SIDE) {
    throw damaged();
  }
  const tileWidth = await number(TAG.TileWidth);
  const tileHeight = await number(TAG.TileLength);
  const isTiled = directory.entries.has(TAG.TileOffsets);
  if (isTiled && !(tileWidth && tileHeight)) {
    throw damaged();
  }
  return {
    directory,
    parent,
    width,
    height,
    ...(isTiled && tileWidth && tileHeight && { tile: { width: tileWidth, height: tileHeight } }),
    subfile: (await number(TAG.NewSubfileType)) ?? 0,
    samples: (await number(TAG.SamplesPerPixel)) ?? 1,
    compression: (await number(TAG.Compression)) ?? 1,
    description: await textOf(tiff, directory.entries.get(TAG.ImageDescription)),
  };
}

async function textOf({ bytes }: Tiff, entry: Entry | undefined): Promise<string> {
  if (entry?.size !== 1) {
    return '';
  }
  const text = await bytes.read(entry.at, Math.min(entry.count, LONGEST_DESCRIPTION));
  const [said = ''] = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1').split('\0', 1);
  return said;
}

async function assertNoRelative(tiff: Tiff, images: readonly Image[]): Promise<void> {
  if (tiff.directories.some(({ entries }) => entries.has(TAG.NdpiFormat))) {
    throw wrongKind('a Hamamatsu NDPI file');
  }
  for (const { directory, description } of images) {
    const xmp = directory.entries.get(TAG.XMP);
    const said = description + (await textOf(tiff, xmp && { ...xmp, count: Math.min(xmp.count, 4096) }));
    const relative = RELATIVES.find(([sign]) => sign.test(said));
    if (relative) {
      throw wrongKind(relative[1]);
    }
  }
}

const UNWANTED = /\b(?:label|macro|overview|barcode)\b/i;
/** NewSubfileType of Aperio's label and macro. */
const APERIO_ASIDE = [1, 9];

/**
 * The images that may leave: the slide, its reduced copies and, in an SVS, the thumbnail, which Aperio makes of the tissue
 * alone. An image is shown to be one of these or it goes: labels are not always called so.
 */
export function keptImages({ main, images, isSvs }: SlideImages): Set<Image> {
  return new Set(
    images.filter((image) => {
      if (image === main) {
        return true;
      }
      if (UNWANTED.test(kindInWords(image)) || (isSvs && APERIO_ASIDE.includes(image.subfile))) {
        return false;
      }
      return isLevel(image, main) || (isSvs && isThumbnail(image, main));
    }),
  );
}

/** Aperio's facts follow a bar, and one of them is called Barcode in every image. */
const kindInWords = ({ description }: Image): string =>
  description.startsWith('Aperio') ? (description.split('|', 1)[0] ?? '') : description;

/** A copy of the slide, halved once or several times, made and cut in the same way. A label may be of the same shape. */
function isLevel(image: Image, main: Image): boolean {
  const cutAlike = image.tile?.width === main.tile?.width && image.tile?.height === main.tile?.height;
  const scale = 2 ** Math.round(Math.log2(main.width / image.width));
  return (
    image.tile !== undefined &&
    cutAlike &&
    image.samples === main.samples &&
    image.compression === main.compression &&
    scale >= 1 &&
    isNear(main.width / scale, image.width, image.tile.width) &&
    isNear(main.height / scale, image.height, image.tile.height)
  );
}

/** Writers round to a pixel or fill up to whole tiles. */
const isNear = (exact: number, actual: number, tile: number) =>
  Math.abs(exact - actual) <= 2 || (actual % tile === 0 && actual >= exact && actual - exact < tile);

function isThumbnail({ width, height, description, tile }: Image, main: Image): boolean {
  const exact = (main.height * width) / main.width;
  return tile === undefined && description.includes('->') && Math.abs(exact - height) <= 2 + exact / 100;
}
