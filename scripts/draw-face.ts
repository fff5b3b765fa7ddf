/**
 * Draws sandbox/examples/face-front.jpg, the photo of the example order: a stylised face with what a telephone writes
 * into a photo, a place among it, so that it can be seen to be gone where the picture leaves.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { faceSvg } from '../sandbox/examples/face-drawing.ts';

const FILE = new URL('../sandbox/examples/face-front.jpg', import.meta.url);

/** Nobody's telephone, at the North Pole of a made-up world: 89° 59′ 30″ N, 0° 0′ 30″ E. */
const EXIF = {
  IFD0: {
    Make: 'Example',
    Model: 'Telephone 1',
    ImageDescription: 'Invented face, drawn by scripts/draw-face.ts',
    Artist: 'Noemie Example',
    DateTime: '2026:11:20 10:05:00',
  },
  IFD2: { DateTimeOriginal: '2026:11:20 10:05:00', UserComment: 'Room 4, second visit' },
  IFD3: {
    GPSLatitudeRef: 'N',
    GPSLatitude: '89/1 59/1 30/1',
    GPSLongitudeRef: 'E',
    GPSLongitude: '0/1 0/1 30/1',
  },
};

/** The file's bytes; the same at every call on the same version of sharp. */
export async function drawFace(): Promise<Buffer> {
  return sharp(Buffer.from(faceSvg({ width: 900, height: 1200 })))
    .flatten({ background: '#c9d3d8' })
    .jpeg({ quality: 82 })
    .withExif(EXIF)
    .toBuffer();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await drawFace();
  await writeFile(FILE, bytes);
  process.stdout.write(`${fileURLToPath(FILE)}: ${bytes.length} bytes\n`);
}
