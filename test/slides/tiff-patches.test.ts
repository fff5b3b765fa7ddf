/** TIFF and SVS slides after cleaning: the same pixels, and nothing that says whose they are. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { drawPyramid, drawSvs, MPP, SECRETS } from '../../scripts/draw-slide.ts';
import { inspectSlide } from '../../src/slides/inspect.ts';
import { planPatches } from '../../src/slides/plan-patches.ts';
import { type TiffImage, writeTiff } from '../support/write-tiff.ts';
import { patched, readAtOf } from './slides.ts';

async function clean(file: Uint8Array): Promise<Buffer> {
  return patched(file, await planPatches(readAtOf(file), file.length));
}

const pages = async (file: Buffer) => (await sharp(file).metadata()).pages ?? 1;
const pixels = (file: Buffer, page = 0) => sharp(file, { page, limitInputPixels: false }).raw().toBuffer();

function assertNothingOf(file: Buffer, secrets: readonly string[]): void {
  for (const secret of secrets) {
    assert.equal(file.indexOf(secret, 0, 'latin1'), -1, `${secret} is still in the file`);
    assert.equal(file.indexOf(secret, 0, 'utf16le'), -1, `${secret} is still in the file`);
  }
}

describe('an SVS', () => {
  for (const [big, little] of [
    [false, true],
    [false, false],
    [true, true],
    [true, false],
  ] as const) {
    it(`keeps its pixels and loses label, macro and names (${big ? 'BigTIFF' : 'classic'}, ${little ? 'little' : 'big'} endian)`, async () => {
      const file = await drawSvs({ width: 700, height: 500, big, little, stray: 'left over: Doe^Jane' });
      assert.ok(
        SECRETS.every((secret) => file.includes(secret)),
        'the names are there before',
      );
      const cleaned = await clean(file);
      assertNothingOf(cleaned, [...SECRETS, 'label', 'macro', 'xmpmeta']);
      assert.equal(cleaned.length, file.length);
      assert.equal(await pages(file), 5);
      assert.equal(await pages(cleaned), 3);
      for (const page of [0, 1, 2]) {
        assert.deepEqual(await pixels(cleaned, page), await pixels(file, page));
      }
      assert.deepEqual(
        await inspectSlide(readAtOf(cleaned), cleaned.length),
        await inspectSlide(readAtOf(file), file.length),
      );
    });
  }

  it('has zeros where the pixels of label and macro were', async () => {
    const file = await drawSvs({ width: 700, height: 500 });
    const cleaned = await clean(file);
    for (const page of [3, 4]) {
      const needle = (await pixels(file, page)).subarray(0, 4000);
      const at = file.indexOf(needle);
      assert.ok(at > 0, 'raw pixels are found before');
      assert.ok(cleaned.subarray(at, at + needle.length).every((byte) => byte === 0));
    }
  });

  it('keeps of its description what readers need', async () => {
    const cleaned = await clean(await drawSvs({ width: 700, height: 500 }));
    assert.match(
      cleaned.toString('latin1'),
      /Aperio Image Library v11\.2\.1 \r\n700x500 \[0,0 700x500\] \(256x256\) JPEG\/RGB Q=60\|AppMag = 20\|StripeWidth = 2040\|MPP = 0\.4991\|Left = 25\.691574/,
    );
  });

  it('is as clean when cleaned again', async () => {
    const once = await clean(await drawSvs({ width: 300, height: 200 }));
    assert.deepEqual(await clean(once), once);
  });
});

it('a pyramid of libvips keeps all its levels', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slides-test-'));
  try {
    for (const big of [false, true]) {
      const path = join(folder, 'slide.tif');
      await drawPyramid(path, { width: 1500, height: 1001, big });
      const file = await readFile(path);
      const cleaned = await clean(file);
      assert.equal(await pages(cleaned), await pages(file));
      assert.ok((await pages(file)) >= 3);
      for (let page = 0; page < (await pages(file)); page++) {
        assert.deepEqual(await pixels(cleaned, page), await pixels(file, page));
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

const NAME = 'Doe^Jane';
const grey = (value: number, size: number) => Buffer.alloc(size, value);
const COLOURS = {
  258: { type: 3, values: [8] },
  259: { type: 3, values: [1] },
  262: { type: 3, values: [1] },
  277: { type: 3, values: [1] },
};
const tile = { width: 16, height: 16 };
/** A tiled image without compression whose pixels all have one value. */
const flat = (width: number, height: number, value: number, tags: TiffImage['tags'] = {}): TiffImage => ({
  width,
  height,
  tile,
  parts: Array.from({ length: Math.ceil(width / 16) * Math.ceil(height / 16) }, () => grey(value, 256)),
  tags: { ...COLOURS, ...tags },
});

describe('other TIFFs', () => {
  it('lose images that are no copies of the slide, whatever they are called', async () => {
    const unnamed: TiffImage = { width: 40, height: 20, parts: [Buffer.from(NAME.repeat(100))], tags: COLOURS };
    const file = writeTiff([
      unnamed,
      flat(64, 48, 7),
      flat(32, 24, 8),
      { ...flat(30, 30, 9), tags: { ...COLOURS, 270: 'barcode' } },
      flat(16, 12, 10),
    ]);
    const cleaned = await clean(file);
    assertNothingOf(cleaned, [NAME, 'barcode']);
    assert.equal(await pages(cleaned), 3);
    assert.deepEqual((await pixels(cleaned)).subarray(0, 4), grey(7, 4));
    assert.deepEqual((await pixels(cleaned, 2)).subarray(0, 4), grey(10, 4));
  });

  it('keep copies among SubIFDs and lose a label among them', async () => {
    const label = { ...flat(16, 12, 9), tags: { ...COLOURS, 270: `label of ${NAME}` } };
    for (const children of [[flat(32, 24, 8), label], [label, flat(32, 24, 8), flat(16, 12, 6)], [label]]) {
      const file = writeTiff([{ ...flat(64, 48, 7), children }]);
      const cleaned = await clean(file);
      assertNothingOf(cleaned, [NAME, 'label']);
      const left = (await sharp(cleaned).metadata()).subifds ?? 0;
      assert.equal(left, children.length - 1);
      for (let subifd = 0; subifd < left; subifd++) {
        assert.equal((await sharp(cleaned, { tiff: { subifd } }).metadata()).width, 32 >> subifd);
      }
    }
  });

  it('lose every text and private tag, and keep what numbers make pixels', async () => {
    const text = (tag: number) => [tag, NAME];
    const tags = {
      ...COLOURS,
      ...Object.fromEntries([269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, 50000].map(text)),
      282: { type: 5, values: [20_000] },
      283: { type: 5, values: [20_000] },
      296: { type: 3, values: [3] },
    };
    const file = writeTiff([flat(64, 48, 7, tags)]);
    const cleaned = await clean(file);
    assertNothingOf(cleaned, [NAME]);
    assert.deepEqual(await pixels(cleaned), await pixels(file));
    assert.equal((await inspectSlide(readAtOf(cleaned), cleaned.length)).resolution, 0.5);
  });

  it('OME-TIFF keeps of its XML the facts of the pixels', async () => {
    const xml = `<?xml version="1.0"?><OME UUID="${NAME}"><Experimenter LastName="${NAME}"/><Image Name="${NAME}"><AcquisitionDate>2026-11-21</AcquisitionDate><Pixels ID="${NAME}" DimensionOrder="XYCZT" Type="uint8" SizeX="64" SizeY="48" SizeC="1" SizeZ="1" SizeT="1" PhysicalSizeX="0.25" PhysicalSizeXUnit="\xc2\xb5m"><Channel Name="${NAME}"/></Pixels></Image></OME>${' '.repeat(200)}`;
    const file = writeTiff([flat(64, 48, 7, { 270: xml })]);
    const cleaned = await clean(file);
    assertNothingOf(cleaned, [NAME, '2026']);
    assert.match(
      cleaned.toString('utf8'),
      /<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="64".*PhysicalSizeX="0.25" PhysicalSizeXUnit="µm"><Channel/,
    );
    assert.equal((await inspectSlide(readAtOf(cleaned), cleaned.length)).resolution, 0.25);
  });

  it('are refused where tiles lie about their length or in each other’s way', async () => {
    const long = writeTiff([flat(16, 16, 7, { 325: { type: 4, values: [200_000] } })], { stray: NAME.repeat(40_000) });
    await assert.rejects(clean(long), /damaged/);
    const overHead = writeTiff([flat(16, 16, 7, { 324: { type: 4, values: [0] } })]);
    await assert.rejects(clean(overHead), /damaged/);
  });
});

it('reads the tables of tiles for the plan, and no pixels', async () => {
  const tiles = 10_000;
  const length = 400_000;
  const from = 64 * 1024 ** 2;
  const numbers = (type: number, value: (index: number) => number) => ({
    type,
    values: Array.from({ length: tiles }, (_, index) => value(index)),
  });
  const file = writeTiff(
    [
      {
        width: 25_600,
        height: 25_600,
        tile: { width: 256, height: 256 },
        parts: [],
        tags: {
          258: { type: 3, values: [8, 8, 8] },
          277: { type: 3, values: [3] },
          324: numbers(16, (index) => from + index * length),
          325: numbers(4, () => length),
        },
      },
    ],
    { big: true },
  );
  const size = from + tiles * length + 1000;
  let bytes = 0;
  const patches = await planPatches(async (offset, wanted) => {
    bytes += wanted;
    const read = new Uint8Array(wanted);
    read.set(file.subarray(offset, offset + wanted));
    return read;
  }, size);
  assert.ok(bytes < 1024 ** 2, `${bytes} bytes`);
  assert.deepEqual(patches.at(-1), { offset: size - 1000, zeros: 1000 });
  assert.deepEqual(patches.at(-2), { offset: file.length, zeros: from - file.length });
});

it('a label in the shape of the slide is no copy of it', async () => {
  const label = flat(20, 15, 9);
  const cleaned = await clean(writeTiff([flat(64 * 16, 48 * 16, 7), label, flat(64, 48, 8)]));
  assert.equal(await pages(cleaned), 2);
  assert.equal((await sharp(cleaned, { page: 1 }).metadata()).width, 64);
});

it('the example that is shipped is a slide with everything that must not leave', async () => {
  const file = await readFile(new URL('../../sandbox/examples/slide.svs', import.meta.url));
  const drawn = await drawSvs();
  // Not byte by byte: how libvips codes a tile may differ between machines.
  const { size, ...facts } = await inspectSlide(readAtOf(file), file.length);
  assert.deepEqual(facts, { ...facts, format: 'svs', width: 2048, height: 1536, resolution: MPP });
  assert.equal(await pages(file), await pages(drawn));
  assert.ok(size <= 400_000 && SECRETS.every((secret) => file.includes(secret)));
  assertNothingOf(await clean(file), SECRETS);
});
