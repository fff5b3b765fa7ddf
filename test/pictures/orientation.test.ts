import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { orientationOf } from '../../src/pictures/exif-orientation.ts';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import { openClean } from '../../src/pictures/open-clean.ts';
import {
  burdenJpeg,
  burdenPng,
  drawn,
  exif,
  exifInto,
  LIMITS,
  ownTempFolder,
  readAll,
  SECRET,
  streamOf,
  withExif,
} from './pictures.ts';

const leftovers = ownTempFolder();

describe('the orientation in EXIF', () => {
  for (const little of [true, false]) {
    it(`is read ${little ? 'little' : 'big'}-endian, as a short or a long`, () => {
      for (let value = 1; value <= 8; value++) {
        assert.equal(
          orientationOf(
            exif(little, [
              [0x010f, 2, 0],
              [0x0112, 3, value],
            ]),
          ),
          value,
        );
        assert.equal(orientationOf(exif(little, [[0x0112, 4, value]])), value);
      }
    });
  }
  it('is upright where it makes no sense', () => {
    for (const [type, value] of [
      [3, 0],
      [3, 9],
      [2, 6],
      [4, 0x60000],
    ] as const) {
      assert.equal(orientationOf(exif(true, [[0x0112, type, value]])), 1);
    }
    assert.equal(orientationOf(exif(true, [[0x0112, 3, 6]]).subarray(0, 20)), 1);
  });
  it('is one of eight, whatever the bytes', () => {
    const damaged = fc
      .tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.nat(30))
      .map(([little, bytes, at]) => {
        const block = exif(little, [
          [0x010f, 2, 0],
          [0x0112, 3, 6],
        ]);
        block.set(bytes.subarray(0, block.length - at), at);
        return block;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged), (bytes) => {
        assert.ok([1, 2, 3, 4, 5, 6, 7, 8].includes(orientationOf(bytes)));
      }),
    );
  });
});

async function turned(bytes: Buffer) {
  const about = await inspectPicture(streamOf(bytes), LIMITS);
  const clean = await openClean(streamOf(bytes), about);
  const out = await readAll(clean.body);
  assert.equal(clean.size, out.length);
  return { about, out };
}

describe('a picture that does not lie upright', () => {
  for (let orientation = 2; orientation <= 8; orientation++) {
    it(`is turned, its colours and profile kept: PNG, orientation ${orientation}`, async () => {
      const bytes = burdenPng(await withExif(drawn().withIccProfile('p3'), orientation).png().toBuffer());
      const { about, out } = await turned(bytes);
      const options = { ignoreIcc: true };
      const wanted = await sharp(bytes, options).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const got = await sharp(out, options).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual(got.data, wanted.data);
      assert.deepEqual(
        [about.turned, about.cleanSize, about.width, about.height],
        [true, undefined, wanted.info.width, wanted.info.height],
      );
      const [before, after] = await Promise.all([sharp(bytes).metadata(), sharp(out).metadata()]);
      assert.deepEqual([after.icc, after.exif, after.orientation], [before.icc, undefined, undefined]);
      assert.ok(!out.includes(SECRET));
      assert.deepEqual(leftovers(), []);
    });
    it(`is turned with hardly a loss: JPEG, orientation ${orientation}`, async () => {
      const bytes = burdenJpeg(await withExif(drawn(64, 40), orientation).jpeg({ quality: 90 }).toBuffer());
      const { about, out } = await turned(bytes);
      const wanted = await sharp(bytes).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const got = await sharp(out).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([got.info.width, got.info.height], [about.width, about.height]);
      assert.equal(got.info.width, wanted.info.width);
      const off = wanted.data.reduce((sum, value, at) => sum + Math.abs(value - (got.data[at] ?? 0)), 0);
      assert.ok(off / wanted.data.length < 3, `off by ${off / wanted.data.length}`);
      const after = await sharp(out).metadata();
      assert.deepEqual([after.exif, after.orientation, after.chromaSubsampling], [undefined, undefined, '4:2:0']);
      assert.ok(!out.includes(SECRET));
      assert.deepEqual(leftovers(), []);
    });
  }
  it('is turned as its first EXIF block says, where a program has left two', async () => {
    const bytes = exifInto(exifInto(await drawn().jpeg().toBuffer(), 1), 6);
    assert.equal((await inspectPicture(streamOf(bytes), LIMITS)).turned, true);
    assert.equal((await inspectPicture(streamOf(exifInto(bytes, 1)), LIMITS)).turned, false);
  });
  it('stays grey, CMYK or of 16 bits', async () => {
    const kinds = {
      'b-w': await drawn(48, 32, 1).toColourspace('b-w').jpeg().toBuffer(),
      cmyk: await drawn().toColourspace('cmyk').jpeg().toBuffer(),
      rgb16: await drawn().toColourspace('rgb16').png().toBuffer(),
    };
    for (const [space, bytes] of Object.entries(kinds)) {
      const { about, out } = await turned(exifInto(bytes, 6));
      const { space: kept, hasProfile } = await sharp(out).metadata();
      assert.deepEqual([about.turned, kept, hasProfile], [true, space, false]);
    }
  });
  it('that cannot be decoded is refused, and leaves nothing behind', async () => {
    const whole = await withExif(drawn(400, 300), 6).jpeg().toBuffer();
    const bytes = Buffer.concat([whole.subarray(0, whole.length - 800), Buffer.from([0xff, 0xd9])]);
    const about = await inspectPicture(streamOf(bytes), LIMITS);
    await assert.rejects(openClean(streamOf(bytes), about), {
      code: 'input-unsupported',
      message: 'The picture is damaged and cannot be read.',
    });
    assert.deepEqual(leftovers(), []);
  });
  it('and that nobody could hold decoded is refused when it is read', async () => {
    const bytes = await withExif(drawn(), 6).jpeg().toBuffer();
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    bytes.writeUInt16BE(30_000, frame + 5);
    bytes.writeUInt16BE(30_000, frame + 7);
    await assert.rejects(inspectPicture(streamOf(bytes), LIMITS), {
      code: 'input-too-large',
      message: /300 million pixels/,
    });
  });
});
