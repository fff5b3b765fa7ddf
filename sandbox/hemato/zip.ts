/** The pictures in a zip, by its directory and the first bytes of each. */
import { openPromise } from 'yauzl';
import { beginsAs, byName, SIGNATURE_LENGTH } from './file-type.ts';
import { jpegSize, pngSize, type Size } from './image-size.ts';

/**
 * The sizes of a zip's pictures, in its own order; what is no picture by its name is passed over. Undefined where the file
 * is no zip that can be read, or something in it is named as a picture and is none.
 */
export async function picturesOfZip(path: string): Promise<Size[] | undefined> {
  const sizes: Size[] = [];
  try {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    try {
      for await (const entry of zip.eachEntry()) {
        const type = byName(entry.fileName);
        const isPicture = (type === 'image/jpeg' || type === 'image/png') && !entry.fileName.startsWith('__MACOSX/');
        if (isPicture) {
          const size = await firstSize(await zip.openReadStreamPromise(entry), type);
          if (!size) {
            return undefined;
          }
          sizes.push(size);
        }
      }
    } finally {
      zip.close();
    }
  } catch {
    return undefined;
  }
  return sizes;
}

/** Reads no further than to the size. */
async function firstSize(stream: AsyncIterable<Buffer>, type: 'image/jpeg' | 'image/png'): Promise<Size | undefined> {
  const reader = type === 'image/png' ? pngSize() : jpegSize();
  let first: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (first.length < SIGNATURE_LENGTH) {
      first = Buffer.concat([first, chunk.subarray(0, SIGNATURE_LENGTH)]);
    }
    reader.take(chunk);
    if (reader.size()) {
      break;
    }
  }
  return beginsAs(type, first) ? reader.size() : undefined;
}
