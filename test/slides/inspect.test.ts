/** What a slide's own header says of it, and how little of the file that takes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { drawPyramid, drawSvs, MPP } from '../../scripts/draw-slide.ts';
import { inspectSlide } from '../../src/slides/inspect.ts';
import { ul } from '../support/write-dicom.ts';
import { type TiffImage, writeTiff } from '../support/write-tiff.ts';
import { counted, readAtOf, slideFile, zipOf } from './slides.ts';

const folder = mkdtempSync(join(tmpdir(), 'slides-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const inspect = (file: Uint8Array) => inspectSlide(readAtOf(file), file.length);
const refused = (file: Uint8Array, sentence: RegExp, code = 'input-unsupported') =>
  assert.rejects(inspect(file), { name: 'AdapterError', code, message: sentence });

describe('TIFF and SVS', () => {
  for (const [big, little] of [
    [false, true],
    [false, false],
    [true, true],
    [true, false],
  ] as const) {
    it(`an SVS in ${big ? 'BigTIFF' : 'classic TIFF'}, ${little ? 'little' : 'big'} endian`, async () => {
      const file = await drawSvs({ width: 700, height: 500, big, little });
      assert.deepEqual(await inspect(file), {
        format: 'svs',
        mediaType: 'image/tiff',
        size: file.length,
        width: 700,
        height: 500,
        resolution: MPP,
      });
    });
  }

  for (const big of [false, true]) {
    it(`a pyramid of libvips${big ? ', BigTIFF' : ''}: resolution from its tags`, async () => {
      const path = join(folder, `pyramid-${big}.tif`);
      await drawPyramid(path, { big });
      const facts = await inspect(readFileSync(path));
      assert.deepEqual(
        { ...facts, resolution: facts.resolution?.toFixed(3) },
        {
          format: 'tiff',
          mediaType: 'image/tiff',
          size: facts.size,
          width: 1024,
          height: 768,
          resolution: MPP.toFixed(3),
        },
      );
    });
  }

  const plain: TiffImage = {
    width: 64,
    height: 32,
    tile: { width: 64, height: 32 },
    parts: [Buffer.alloc(10)],
    tags: {},
  };
  it('a resolution that no microscope has is none', async () => {
    const facts = await inspect(
      writeTiff([{ ...plain, tags: { 282: { type: 5, values: [72] }, 296: { type: 3, values: [2] } } }]),
    );
    assert.equal('resolution' in facts, false);
  });
  it('the largest image is the slide, also among SubIFDs', async () => {
    const file = writeTiff([{ ...plain, children: [{ ...plain, width: 320, height: 160, parts: [Buffer.alloc(4)] }] }]);
    assert.equal((await inspect(file)).width, 320);
  });
  it('OME-TIFF says its resolution in XML', async () => {
    const xml =
      '<?xml version="1.0"?><OME><Image><Pixels SizeX="64" SizeY="32" PhysicalSizeX="500" PhysicalSizeXUnit="nm"/></Image></OME>';
    assert.equal((await inspect(writeTiff([{ ...plain, tags: { 270: xml } }]))).resolution, 0.5);
  });

  it('refuses with words what is no slide', async () => {
    await refused(Buffer.alloc(0), /empty file/);
    await refused(Buffer.from('\xff\xd8\xff\xe0 a photo', 'latin1'), /is a JPEG picture; only SVS/);
    await refused(Buffer.from('<html>Sign in</html>'), /a web page/);
    await refused(Buffer.from('whatever'), /unknown kind/);
    await refused(writeTiff([{ ...plain, tags: { 65420: { type: 4, values: [1] } } }]), /NDPI/);
    await refused(
      writeTiff([{ ...plain, tags: { 700: { type: 7, values: [...Buffer.from('<iScan Mode="x">')] } } }]),
      /Ventana/,
    );
  });
  it('refuses what is damaged or cut off', async () => {
    const file = await drawSvs({ width: 300, height: 200 });
    await refused(file.subarray(0, file.length - 400), /incomplete|damaged/);
    await refused(Buffer.from('II*\0\x10\0\0\0', 'latin1'), /incomplete/);
    await refused(writeTiff([{ ...plain, tags: { 325: { type: 4, values: [1_000_000] } } }]), /incomplete/);
    await refused(writeTiff([{ ...plain, width: 0 }]), /damaged/);
    const cyclic = writeTiff([plain]);
    cyclic.writeUInt32LE(cyclic.readUInt32LE(4), cyclic.length - 4);
    await refused(cyclic, /damaged/);
    await refused(writeTiff(Array.from({ length: 300 }, () => plain)), /more than 250 images/, 'input-too-large');
  });
});

describe('DICOM', () => {
  const facts = { mediaType: 'application/dicom', width: 5000, height: 4000, resolution: 0.25 };
  it('a slide in one file', async () => {
    const file = slideFile();
    assert.deepEqual(await inspect(file), { format: 'dicom', size: file.length, ...facts });
  });
  it('its resolution from the size of the volume where pixels have none', async () => {
    const mm = Buffer.alloc(4);
    mm.writeFloatLE(2.5);
    const file = slideFile({ more: { '0048,0001': ['FL', mm], '5200,9229': ['SQ', [{}]] } });
    assert.equal((await inspect(file)).resolution, 0.5);
  });
  it('a header longer than the first read', async () => {
    const file = slideFile({ more: { '0048,0105': ['SQ', [{ '0028,2000': ['OB', Buffer.alloc(600_000)] }]] } });
    assert.equal((await inspect(file)).width, 5000);
  });
  it('refuses labels, other modalities and what is damaged', async () => {
    await refused(slideFile({ flavor: 'LABEL' }), /the label, overview/);
    await refused(slideFile({ more: { '0008,0060': ['CS', 'CT'] } }), /another modality.*\(CT\)/);
    await refused(slideFile({ more: { '0048,0006': ['UL', ul(0)] } }), /how large/);
    await refused(slideFile({}, { transferSyntax: '1.2.840.10008.1.2.1.99' }), /compressed/);
    await refused(Buffer.concat([slideFile().subarray(0, 400), Buffer.alloc(3000, 0xee)]), /damaged|no slide/);
  });
  for (const compress of [false, true]) {
    it(`several files in a zip file, ${compress ? 'packed' : 'stored'}: the largest counts`, async () => {
      const level = (width: number) => slideFile({ width, height: width });
      const file = await zipOf(
        {
          'a.dcm': level(500),
          'b.dcm': level(8000),
          'l.dcm': slideFile({ flavor: 'LABEL', width: 9000 }),
          'x.txt': Buffer.from('x'),
        },
        { compress },
      );
      assert.deepEqual(await inspect(file), {
        ...facts,
        format: 'dicom-zip',
        mediaType: 'application/zip',
        size: file.length,
        width: 8000,
        height: 8000,
      });
    });
  }
  it('a zip file without a slide', async () => {
    await refused(await zipOf({ 'l.dcm': slideFile({ flavor: 'LABEL' }) }), /holds no DICOM file of a slide/);
    await refused((await zipOf({ 'a.dcm': slideFile() })).subarray(0, 900), /incomplete/);
  });
});

it('reads a header of a slide of gigabytes in few, small reads', async () => {
  // The tables of its tiles alone have more bytes than may be read; behind what is written here, the file is zeros.
  const tiles = 100_000;
  const size = 6 * 1024 ** 3;
  const table = (value: number) => ({ type: 16, values: Array.from({ length: tiles }, () => value) });
  const level = (width: number): TiffImage => ({
    width,
    height: width,
    tile: { width: 256, height: 256 },
    parts: [],
    tags: {
      324: table(5 * 1024 ** 3),
      325: { type: 4, values: table(9000).values },
      270: 'Aperio Image Library v12|AppMag = 40|MPP = 0.25',
    },
  });
  const file = writeTiff([level(80_000), level(20_000), level(5_000)], { big: true });
  const counts = counted(file);
  const facts = await inspectSlide(async (offset, length) => {
    const bytes = new Uint8Array(length);
    bytes.set(await counts.readAt(offset, length));
    return bytes;
  }, size);
  assert.equal(facts.width, 80_000);
  assert.ok(counts.reads < 200 && counts.bytes < 2 * 1024 ** 2, `${counts.reads} reads, ${counts.bytes} bytes`);
});
