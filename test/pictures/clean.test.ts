import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { openCleaner, type SingleType } from '../../src/pictures/cleaner.ts';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import { openClean } from '../../src/pictures/open-clean.ts';
import {
  burdenJpeg,
  burdenPng,
  drawn,
  exifInto,
  LIMITS,
  pixelsOf,
  readAll,
  SECRET,
  segment,
  streamOf,
  withExif,
} from './pictures.ts';

/** What leaves of a file, by way of the two functions that the adapter calls. */
async function cleaned(bytes: Buffer, sizes?: number[]): Promise<Buffer> {
  const about = await inspectPicture(streamOf(bytes, sizes), LIMITS);
  const clean = await openClean(streamOf(bytes, sizes), about);
  const out = await readAll(clean.body);
  assert.equal(clean.size, out.length);
  assert.equal(about.cleanSize, out.length);
  return out;
}

const p3 = () => drawn().withIccProfile('p3');
const JPEGS: Record<string, Buffer> = {
  'baseline, with a profile': burdenJpeg(await withExif(p3()).jpeg().toBuffer()),
  'progressive, full colour': burdenJpeg(
    await withExif(drawn()).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  ),
  grey: burdenJpeg(
    await withExif(drawn(48, 32, 1).toColourspace('b-w'))
      .jpeg()
      .toBuffer(),
  ),
  CMYK: burdenJpeg(exifInto(await drawn().toColourspace('cmyk').jpeg().toBuffer(), 1)),
};
const PNGS: Record<string, Buffer> = {
  'with a profile': burdenPng(await withExif(p3()).png().toBuffer()),
  'of 16 bits': burdenPng(exifInto(await drawn().toColourspace('rgb16').png().toBuffer(), 1)),
  'with a palette and transparency': burdenPng(
    await withExif(drawn(48, 32, 4))
      .png({ palette: true, colours: 16 })
      .toBuffer(),
  ),
  interlaced: burdenPng(await withExif(drawn()).png({ progressive: true }).toBuffer()),
};

const kinds = (chunks: Buffer): string[] => {
  const found: string[] = [];
  for (let at = 8; at < chunks.length; at += chunks.readUInt32BE(at) + 12) {
    found.push(chunks.toString('latin1', at + 4, at + 8));
  }
  return found;
};

describe('a picture that leaves', () => {
  for (const [name, bytes] of [...Object.entries(JPEGS), ...Object.entries(PNGS)]) {
    it(`says nothing about anybody, and looks the same: ${name}`, async () => {
      const before = await sharp(bytes).metadata();
      assert.ok(bytes.includes(SECRET) && before.exif, 'there is something to remove');
      const out = await cleaned(bytes);
      const after = await sharp(out).metadata();
      assert.ok(!out.includes(SECRET) && !out.includes('GPS') && !out.includes('Exif'));
      assert.deepEqual(
        [after.exif, after.xmp, after.iptc, after.comments, after.orientation],
        [undefined, undefined, undefined, undefined, undefined],
      );
      assert.deepEqual(after.icc, before.icc);
      assert.deepEqual(await pixelsOf(out), await pixelsOf(bytes));
      assert.deepEqual(await cleaned(out), out, 'a clean picture stays as it is');
    });
  }
  it('keeps what makes the colours of a PNG, and no chunk else', async () => {
    const kept = kinds(await cleaned(PNGS['with a profile'] ?? Buffer.alloc(0)));
    assert.deepEqual([...new Set(kept)], ['IHDR', 'gAMA', 'iCCP', 'pHYs', 'IDAT', 'IEND']);
    assert.equal(kept.filter((kind) => kind === 'gAMA').length, 1, 'a text does not pass as a gamma');
    const palette = kinds(await cleaned(PNGS['with a palette and transparency'] ?? Buffer.alloc(0)));
    assert.ok(palette.includes('PLTE') && palette.includes('tRNS'));
  });
  it('keeps the density of a JPEG, without the thumbnail', async () => {
    const out = await cleaned(JPEGS['baseline, with a profile'] ?? Buffer.alloc(0));
    assert.equal(out.toString('latin1', 2, 20), '\xff\xe0\0\x10JFIF\0\x01\x02\x01\0\x48\0\x48\0\0');
    assert.equal((await sharp(out).metadata()).density, 72);
  });
  it('keeps what says that a JPEG holds RGB, without which its colours are wrong', async () => {
    const jpeg = await drawn().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer();
    assert.ok(!jpeg.includes('JFIF'), 'which would say the opposite');
    const adobe = segment(0xee, `Adobe\0\x64\0\0\0\0\0${SECRET}`);
    const rgb = Buffer.concat([jpeg.subarray(0, 2), adobe, jpeg.subarray(2)]);
    assert.notDeepEqual(await pixelsOf(rgb), await pixelsOf(jpeg));
    const out = await cleaned(rgb);
    assert.deepEqual(await pixelsOf(out), await pixelsOf(rgb));
    assert.ok(!out.includes(SECRET));
  });
  for (const type of ['image/jpeg', 'image/png'] satisfies SingleType[]) {
    it(`is the same however its bytes come: ${type}`, async () => {
      const [bytes = Buffer.alloc(0)] = Object.values(type === 'image/jpeg' ? JPEGS : PNGS);
      const whole = clean(type, bytes, [bytes.length]);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }), (sizes) => {
          assert.deepEqual(clean(type, bytes, sizes), whole);
        }),
        { numRuns: 60 },
      );
      assert.deepEqual(clean(type, bytes, [1]), whole);
    });
  }
});

/** Straight through the cleaner, in pieces of the given sizes, some of them empty. */
function clean(type: SingleType, bytes: Uint8Array, sizes: number[]): Buffer {
  const out: Uint8Array[] = [];
  const cleaner = openCleaner(type, 'The picture', (piece) => out.push(piece));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    cleaner.push(bytes.subarray(at, at + size));
    cleaner.push(new Uint8Array());
    at += size;
  }
  cleaner.end();
  return Buffer.concat(out);
}

describe('the coded data of a JPEG', () => {
  const frame = segment(0xc0, Buffer.from([8, 0, 4, 0, 5, 1, 1, 0x11, 0]));
  const scan = segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0]));
  const jpeg = (...data: number[]) =>
    Buffer.concat([Buffer.from([0xff, 0xd8]), frame, scan, Buffer.from(data), Buffer.from([0xff, 0xd9])]);
  const dataOf = (bytes: Buffer) => [...bytes.subarray(2 + frame.length + scan.length, -2)];
  const through = (...data: number[]) => {
    const whole = clean('image/jpeg', jpeg(...data), [1000]);
    assert.deepEqual(clean('image/jpeg', jpeg(...data), [1]), whole);
    return dataOf(whole);
  };
  it('passes with stuffed bytes and restarts', () => {
    const data = [1, 0xff, 0x00, 0xd9, 0xff, 0xd0, 2, 0xff, 0xd7, 0xff, 0x00, 0xff, 0x00, 3];
    assert.deepEqual(through(...data), data);
  });
  it('loses fill bytes, which mean nothing', () => {
    assert.deepEqual(
      through(1, 0xff, 0xff, 0x00, 2, 0xff, 0xff, 0xff, 0xd3, 4, 0xff, 0xff),
      [1, 0xff, 0x00, 2, 0xff, 0xd3, 4],
    );
  });
  it('goes on in the next scan, without what is said between two', () => {
    const comment = [...segment(0xfe, SECRET)];
    assert.deepEqual(through(1, 2, ...comment, 9, 9, ...scan, 3), [1, 2, ...scan, 3]);
  });
});
