/** Format, size and resolution of a TIFF or SVS slide. */
import { sizeOf } from './ome-xml.ts';
import type { Bytes } from './read-ahead.ts';
import { truncated } from './refusals.ts';
import { resolutionOf } from './resolution.ts';
import { numberOf, readTiff, type Tiff } from './tiff.ts';
import { type Image, readImages } from './tiff-images.ts';
import { readUint } from './tiff-layout.ts';
import { TAG } from './tiff-tags.ts';
import type { SlideFacts } from './types.ts';

/** Throws `input-unsupported`, also where the last tile lies beyond the end of the file. */
export async function tiffFacts(bytes: Bytes): Promise<SlideFacts> {
  const tiff = await readTiff(bytes);
  const { main, isSvs } = await readImages(tiff);
  await assertNotCutOff(tiff, main);
  const resolution = saidInWords(main) ?? (await fromResolutionTags(tiff, main));
  return {
    format: isSvs ? 'svs' : 'tiff',
    mediaType: 'image/tiff',
    size: bytes.size,
    width: main.width,
    height: main.height,
    ...(resolution !== undefined && { resolution }),
  };
}

/** A download that broke off lacks its end, where the last tile mostly is. */
async function assertNotCutOff(tiff: Tiff, { directory: { entries }, tile }: Image): Promise<void> {
  const offsets = entries.get(tile ? TAG.TileOffsets : TAG.StripOffsets);
  const counts = entries.get(tile ? TAG.TileByteCounts : TAG.StripByteCounts);
  const last = (offsets?.count ?? 0) - 1;
  const offset = (await numberOf(tiff, offsets, last)) ?? 0;
  const count = (await numberOf(tiff, counts, last)) ?? 0;
  if (offset + count > tiff.bytes.size) {
    throw truncated();
  }
}

/** Aperio's `MPP = 0.2525`, or OME's PhysicalSizeX. */
function saidInWords({ description, width, height }: Image): number | undefined {
  const [, said] = /\|\s*MPP\s*=\s*([\d.]+)/.exec(description) ?? [];
  return said === undefined ? sizeOf(description, { width, height })?.resolution : resolutionOf(Number(said));
}

/** Micrometres of one ResolutionUnit: none, inch, centimetre. */
const MICROMETRES: Record<number, number> = { 2: 25_400, 3: 10_000 };
const INCH = 2;

/** Cameras and programs that do not know write 72 or 300 to the inch, which is far from any microscope's. */
async function fromResolutionTags(tiff: Tiff, { directory: { entries } }: Image): Promise<number | undefined> {
  const entry = entries.get(TAG.XResolution);
  const unit = MICROMETRES[(await numberOf(tiff, entries.get(TAG.ResolutionUnit))) ?? INCH];
  if (entry?.type !== 5 || entry.count < 1 || unit === undefined) {
    return undefined;
  }
  const raw = await tiff.bytes.read(entry.at, 8);
  return resolutionOf((unit * readUint(tiff.layout, raw, 4, 4)) / readUint(tiff.layout, raw, 0, 4));
}
