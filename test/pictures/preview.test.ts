/** Previews of heat maps: the map in its own colours, what they mean below it, and nothing of another picture. */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import sharp, { type TiffOptions } from 'sharp';
import { drawLegend, type LegendEntry } from '../../src/pictures/draw-legend.ts';
import { previewTiff } from '../../src/pictures/preview.ts';
import { streamOfBytes } from '../../src/streams.ts';
import { type TiffImage, writeTiff } from '../support/write-tiff.ts';
import { breaking } from './pictures.ts';

type Colour = readonly [number, number, number];
const RED: Colour = [220, 30, 30];
const BLUE: Colour = [20, 60, 200];
const GREEN: Colour = [10, 160, 90];
const LEGEND: LegendEntry[] = [
  { label: 'Carcinoma', color: '#dc1e1e' },
  { label: 'Stroma', color: BLUE },
];

const streamed = (bytes: Uint8Array) => streamOfBytes(bytes);

/** A map of two classes in slanting stripes, `across` pixels each. */
function stripes(width: number, height: number, across: number, tiff: TiffOptions = {}): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  for (let place = 0; place < width * height; place++) {
    const stripe = Math.floor(((place % width) + Math.floor(place / width)) / across);
    pixels.set(stripe % 2 === 0 ? RED : BLUE, place * 3);
  }
  const raw = { width, height, channels: 3 as const };
  return sharp(pixels, { raw })
    .tiff({ compression: 'deflate', ...tiff })
    .toBuffer();
}

/** One picture of a TIFF, all of one colour. */
function plain(width: number, height: number, colour: Colour, children: TiffImage[] = []): TiffImage {
  const short = (...values: number[]) => ({ type: 3, values });
  return {
    width,
    height,
    parts: [Buffer.alloc(width * height * 3, Buffer.from(colour))],
    tags: { 258: short(8, 8, 8), 259: short(1), 262: short(2), 277: short(3) },
    children,
  };
}

/** How many pixels there are of each colour, within the first `height` rows and `width` columns. */
async function coloursOf(png: Uint8Array, area: { width: number; height: number }): Promise<Map<string, number>> {
  const { data } = await sharp(png)
    .extract({ left: 0, top: 0, ...area })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const counts = new Map<string, number>();
  for (let at = 0; at < data.length; at += 3) {
    const colour = data.subarray(at, at + 3).join();
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return counts;
}

const hasFont = (await previewTiff(streamed(writeTiff([plain(400, 100, RED)])), LEGEND)).height > 100;
const skip = !hasFont && 'this machine has no font';

let folder = '';
const formerly = process.env.TMPDIR;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preview-test-'));
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

test('a pyramid is shrunk without a colour that is in no legend', async () => {
  const tile = { tile: true, tileWidth: 256, tileHeight: 256, pyramid: true };
  for (const bigtiff of [false, true]) {
    const map = await stripes(1700, 900, 3, { ...tile, bigtiff, predictor: 'horizontal' });
    const { png, width, height } = await previewTiff(streamed(map), LEGEND, { longest: 1000 });
    assert.equal(width, 1000);
    assert.ok(height >= 529);
    const about = await sharp(png).metadata();
    assert.deepEqual([about.format, about.width, about.height, about.exif], ['png', width, height, undefined]);
    const colours = await coloursOf(png, { width: 1000, height: 529 });
    assert.deepEqual([...colours.keys()].sort(), [BLUE.join(), RED.join()].sort());
    const shares = [...colours.values()].map((count) => count / (1000 * 529));
    assert.ok(shares.every((share) => share > 0.4));
  }
});

test('the smallest level that need not be enlarged is the one that is drawn', async () => {
  const pages = [plain(800, 400, RED), plain(400, 200, BLUE), plain(200, 100, GREEN)];
  const below = [plain(800, 400, RED, [plain(400, 200, BLUE), plain(200, 100, GREEN)])];
  for (const images of [pages, below]) {
    for (const [longest, colour] of [
      [1200, RED],
      [400, BLUE],
      [390, BLUE],
      [200, GREEN],
    ] as const) {
      const { png } = await previewTiff(streamed(writeTiff(images)), [], { longest });
      const shown = Math.min(longest, 800);
      // Beside a map that is narrower than its legend there is the ground.
      const left = Math.floor(Math.max(0, ((await sharp(png).metadata()).width ?? 0) - shown) / 2);
      const found = await sharp(png)
        .extract({ left, top: 0, width: shown, height: shown / 2 })
        .raw()
        .toBuffer();
      assert.equal(found.subarray(0, 3).join(), colour.join(), `${longest}`);
      assert.ok(found.equals(Buffer.alloc(found.length, Buffer.from(colour))));
    }
  }
});

test('a picture of another shape is no level of the map, whatever its size', async () => {
  const label = plain(300, 300, GREEN);
  const { png } = await previewTiff(streamed(writeTiff([plain(800, 400, RED), label])), [], { longest: 300 });
  const { width = 0 } = await sharp(png).metadata();
  const middle = await sharp(png)
    .extract({ left: Math.floor(width / 2), top: 75, width: 1, height: 1 })
    .raw()
    .toBuffer();
  assert.equal(middle.join(), RED.join());
});

test('a small map is not enlarged, and its legend has room all the same', { skip }, async () => {
  const { png, width, height } = await previewTiff(streamed(writeTiff([plain(40, 30, RED)])), LEGEND);
  assert.equal(width, 360);
  assert.ok(height > 60);
  const colours = await coloursOf(png, { width, height });
  assert.ok((colours.get(RED.join()) ?? 0) > 40 * 30, 'the map, and its box in the legend');
  assert.ok((colours.get(BLUE.join()) ?? 0) > 50, 'a class that is nowhere in the map is in the legend');
  assert.equal((await coloursOf(png, { width, height: 30 })).get(RED.join()), 40 * 30);
});

test('the banner is drawn above the legend, in as many lines as it needs', { skip }, async () => {
  const map = writeTiff([plain(400, 100, RED)]);
  const usual = await previewTiff(streamed(map), LEGEND);
  const banner = 'AI-generated, for research use only: not for use in diagnostic procedures, and verified by nobody';
  const research = await previewTiff(streamed(map), LEGEND, { banner });
  assert.ok(research.height > usual.height);
  const strip = { left: 0, top: 100, width: 400, height: usual.height - 100 };
  const { channels } = await sharp(await sharp(usual.png).extract(strip).png().toBuffer()).stats();
  assert.ok((channels[1]?.max ?? 0) > 200, 'something bright is written on it');
});

test('grey, transparent and 16-bit maps come out in colour', async () => {
  const grey = sharp({ create: { width: 400, height: 200, channels: 3, background: '#808080' } });
  for (const image of [
    grey.clone().toColourspace('b-w'),
    grey.clone().toColourspace('grey16'),
    grey.clone().ensureAlpha(1),
  ]) {
    const { png } = await previewTiff(streamed(await image.tiff().toBuffer()), LEGEND);
    const colours = await coloursOf(png, { width: 400, height: 200 });
    assert.equal(colours.size, 1);
    assert.match([...colours.keys()][0] ?? '', /^12[789],12[789],12[789]$/);
  }
});

test('what cannot be decoded is the vendor’s fault for good, what broke is not; nothing is left on the disk', async () => {
  const map = await stripes(600, 300, 20);
  const fault = { code: 'vendor-protocol', kind: 'permanent' };
  await assert.rejects(previewTiff(streamed(map.subarray(0, map.length / 2)), LEGEND), fault);
  await assert.rejects(previewTiff(streamed(Buffer.from('not a map')), LEGEND), fault);
  await assert.rejects(previewTiff(streamed(new Uint8Array()), LEGEND), fault);
  const png = await sharp(map).png().toBuffer();
  await assert.rejects(previewTiff(streamed(png), LEGEND), fault, 'a PNG needs no preview');
  const absurd = plain(8, 8, RED);
  const huge = writeTiff([{ ...absurd, tags: { ...absurd.tags, 256: { type: 4, values: [2_000_000_000] } } }]);
  await assert.rejects(previewTiff(streamed(huge), LEGEND), fault);
  await assert.rejects(previewTiff(breaking([], new Error('the connection broke')), LEGEND), /broke/);
  await previewTiff(streamed(map), LEGEND);
  assert.deepEqual(await readdir(folder), []);
});

test('a legend is well-formed and within its strip, whatever the classes are called', () => {
  const colour = fc.oneof(fc.string(), fc.tuple(fc.double(), fc.integer(), fc.integer({ min: 0, max: 255 })));
  const entries = fc.array(fc.record({ label: fc.string({ unit: 'binary', maxLength: 90 }), color: colour }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(
      entries,
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.integer({ min: 1, max: 4000 }),
      (legend, banner, width) => {
        const drawing = drawLegend(legend, banner, width);
        const errors: string[] = [];
        // A replacement character is legal, and only worth a warning.
        const onError = (level: string, message: string) => void (level === 'warning' || errors.push(message));
        const parser = new DOMParser({ onError });
        const document = parser.parseFromString(drawing.svg, 'text/xml');
        assert.deepEqual(errors, []);
        const boxes = [...document.getElementsByTagName('rect')].slice(1);
        assert.equal(boxes.length, Math.min(legend.length, 48));
        for (const box of boxes) {
          const at = (name: string): number => Number(box.getAttribute(name));
          assert.ok(at('x') >= 0 && at('x') + at('width') <= drawing.width);
          assert.ok(at('y') >= 0 && at('y') + at('height') <= drawing.height);
          assert.match(box.getAttribute('fill') ?? '', /^(none|#[0-9a-f]{6})$/i);
        }
        assert.ok(drawing.width >= 360);
      },
    ),
    { numRuns: 150 },
  );
});
