/** A sparse BigTIFF of any size: one image whose tiles lie all over the file. It takes next to no room on the disk. */
import { open } from 'node:fs/promises';

const SIDE = 32_768;
const TILE = 2048;
const COUNT = (SIDE / TILE) ** 2;
const SHORT = 3;
const ASCII = 2;
const LONG8 = 16;
/** Where the pixels begin. */
const PIXELS = 64 * 1024;

/** Writes it; its description has a name in it that must not leave. */
export async function writeSparseSlide(path: string, size: number): Promise<void> {
  const head = Buffer.alloc(PIXELS);
  head.write('II');
  head.writeUInt16LE(43, 2);
  head.writeUInt16LE(8, 4);
  head.writeBigUInt64LE(16n, 8);
  const description = Buffer.from('Aperio Image Library v11.2.1|AppMag = 40|MPP = 0.2525|User = Doe^Jane\0');
  const offsetsAt = 1024;
  const countsAt = offsetsAt + COUNT * 8;
  const descriptionAt = countsAt + COUNT * 8;
  const each = Math.floor((size - PIXELS) / COUNT);
  for (let index = 0; index < COUNT; index++) {
    head.writeBigUInt64LE(BigInt(PIXELS + index * each), offsetsAt + index * 8);
    head.writeBigUInt64LE(BigInt(each), countsAt + index * 8);
  }
  description.copy(head, descriptionAt);
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, SHORT, 1, SIDE],
    [257, SHORT, 1, SIDE],
    [258, SHORT, 3, 0x0008_0008_0008],
    [259, SHORT, 1, 7],
    [262, SHORT, 1, 2],
    [270, ASCII, description.length, descriptionAt],
    [277, SHORT, 1, 3],
    [322, SHORT, 1, TILE],
    [323, SHORT, 1, TILE],
    [324, LONG8, COUNT, offsetsAt],
    [325, LONG8, COUNT, countsAt],
  ];
  head.writeBigUInt64LE(BigInt(entries.length), 16);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const at = 24 + index * 20;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeBigUInt64LE(BigInt(count), at + 4);
    head.writeBigUInt64LE(BigInt(value), at + 12);
  }
  await using file = await open(path, 'w');
  await file.write(head, 0, head.length, 0);
  await file.truncate(size);
}
