/** Writes a directory anew in its own place: fewer facts, in the same order, the rest of its bytes zeros. */
import { onlyTechnical } from './aperio.ts';
import { onlyPixels, sizeOf } from './ome-xml.ts';
import type { Directory, Entry, Tiff } from './tiff.ts';
import type { Image, SlideImages } from './tiff-images.ts';
import { countSize, entrySize, type Layout, placeSize, writeUint } from './tiff-layout.ts';
import { ASCII, KEPT_TAGS, OPAQUE_TAGS, TAG, UNDEFINED } from './tiff-tags.ts';

export interface Rewritten {
  patches: { offset: number; bytes: Uint8Array }[];
  /** Values that stay as they are, outside of the directory. */
  kept: { start: number; end: number }[];
}

export interface Wishes {
  /** Place of the next directory of the chain; 0: none. */
  next: number;
  /** Those of its children that stay. */
  children: readonly Directory[];
  /** Absent: none. */
  description?: string | undefined;
}

/** The directory as it may leave, and the values that it names. */
export function rewriteDirectory({ layout }: Tiff, directory: Directory, wishes: Wishes): Rewritten {
  const bytes = new Uint8Array(directory.length);
  const patches: Rewritten['patches'] = [{ offset: directory.at, bytes }];
  const kept: Rewritten['kept'] = [];
  let count = 0;
  for (const entry of [...directory.entries.values()].filter(isKept)) {
    const changed = change(layout, entry, directory, wishes);
    if (!changed) {
      continue;
    }
    bytes.set(changed.raw, countSize(layout) + count * entrySize(layout));
    count++;
    if (changed.outside) {
      patches.push({ offset: entry.at, bytes: changed.outside });
    } else if (!entry.inside && changed.raw === entry.raw) {
      kept.push({ start: entry.at, end: entry.at + entry.count * entry.size });
    }
  }
  writeUint(layout, bytes, 0, countSize(layout), count);
  const end = countSize(layout) + count * entrySize(layout);
  writeUint(layout, bytes, end, placeSize(layout), wishes.next);
  return { patches, kept };
}

/** Colour profiles have a few megabytes at most; only the tables of tiles have more. */
const LARGEST_VALUE = 8 * 1024 * 1024;
const TABLES: readonly number[] = [TAG.TileOffsets, TAG.TileByteCounts, TAG.StripOffsets, TAG.StripByteCounts];

function isKept({ tag, type, count, size }: Entry): boolean {
  const isText = type === ASCII || type === UNDEFINED;
  const fits = count * size <= LARGEST_VALUE || TABLES.includes(tag);
  return fits && KEPT_TAGS.has(tag) && (!isText || tag === TAG.ImageDescription || OPAQUE_TAGS.has(tag));
}

interface Changed {
  /** The entry itself. */
  raw: Uint8Array;
  /** New bytes in the place of its values, where they do not fit into it. */
  outside?: Uint8Array;
}

function change(layout: Layout, entry: Entry, directory: Directory, wishes: Wishes): Changed | undefined {
  if (entry.tag === TAG.ImageDescription) {
    return wishes.description === undefined ? undefined : described(entry, wishes.description);
  }
  if (entry.tag === TAG.SubIFDs) {
    const places = wishes.children.filter((child) => directory.children.includes(child)).map(({ at }) => at);
    return naming(layout, entry, places);
  }
  return { raw: entry.raw };
}

/** Same length, filled up with spaces: a text that was read as far as its count said is so still. */
function described(entry: Entry, text: string): Changed | undefined {
  const room = entry.count * entry.size - 1;
  return entry.inside || text.length > room
    ? undefined
    : { raw: entry.raw, outside: Buffer.from(`${text.padEnd(room, ' ')}\0`, 'latin1') };
}

function naming(layout: Layout, entry: Entry, places: readonly number[]): Changed | undefined {
  if (places.length === 0 || places.length === entry.count) {
    return places.length === 0 ? undefined : { raw: entry.raw };
  }
  const raw = entry.raw.slice();
  const list = new Uint8Array(places.length * entry.size);
  for (const [index, place] of places.entries()) {
    writeUint(layout, list, index * entry.size, entry.size, place);
  }
  writeUint(layout, raw, 4, placeSize(layout), places.length);
  if (list.length > placeSize(layout)) {
    return { raw, outside: list };
  }
  raw.fill(0, 4 + placeSize(layout));
  raw.set(list, 4 + placeSize(layout));
  return { raw };
}

/** What may be said of an image in words; undefined: nothing. `ifd`: which directory of the chain is the slide. */
export function descriptionOf(image: Image, { main, isSvs }: SlideImages, ifd: number): string | undefined {
  if (isSvs) {
    return image.description.startsWith('Aperio') ? onlyTechnical(image.description) : undefined;
  }
  const pixels = sizeOf(main.description, main);
  return image === main && pixels && ifd >= 0 ? onlyPixels(pixels, ifd, main.samples) : undefined;
}
