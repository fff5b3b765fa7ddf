import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import type { PictureLimits } from '../../src/pictures/types.ts';
import {
  breaking,
  burdenJpeg,
  burdenPng,
  chunk,
  drawn,
  LIMITS,
  segment,
  streamOf,
  watched,
  withExif,
} from './pictures.ts';

const jpeg = await withExif(drawn()).jpeg().toBuffer();
const png = await drawn().png().toBuffer();
const bytesOf = (text: string, before = 0) =>
  Buffer.concat([Buffer.alloc(before), Buffer.from(text, 'latin1'), Buffer.alloc(200)]);

async function refused(
  bytes: Uint8Array,
  sentence: string | RegExp,
  limits: PictureLimits = LIMITS,
  code = 'input-unsupported',
) {
  await assert.rejects(
    inspectPicture(streamOf(bytes), limits),
    (error: Error & { code?: string; orderer?: string }) => {
      assert.equal(error.code, code);
      if (typeof sentence === 'string') {
        assert.equal(error.orderer, sentence);
      } else {
        assert.match(error.orderer ?? '', sentence);
      }
      return true;
    },
  );
}

describe('what reading a picture once shows', () => {
  it('is of the file as the EHR has it, and of the picture as it is seen', async () => {
    for (const [contentType, bytes] of [
      ['image/jpeg', burdenJpeg(jpeg)],
      ['image/png', burdenPng(png)],
    ] as const) {
      const { cleanSize = 0, plan, ...facts } = await inspectPicture(streamOf(bytes), LIMITS);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      assert.deepEqual(facts, {
        contentType,
        size: bytes.length,
        sha256,
        blocks: [crc32(bytes)],
        pictures: 1,
        width: 48,
        height: 32,
        turned: false,
      });
      assert.ok(plan && cleanSize > 0 && cleanSize < bytes.length);
    }
  });
  it('does not change with the pieces that it comes in', async () => {
    const whole = await inspectPicture(streamOf(jpeg, [jpeg.length]), LIMITS);
    assert.deepEqual(await inspectPicture(streamOf(jpeg, [1, 7, 2]), LIMITS), whole);
  });
  it('is of a picture whose beginning is long', async () => {
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), Buffer.alloc(300_000, 7)]));
    const long = Buffer.concat([png.subarray(0, 33), chunk('eXIf', Buffer.alloc(100_000)), profile, png.subarray(33)]);
    assert.equal((await inspectPicture(streamOf(long), LIMITS)).cleanSize, long.length - 100_012);
    const wordy = Buffer.concat([
      jpeg.subarray(0, 2),
      ...Array(9).fill(segment(0xfe, Buffer.alloc(65_533, 255))),
      jpeg.subarray(2),
    ]);
    assert.equal((await inspectPicture(streamOf(wordy), LIMITS)).width, 48);
  });
});

describe('refused, in words for who ordered', () => {
  const shown = 'only JPEG, PNG and zip files of such can be sent.';
  const others: [string, Uint8Array | Promise<Uint8Array>][] = [
    ['a TIFF file', drawn().tiff().toBuffer()],
    ['a WebP file', drawn().webp().toBuffer()],
    ['a GIF file', drawn().gif().toBuffer()],
    ['a HEIC file', bytesOf('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    ['a DICOM file', bytesOf('DICM', 128)],
    ['a PDF file', bytesOf('%PDF-1.7\n')],
    ['a JPEG 2000 file', bytesOf('\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ')],
    ['a film', bytesOf('\0\0\0\x18ftypisom\0\0\0\0isommp42')],
    ['a file of an unknown type', bytesOf('Dear colleague, please find the picture elsewhere')],
  ];
  for (const [name, bytes] of others) {
    it(name, async () => refused(await bytes, `The picture is ${name}; ${shown}`));
  }
  it('a type that this vendor does not take', async () => {
    await refused(png, 'The picture is a PNG file; only JPEG files can be sent.', { ...LIMITS, types: ['image/jpeg'] });
    const limits: PictureLimits = { ...LIMITS, types: ['image/jpeg', 'image/png'] };
    await refused(bytesOf('PK\x03\x04'), 'The picture is a zip file; only JPEG and PNG files can be sent.', limits);
  });
  it('no bytes', () => refused(new Uint8Array(), 'The picture is empty (0 bytes).'));
  it('one byte too many, without reading on', async () => {
    const limits = { ...LIMITS, largest: 1024 * 1024 };
    const source = watched(new Uint8Array(Buffer.concat([jpeg, Buffer.alloc(50 * limits.largest)])), [64 * 1024]);
    await assert.rejects(inspectPicture(source.stream, limits), {
      code: 'input-too-large',
      message: 'The picture is larger than 1 MB.',
    });
    assert.ok(source.cancelled && source.asked < 20);
    await inspectPicture(streamOf(jpeg), { ...LIMITS, largest: jpeg.length });
    await refused(jpeg, 'The picture is larger than 0.0009 MB.', { ...LIMITS, largest: 900 }, 'input-too-large');
  });
  it('a file that ends too early, wherever', async () => {
    for (const bytes of [
      await withExif(drawn(8, 8)).jpeg({ progressive: true }).toBuffer(),
      await drawn(8, 8).png().toBuffer(),
    ]) {
      for (let end = 1; end < bytes.length; end++) {
        await refused(
          bytes.subarray(0, end),
          /^The picture is (incomplete: the file ends before the picture does\.|a file of an unknown type;)/,
        );
      }
    }
  });
  it('a damaged file, and the source is let go', async () => {
    const broken = Buffer.from(png);
    const pixel = png.indexOf('IDAT') + 20;
    broken.writeUInt8((png.at(pixel) ?? 0) ^ 1, pixel);
    await refused(broken, 'The picture is damaged and cannot be read.');
    await refused(Buffer.concat([jpeg.subarray(0, 2), jpeg]), 'The picture is damaged and cannot be read.');
    await refused(Buffer.from([0xff, 0xd8, 0xff, 0xd9]), 'The picture is damaged and cannot be read.');
    await refused(Buffer.concat([jpeg.subarray(0, 2), segment(0xfe, 'x'), Buffer.from([0xff, 0xd9])]), /damaged/);
    await refused(Buffer.concat([png.subarray(0, 33), chunk('IEND')]), /damaged/);
    const frame = segment(0xc0, Buffer.from([8, 0, 4, 0, 5, 1, 1, 0x11, 0]));
    await refused(Buffer.concat([jpeg.subarray(0, 2), frame, jpeg.subarray(2)]), /damaged/);
    const source = watched(new Uint8Array(Buffer.concat([broken, Buffer.alloc(1_000_000)])), [1000]);
    await assert.rejects(inspectPicture(source.stream, LIMITS), { code: 'input-unsupported' });
    assert.ok(source.cancelled && source.asked < 30);
  });
  it('what hardly anything can draw', async () => {
    const lossless = Buffer.from(jpeg);
    lossless.writeUInt8(0xc3, lossless.indexOf(Buffer.from([0xff, 0xc0])) + 1);
    await refused(lossless, 'The picture is a JPEG file of a rare kind that most programs cannot read.');
    const critical = Buffer.concat([png.subarray(0, 33), chunk('CgBI', 'abcd'), png.subarray(33)]);
    await refused(critical, 'The picture is a PNG file of a rare kind that most programs cannot read.');
  });
  it('never by what the source itself fails with', async () => {
    await assert.rejects(inspectPicture(breaking([], new RangeError('the line broke')), LIMITS), RangeError);
  });
});

it('an animation is its first picture', async () => {
  const bytes = burdenPng(await drawn().png().toBuffer());
  assert.equal((await inspectPicture(streamOf(bytes), LIMITS)).contentType, 'image/png');
  assert.equal((await sharp(bytes).metadata()).width, 48);
});
