/** Reads a file once from its beginning: tells what it is, counts and hashes it, and hands it to whoever takes that type. */
import { createHash } from 'node:crypto';
import { openBlocks } from './blocks.ts';
import { type Looked, openCleaner, type SingleType } from './cleaner.ts';
import { empty, wrongType } from './refusals.ts';
import { SNIFFED_BYTES, sniffPicture } from './sniff.ts';
import type { Inspected, PictureType } from './types.ts';

/** Takes the pieces of a file whose type is known. */
export interface Taker<T> {
  push: (piece: Uint8Array) => void | Promise<void>;
  end(): T | Promise<T>;
}

/** Bytes, lower-case hex SHA-256 of them, CRC-32 of each block. */
export type Counted = Pick<Inspected, 'size' | 'sha256' | 'blocks'>;

/** The pieces of a source as they come, counted and hashed on the way; `check` sees the size before each is handed on. */
export function counted(
  source: AsyncIterable<Uint8Array>,
  check: (size: number) => void = () => undefined,
): { pieces: AsyncIterable<Uint8Array>; total(): Counted } {
  const hash = createHash('sha256');
  const crcs: number[] = [];
  const blocks = openBlocks(
    () => undefined,
    (crc) => crcs.push(crc),
  );
  let size = 0;
  async function* pieces() {
    for await (const piece of source) {
      size += piece.length;
      check(size);
      hash.update(piece);
      blocks.push(piece);
      yield piece;
    }
    blocks.end();
  }
  return { pieces: pieces(), total: () => ({ size, sha256: hash.digest('hex'), blocks: crcs }) };
}

/**
 * Reads a file to its end with the taker of its type. Where that throws, or nobody takes its type, the source is
 * let go (by leaving its iteration). Throws `input-unsupported` for no bytes and for a type that is not in `types`.
 */
export async function takeIn<T, Type extends PictureType>(
  pieces: AsyncIterable<Uint8Array>,
  { called, types }: { called: string; types: readonly Type[] },
  open: (type: Type) => Taker<T> | Promise<Taker<T>>,
): Promise<T> {
  const head: Uint8Array[] = [];
  let held = 0;
  let taker: Taker<T> | undefined;
  const begin = async () => {
    const start = Buffer.concat(head);
    const sniffed = await sniffPicture(start.subarray(0, SNIFFED_BYTES));
    const type = 'type' in sniffed ? types.find((one) => one === sniffed.type) : undefined;
    if (type === undefined) {
      throw wrongType(called, 'type' in sniffed ? OWN_NAMES[sniffed.type] : sniffed.other, types);
    }
    const opened = await open(type);
    await opened.push(start);
    return opened;
  };
  for await (const piece of pieces) {
    if (taker) {
      await taker.push(piece);
      continue;
    }
    head.push(piece);
    held += piece.length;
    if (held >= SNIFFED_BYTES) {
      taker = await begin();
    }
  }
  if (held === 0) {
    throw empty(called);
  }
  taker ??= await begin();
  return taker.end();
}

/** Types that we take, but not this vendor, or not within a zip file. */
const OWN_NAMES: Record<PictureType, string> = {
  'image/jpeg': 'a JPEG file',
  'image/png': 'a PNG file',
  'application/zip': 'a zip file',
};

export const SINGLE_TYPES = ['image/jpeg', 'image/png'] as const satisfies SingleType[];

/** Takes one picture and keeps nothing but what was seen of it. */
export function lookOnly(type: SingleType, called: string): Taker<Looked> {
  return openCleaner(type, called, () => undefined);
}
