/** DICOM slides after cleaning, alone and in a zip file: read by an independent parser, and searched byte by byte. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import dicomParser from 'dicom-parser';
import { type Entry, fromBufferPromise } from 'yauzl';
import { planPatches } from '../../src/slides/plan-patches.ts';
import { coded, elements } from '../support/write-dicom.ts';
import { FRAME, patched, readAtOf, SECRET, slideFile, zipOf } from './slides.ts';

async function clean(file: Uint8Array): Promise<Buffer> {
  return patched(file, await planPatches(readAtOf(file), file.length));
}

function assertNoSecret(file: Buffer): void {
  for (const secret of [SECRET, '20261121', '143307', '19700101']) {
    assert.equal(file.indexOf(secret, 0, 'latin1'), -1, `${secret} is still in the file`);
  }
}

describe('a DICOM slide', () => {
  it('loses names, dates and private attributes, and stays readable', async () => {
    const file = slideFile();
    const cleaned = await clean(file);
    assertNoSecret(cleaned);
    const [before, after] = [dicomParser.parseDicom(file), dicomParser.parseDicom(cleaned)];
    assert.deepEqual(Object.keys(after.elements), Object.keys(before.elements));
    assert.equal(after.string('x00080020'), '19000101');
    assert.equal(after.string('x00080030'), '000000.000');
    assert.equal(after.string('x0008002a'), '19000101000000.000000');
    assert.equal(after.string('x00100010'), '');
    assert.equal(after.string('x00100040'), '');
    assert.equal(after.string('x00400512'), 'X');
    for (const kept of ['x00080018', 'x00080070', 'x00181020', 'x00080008', 'x00020010']) {
      assert.equal(after.string(kept), before.string(kept));
    }
    const stain = (set: typeof before) =>
      set.elements.x00400560?.items?.[0]?.dataSet?.elements.x00400610?.items?.[0]?.dataSet?.elements.x00400612?.items?.[0]?.dataSet?.elements.x0040a043?.items?.[0]?.dataSet?.string(
        'x00080104',
      );
    assert.equal(stain(after), 'Eosin');
    assert.ok(after.elements.x7fe00010?.fragments?.length === 3);
    const at = file.lastIndexOf(Buffer.from('e07f10004f42', 'hex'));
    assert.deepEqual(cleaned.subarray(at), file.subarray(at));
  });

  const behind = elements({ '7fe1,0010': ['LO', SECRET], 'fffa,fffa': ['SQ', [{ '0008,0104': ['LO', SECRET] }]] });
  const native = elements({ '7fe0,0010': ['OW', Buffer.alloc(500, 1)] });
  const extended = (frames: number) => {
    const table = Buffer.alloc(8 * frames);
    for (let index = 0; index < frames; index++) {
      table.writeBigUInt64LE(BigInt(index * (8 + FRAME.length + 1)), 8 * index);
    }
    return Buffer.concat([
      elements({ '7fe0,0001': ['OV', table] }),
      coded(
        Array.from({ length: frames }, () => FRAME),
        false,
      ),
    ]);
  };
  const many = (offsets: boolean) =>
    coded(
      Array.from({ length: 5_000 }, () => FRAME),
      offsets,
    );
  for (const [name, pixels] of [
    ['a table of offsets', many(true)],
    ['the extended table', extended(5_000)],
    ['neither, but few frames', coded([FRAME], false)],
    ['pixels as they are', native],
  ] as const) {
    it(`what stands behind the pixels becomes padding: ${name}`, async () => {
      const cleaned = await clean(
        slideFile(
          {},
          { pixels, trailing: behind, ...(pixels === native && { transferSyntax: '1.2.840.10008.1.2.1' }) },
        ),
      );
      assertNoSecret(cleaned);
      assert.deepEqual(cleaned.subarray(-behind.length, -behind.length + 8).toString('hex'), 'fcfffcff4f420000');
      // The parser does not know the VR of the extended table.
      assert.ok(name === 'the extended table' || dicomParser.parseDicom(cleaned).elements.xfffcfffc);
    });
  }
  it('the coded image shows its end where no table does', async () => {
    const file = slideFile({}, { pixels: many(false) });
    assertNoSecret(await clean(file));
    await assert.rejects(clean(Buffer.concat([file, behind])), /does not say where its pixel data end/);
  });

  it('is refused where it cannot be made anonymous in place', async () => {
    await assert.rejects(clean(slideFile({ more: { '0028,0301': ['CS', 'YES'] } })), /words are burned into/);
    await assert.rejects(clean(slideFile({}, { transferSyntax: '1.2.840.10008.1.2.2' })), {
      code: 'input-unsupported',
    });
    await assert.rejects(clean(slideFile({ flavor: 'LABEL' })), /no slide/);
    await assert.rejects(clean(slideFile({}, { pixels: Buffer.alloc(0) })), { code: 'input-unsupported' });
  });
});

async function contents(zip: Buffer): Promise<{ entry: Entry; name: string; bytes: Buffer }[]> {
  const file = await fromBufferPromise(zip, { decodeStrings: true });
  const found = [];
  for await (const entry of file.eachEntry()) {
    const pieces: Buffer[] = [];
    for await (const piece of await file.openReadStreamPromise(entry)) {
      pieces.push(piece);
    }
    found.push({ entry, name: String(entry.fileName), bytes: Buffer.concat(pieces) });
  }
  return found;
}

describe('DICOM files in a zip file', () => {
  const files = {
    [`${SECRET}/level0.dcm`]: slideFile(),
    [`${SECRET}/DICOMDIR`]: slideFile({}, { meta: { '0002,0002': ['UI', '1.2.840.10008.1.3.10'] } }),
    [`${SECRET}/label.dcm`]: slideFile({ flavor: 'LABEL' }),
    [`${SECRET}/level1.dcm`]: slideFile({ width: 500, height: 400 }),
    [`${SECRET}/notes.txt`]: Buffer.from(SECRET),
  };
  for (const wish of [{}, { streamed: true }, { zip64: true }, { zip64: true, streamed: true }]) {
    it(`are patched where they stand, their checksums corrected; others go (${JSON.stringify(wish)})`, async () => {
      const file = await zipOf(files, wish);
      const cleaned = await clean(file);
      assertNoSecret(cleaned);
      assert.equal(cleaned.length, file.length);
      const left = await contents(cleaned);
      assert.deepEqual(
        left.map(({ name }) => name.replace(/^0+/, '')),
        ['.dcm', '1.dcm'],
      );
      for (const { entry, bytes } of left) {
        assert.equal(crc32(bytes), entry.crc32);
        assert.equal(entry.comment, '');
        assert.equal(dicomParser.parseDicom(bytes).string('x00080060'), 'SM');
      }
      assert.deepEqual(left[0]?.bytes, await clean(files[`${SECRET}/level0.dcm`] ?? Buffer.alloc(0)));
    });
  }
  it('are refused where they are packed', async () => {
    await assert.rejects(
      clean(await zipOf(files, { compress: true })),
      /compressed; a zip file that only stores them can be sent/,
    );
  });
});
