/** Damaged slides are read or refused, never anything else, and in no time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { drawSvs } from '../../scripts/draw-slide.ts';
import { AdapterError } from '../../src/errors.ts';
import { onlyTechnical } from '../../src/slides/aperio.ts';
import { inspectSlide } from '../../src/slides/inspect.ts';
import { onlyPixels, sizeOf } from '../../src/slides/ome-xml.ts';
import { planPatches } from '../../src/slides/plan-patches.ts';
import { readAhead } from '../../src/slides/read-ahead.ts';
import { readTiff } from '../../src/slides/tiff.ts';
import { counted, patched, readAtOf, slideFile, zipOf } from './slides.ts';

const svs = await drawSvs({ width: 300, height: 200 });
const SEEDS: Record<string, Buffer> = {
  SVS: svs,
  'BigTIFF, big endian': await drawSvs({ width: 300, height: 200, big: true, little: false }),
  DICOM: slideFile(),
  zip: await zipOf({ 'a.dcm': slideFile(), 'b.dcm': slideFile({ flavor: 'LABEL' }) }),
  'packed zip': await zipOf({ 'a.dcm': slideFile() }, { compress: true }),
};

/** Where the directories of a TIFF are, with all that stands in them. */
async function directories(seed: Buffer): Promise<number[]> {
  const { directories } = await readTiff(readAhead(readAtOf(seed), seed.length));
  return directories.flatMap(({ at, length }) => Array.from({ length }, (_, index) => at + index));
}

/** Bytes that matter are hit more often: the beginning, the end, and the places that are named. */
function mutated(seed: Buffer, places: readonly number[]): fc.Arbitrary<Buffer> {
  const place = fc.oneof(
    fc.constantFrom(...places, 0),
    fc.nat(seed.length - 1),
    fc.nat(Math.min(400, seed.length - 1)),
    fc.nat(300).map((back) => Math.max(0, seed.length - 1 - back)),
  );
  const value = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
  const change = fc.tuple(place, fc.array(value, { minLength: 1, maxLength: 9 }));
  return fc
    .tuple(fc.array(change, { minLength: 1, maxLength: 6 }), fc.option(fc.nat(seed.length), { freq: 5 }))
    .map(([changes, end]) => {
      const bytes = Buffer.from(seed);
      for (const [at, values] of changes) {
        bytes.set(values.slice(0, bytes.length - at), at);
      }
      return bytes.subarray(0, end ?? bytes.length);
    });
}

async function readsOrRefuses(file: Buffer): Promise<void> {
  const counts = counted(file);
  try {
    const facts = await inspectSlide(counts.readAt, file.length);
    assert.ok(facts.width > 0 && facts.height > 0);
    const patches = await planPatches(counts.readAt, file.length);
    let end = 0;
    for (const patch of patches) {
      assert.ok(patch.offset >= end);
      end = patch.offset + ('zeros' in patch ? patch.zeros : patch.bytes.length);
    }
    assert.ok(end <= file.length);
    assert.equal(patched(file, patches).length, file.length);
  } catch (error) {
    assert.ok(error instanceof AdapterError, String(error instanceof Error ? error.stack : error));
    assert.match(error.code, /^input-(unsupported|too-large)$/);
  }
  assert.ok(counts.reads < 2_000, `${counts.reads} reads`);
}

describe('any file at all is read or refused', () => {
  for (const [name, seed] of Object.entries(SEEDS)) {
    it(`a damaged ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          mutated(seed, name.includes('zip') || name === 'DICOM' ? [] : await directories(seed)),
          readsOrRefuses,
        ),
        { numRuns: 250 },
      );
    });
  }
  it('at random', async () => {
    const beginnings = fc.tuple(
      fc.constantFrom('II*\0', 'MM\0*', 'II+\0\x08\0\0\0', 'PK\x03\x04', `${'\0'.repeat(128)}DICM`, ''),
      fc.uint8Array({ maxLength: 400 }),
    );
    await fc.assert(
      fc.asyncProperty(beginnings, ([start, rest]) =>
        readsOrRefuses(Buffer.concat([Buffer.from(start, 'latin1'), rest])),
      ),
      { numRuns: 300 },
    );
  });
});

it('OME-XML of any text is read or is none', () => {
  const attribute = fc.oneof(
    fc.constantFrom(
      'SizeX="64"',
      'SizeY="48"',
      "PhysicalSizeX='0.5'",
      'PhysicalSizeXUnit="nm"',
      'constructor="1"',
      'Type="',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(attribute), fc.string(), (inside, rest) => {
      const found = sizeOf(`<OME><Pixels ${inside.join(' ')}>${rest}`, { width: 64, height: 48 });
      const pixels =
        found &&
        onlyPixels(
          { ...found, attributes: { DimensionOrder: 'XYCZT', Type: 'uint8', SizeC: '3', ...found.attributes } },
          0,
          3,
        );
      assert.ok(pixels === undefined || pixels.split('<').length === 10);
    }),
    { numRuns: 500 },
  );
});

it('a description of any text keeps only what is known to be technical', () => {
  const key = fc.constantFrom('toString', '__proto__', 'MPP', 'AppMag', 'Patient', 'User', 'ICC Profile', 'Title');
  const said = fc.array(fc.tuple(key, fc.oneof(fc.string(), fc.double().map(String))), { maxLength: 6 });
  fc.assert(
    fc.property(fc.string(), said, (line, facts) => {
      const before = [
        'Aperio Image Library v12',
        line.replaceAll('|', ''),
        ...facts.map(([name, value]) => `${name} = ${value}`),
      ].join('|');
      const after = onlyTechnical(before);
      assert.ok(after.length <= before.length);
      assert.doesNotMatch(after, /Patient|User|Title/);
    }),
  );
});
