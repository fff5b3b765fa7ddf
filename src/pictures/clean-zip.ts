/** Writes a zip file anew: the same pictures, each cleaned and upright, under names that say nothing. */
import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { cleanInto, upright } from './clean-file.ts';
import type { SingleType } from './cleaner.ts';
import { SINGLE_TYPES, takeIn } from './intake.ts';
import { bodyOf, openTempFile, type TempFile } from './temp-file.ts';
import { INSPECTED, withPicturesOf, type ZippedPicture } from './zip-pictures.ts';

const ENDINGS: Record<SingleType, string> = { 'image/jpeg': 'jpg', 'image/png': 'png' };

/**
 * The same input gives the same bytes: no time of ours, and of the two ways to write one the way without a time zone.
 * Stored, since packing gains nothing on pictures.
 */
const ENTRY = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true, mode: 0o100644, compressionLevel: 0 };

/** Writes the pictures of `source`, a zip file that has been inspected, into `target`. Throws `input-unsupported`. */
export async function cleanZip(source: TempFile, target: TempFile): Promise<void> {
  const zip = new ZipFile();
  const output = zip.outputStream.pipe(new PassThrough());
  const written = writeAll(output, target);
  written.catch(() => undefined);
  try {
    await withPicturesOf(source.path, INSPECTED, async (pictures) => {
      for (const [index, picture] of pictures.entries()) {
        const { file, type } = await cleaned(picture);
        const stream = Readable.from(bodyOf(file));
        zip.addReadStream(stream, `picture-${String(index + 1).padStart(4, '0')}.${ENDINGS[type]}`, ENTRY);
        try {
          // Pipes pass no errors on: whichever end fails first is heard here.
          await Promise.race([finished(stream), written]);
        } finally {
          stream.destroy();
        }
      }
    });
    zip.end();
    await written;
  } finally {
    output.destroy();
  }
}

async function cleaned({ called, pieces }: ZippedPicture): Promise<{ file: TempFile; type: SingleType }> {
  await using failing = new AsyncDisposableStack();
  const file = failing.use(await openTempFile());
  const found = await takeIn(pieces(), { called, types: SINGLE_TYPES }, (type) => {
    const taker = cleanInto(file, type, called);
    return { push: taker.push, end: async () => ({ type, looked: await taker.end() }) };
  });
  failing.move();
  return { file: await upright(file, { ...found, called }), type: found.type };
}

async function writeAll(output: Readable, target: TempFile): Promise<void> {
  for await (const piece of output) {
    await target.write(piece);
  }
}
