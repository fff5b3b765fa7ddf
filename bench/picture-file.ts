import sharp from 'sharp';

/** Before it is made as large as wanted. */
const SIDE = { width: 4000, height: 3000 };

/** A valid JPEG of about `megabytes`, grey with a camera's noise (which is what fills a file), with EXIF to be removed. */
export async function noisyJpeg(megabytes: number): Promise<Buffer> {
  const { width, height } = SIDE;
  // Noise costs the same for every pixel: one try says how many pixels are needed.
  const draw = (scale: number): Promise<Buffer> =>
    sharp({
      create: {
        width: Math.round(width * scale),
        height: Math.round(height * scale),
        channels: 3,
        background: '#808080',
        noise: { type: 'gaussian', mean: 128, sigma: 15 },
      },
    })
      .withExif({ IFD0: { Artist: 'bench' } })
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
  const tried = await draw(0.25);
  return draw(0.25 * Math.sqrt((megabytes * 1e6) / tried.length));
}

/** The same picture with another quantisation: other bytes, also once it is cleaned. `index` from 0 to 30. */
export function variant(jpeg: Buffer, index: number): Buffer {
  const table = jpeg.indexOf(Buffer.from([0xff, 0xdb]));
  if (table < 0) {
    throw new Error('A JPEG without a quantisation table');
  }
  const copy = Buffer.from(jpeg);
  // Marker, length, table number; then 64 values, of which the last ones matter least.
  copy[table + 5 + 63 - index] = (copy[table + 5 + 63 - index] ?? 0) + 1;
  return copy;
}
