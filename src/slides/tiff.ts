/**
 * Reads a TIFF's directories with the places of everything in them, which patching needs and the libraries for Node do not
 * give. Nothing of the pixels is read; nothing that the file says is believed before it is checked.
 */
import type { Bytes } from './read-ahead.ts';
import { damaged, tooMuch } from './refusals.ts';
import { countSize, entrySize, firstPlaceAt, type Layout, layoutOf, placeSize, readUint } from './tiff-layout.ts';
import { TAG, TYPE_SIZES } from './tiff-tags.ts';

/** One fact of a directory. */
export interface Entry {
  tag: number;
  type: number;
  /** Values, of `size` bytes each. */
  count: number;
  size: number;
  /** Where in the file the values are; within the entry itself where they fit. */
  at: number;
  inside: boolean;
  /** The entry as it stands in the file. */
  raw: Uint8Array;
}

/** An IFD: one image of the file. */
export interface Directory {
  at: number;
  /** Bytes, from its count to the place of the next one. */
  length: number;
  /** Those of known types; of a tag that stands twice, the first. */
  entries: ReadonlyMap<number, Entry>;
  /** Directories that it names as belonging to it; theirs are not looked for. */
  children: readonly Directory[];
}

export interface Tiff {
  bytes: Bytes;
  layout: Layout;
  /** The chain from the file's head. */
  directories: readonly Directory[];
}

const MOST_DIRECTORIES = 250;
const MOST_ENTRIES = 1_000;
const MOST_CHILDREN = 64;
/** Tiles of one image; 600,000 x 600,000 pixels have as many. */
const MOST_NUMBERS = 6_000_000;

/** Throws `input-unsupported` (damaged, truncated) and `input-too-large` (more directories than any slide has). */
export async function readTiff(bytes: Bytes): Promise<Tiff> {
  const head = await bytes.read(0, Math.min(16, bytes.size));
  const layout = layoutOf(head);
  const first = layout ? firstPlaceAt(layout) : 0;
  if (!layout || head.length < first + placeSize(layout)) {
    throw damaged();
  }
  const seen = new Set<number>();
  const open = { bytes, layout, seen };
  const directories: Directory[] = [];
  for (let at = readUint(layout, head, first, placeSize(layout)); at !== 0; ) {
    const { next, ...directory } = await readDirectory(open, at);
    directories.push({ ...directory, children: await readChildren(open, directory) });
    at = next;
  }
  if (directories.length === 0) {
    throw damaged();
  }
  return { bytes, layout, directories };
}

interface Open {
  bytes: Bytes;
  layout: Layout;
  /** Places of directories: none is read twice, so that a chain that bites its tail ends. */
  seen: Set<number>;
}

type Single = Omit<Directory, 'children'> & { next: number };

async function readDirectory({ bytes, layout, seen }: Open, at: number): Promise<Single> {
  if (seen.has(at)) {
    throw damaged();
  }
  seen.add(at);
  if (seen.size > MOST_DIRECTORIES) {
    throw tooMuch(`more than ${MOST_DIRECTORIES} images in it`);
  }
  const count = readUint(layout, await bytes.read(at, countSize(layout)), 0, countSize(layout));
  if (count === 0 || count > MOST_ENTRIES) {
    throw damaged();
  }
  const length = countSize(layout) + count * entrySize(layout) + placeSize(layout);
  const raw = await bytes.read(at, length);
  const entries = new Map<number, Entry>();
  for (let index = 0; index < count; index++) {
    const place = countSize(layout) + index * entrySize(layout);
    const entry = entryOf(layout, raw.slice(place, place + entrySize(layout)), at + place);
    if (entry && !entries.has(entry.tag)) {
      entries.set(entry.tag, entry);
    }
  }
  return { at, length, entries, next: readUint(layout, raw, length - placeSize(layout), placeSize(layout)) };
}

/** Undefined for a type that nobody knows: such an entry is to be passed over. */
function entryOf(layout: Layout, raw: Uint8Array, place: number): Entry | undefined {
  const type = readUint(layout, raw, 2, 2);
  const size = TYPE_SIZES[type];
  if (size === undefined) {
    return undefined;
  }
  const count = readUint(layout, raw, 4, placeSize(layout));
  const slot = 4 + placeSize(layout);
  const inside = count * size <= placeSize(layout);
  const at = inside ? place + slot : readUint(layout, raw, slot, placeSize(layout));
  return { tag: readUint(layout, raw, 0, 2), type, count, size, at, inside, raw };
}

async function readChildren(open: Open, parent: Pick<Directory, 'entries'>): Promise<Directory[]> {
  const entry = parent.entries.get(TAG.SubIFDs);
  if (entry && entry.count > MOST_CHILDREN) {
    throw tooMuch(`more than ${MOST_CHILDREN} images in one place of it`);
  }
  const children: Directory[] = [];
  for (const at of await numbersOf(open, entry)) {
    const { next: _, ...child } = await readDirectory(open, at);
    children.push({ ...child, children: [] });
  }
  return children;
}

/** An entry's whole numbers; none where it is absent or has no such. Throws where there are absurdly many. */
export async function numbersOf(
  { bytes, layout }: Pick<Tiff, 'bytes' | 'layout'>,
  entry: Entry | undefined,
): Promise<Float64Array> {
  if (!entry || ![1, 3, 4, 13, 16, 18].includes(entry.type)) {
    return new Float64Array();
  }
  if (entry.count > MOST_NUMBERS) {
    throw tooMuch('more parts than can be read');
  }
  const raw = await bytes.read(entry.at, entry.count * entry.size);
  const numbers = new Float64Array(entry.count);
  for (let index = 0; index < entry.count; index++) {
    numbers[index] = readUint(layout, raw, index * entry.size, entry.size);
  }
  return numbers;
}

/** One number of an entry; undefined where there is none. */
export async function numberOf(
  { bytes, layout }: Pick<Tiff, 'bytes' | 'layout'>,
  entry: Entry | undefined,
  index = 0,
): Promise<number | undefined> {
  if (!entry || index < 0 || index >= entry.count) {
    return undefined;
  }
  const one = { ...entry, at: entry.at + index * entry.size, count: 1 };
  return (await numbersOf({ bytes, layout }, one))[0];
}
