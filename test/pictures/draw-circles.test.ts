import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { drawCircles } from '../../src/pictures/draw-circles.ts';
import type { CleanPicture } from '../../src/pictures/types.ts';
import { streamOfBytes } from '../../src/streams.ts';
import { breaking } from './pictures.ts';

const picture = (bytes: Uint8Array, contentType: CleanPicture['contentType'] = 'image/jpeg'): CleanPicture => ({
  contentType,
  size: bytes.byteLength,
  body: streamOfBytes(bytes),
});

const plain = (width: number, height: number, background = '#8090a0') =>
  sharp({ create: { width, height, channels: 3, background } });

/** Red, green and blue of one pixel. */
async function pixel(png: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3)];
}

const isNear = (one: number[], other: number[]): boolean =>
  one.every((value, index) => Math.abs(value - (other[index] ?? 0)) < 40);

/** A strip of words needs a font; the rings do not. */
const blank = await plain(600, 300).png().toBuffer();
const hasFont = (await drawCircles(picture(blank, 'image/png'), [])).height > 300;
const skip = !hasFont && 'this machine has no font';

let folder = '';
const formerly = process.env.TMPDIR;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'draw-test-'));
  process.env.TMPDIR = folder;
});
after(async () => {
  if (formerly === undefined) {
    delete process.env.TMPDIR;
  } else {
    process.env.TMPDIR = formerly;
  }
  await rm(folder, { recursive: true, force: true });
});

test('a ring is drawn where the finding is, on a picture shrunk to the longest side', async () => {
  const jpeg = await plain(2000, 1000)
    .withExif({ IFD0: { Artist: 'Erika Mustermann' } })
    .jpeg()
    .toBuffer();
  const drawing = await drawCircles(picture(jpeg), [{ x: 1000, y: 500, radius: 200 }], { longest: 500 });
  assert.equal(drawing.width, 500);
  assert.ok(drawing.height >= 250 && drawing.height < 330);
  assert.deepEqual([drawing.drawn, drawing.outside], [1, 0]);
  for (const [x, y] of [
    [300, 125],
    [200, 125],
    [250, 75],
    [250, 175],
  ] as const) {
    assert.ok(isNear(await pixel(drawing.png, x, y), [255, 212, 0]), `the ring at ${x}, ${y}`);
  }
  assert.ok(isNear(await pixel(drawing.png, 250, 125), [128, 144, 160]), 'the finding itself is not covered');
  const about = await sharp(drawing.png).metadata();
  assert.deepEqual([about.format, about.exif, about.icc, about.xmp], ['png', undefined, undefined, undefined]);
  assert.equal(Buffer.from(drawing.png).includes('Mustermann'), false);
});

test('a small picture is not enlarged, and one too narrow for words has none', async () => {
  const png = await plain(60, 40).png().toBuffer();
  const { width, height } = await drawCircles(picture(png, 'image/png'), [{ x: 30, y: 20, radius: 10 }]);
  assert.deepEqual([width, height], [60, 40]);
});

test('the strip of words covers nothing of the picture', { skip }, async () => {
  const drawing = await drawCircles(picture(blank, 'image/png'), []);
  assert.equal(drawing.width, 600);
  assert.ok(drawing.height > 310);
  assert.ok(isNear(await pixel(drawing.png, 2, 298), [128, 144, 160]));
  const strip = sharp(drawing.png).extract({ left: 0, top: 300, width: 600, height: drawing.height - 300 });
  const { channels } = await sharp(await strip.png().toBuffer()).stats();
  assert.ok((channels[0]?.max ?? 0) > 200, 'something bright is written on it');
});

test('kinds of findings have colours of their own, and their names stand below', { skip }, async () => {
  const png = blank;
  const one = await drawCircles(picture(png, 'image/png'), [{ x: 100, y: 100, radius: 30, label: 'Schizont' }]);
  const two = await drawCircles(picture(png, 'image/png'), [
    { x: 100, y: 100, radius: 30, label: 'Schizont' },
    { x: 400, y: 100, radius: 30, label: '<script>&"\u0000\ud800' },
  ]);
  assert.ok(two.height > one.height);
  assert.ok(isNear(await pixel(two.png, 130, 100), [255, 212, 0]));
  assert.ok(isNear(await pixel(two.png, 430, 100), [0, 229, 255]));
});

test('grey, transparent, 16-bit and CMYK pictures are drawn on in colour', async () => {
  const grey = plain(300, 200).greyscale();
  const kinds: [string, Buffer, CleanPicture['contentType']][] = [
    ['grey', await grey.clone().toColourspace('b-w').png().toBuffer(), 'image/png'],
    ['16 bits', await grey.clone().toColourspace('grey16').png().toBuffer(), 'image/png'],
    ['transparent', await plain(300, 200).ensureAlpha(0.2).png().toBuffer(), 'image/png'],
    ['CMYK', await plain(300, 200).toColourspace('cmyk').jpeg().toBuffer(), 'image/jpeg'],
  ];
  for (const [name, bytes, type] of kinds) {
    const { png } = await drawCircles(picture(bytes, type), [{ x: 100, y: 100, radius: 50 }]);
    assert.ok(isNear(await pixel(png, 150, 100), [255, 212, 0]), name);
  }
});

test('what cannot be decoded is refused, and nothing is left on the disk', async () => {
  const jpeg = await plain(200, 200).jpeg().toBuffer();
  await assert.rejects(drawCircles(picture(jpeg.subarray(0, 300)), []), { code: 'input-unsupported' });
  await assert.rejects(drawCircles(picture(Buffer.from('PK')), []), { code: 'input-unsupported' });
  const failing = breaking([], new Error('the connection broke'));
  await assert.rejects(drawCircles({ ...picture(jpeg), body: failing }, []), /broke/);
  await drawCircles(picture(jpeg), []);
  assert.deepEqual(await readdir(folder), []);
});

test('drawing many at once gives each its own', async () => {
  const sizes = [40, 50, 60, 70];
  const drawings = await Promise.all(
    sizes.map(async (side) => drawCircles(picture(await plain(side, side).jpeg().toBuffer()), [])),
  );
  assert.deepEqual(
    drawings.map(({ width }) => width),
    sizes,
  );
});

test('on a machine without fonts there are no words, rather than empty boxes', async () => {
  const config = join(folder, 'fonts.conf');
  await writeFile(config, `<?xml version="1.0"?><fontconfig><dir>${folder}/none</dir></fontconfig>`);
  const script = `
    import { drawCircles } from './src/pictures/draw-circles.ts';
    import sharp from 'sharp';
    const png = await sharp({ create: { width: 600, height: 300, channels: 3, background: '#808080' } }).png().toBuffer();
    const drawing = await drawCircles({ contentType: 'image/png', size: png.length, body: new Blob([png]).stream() }, []);
    process.stdout.write(String(drawing.height));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, FONTCONFIG_FILE: config },
  });
  await rm(config);
  assert.equal(stdout, '300');
});
