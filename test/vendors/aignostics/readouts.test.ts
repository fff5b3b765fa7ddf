/** The table of a slide as it streams by. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { readReadouts } from '../../../src/vendors/aignostics/readouts.ts';

function streamOf(text: string, piece = 7): Readable {
  const bytes = new TextEncoder().encode(text);
  function* slices(): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += piece) {
      yield bytes.slice(at, at + piece);
    }
  }
  return Readable.from(slices(), { objectMode: false });
}

test("the vendor's example is read: a comment line, a header, a row", async () => {
  const csv = readFileSync(new URL('../../fixtures/aignostics/slide_readouts_example.csv', import.meta.url), 'utf8');
  const read = await readReadouts(streamOf(csv));
  assert.ok('readouts' in read);
  assert.equal(read.readouts.columns, 16);
  assert.equal(read.readouts.values.RELATIVE_AREA_CARCINOMA, 0.412);
  assert.equal(read.readouts.values.CELL_COUNT_OTHER, 982);
  assert.equal(Object.keys(read.readouts.values).length, 16);
});

test('of thousands of columns only those are kept that the table names, and what is no number is null', async () => {
  const others = Array.from({ length: 5000 }, (_, index) => `NUCLEUS_${index}`);
  const csv = `# x\r\n${['CELL_COUNT_LYMPHOCYTE', 'CELL_COUNT_MACROPHAGE', ...others].join(',')}\r\n${['12', 'NaN', ...others.map(() => '1.5')].join(',')}\r\n`;
  const read = await readReadouts(streamOf(csv, 4096));
  assert.deepEqual(read, {
    readouts: { values: { CELL_COUNT_LYMPHOCYTE: 12, CELL_COUNT_MACROPHAGE: null }, columns: 5002 },
  });
});

const BAD: [what: string, csv: string, why: RegExp][] = [
  ['an empty file', '', /no row/],
  ['a comment alone', '# For research use only\n', /no row/],
  ['a header alone', '# x\nCELL_COUNT_OTHER\n', /no row/],
  ['two rows', '# x\nCELL_COUNT_OTHER,A\n1,2\n3,4\n', /more than one row/],
  ['a row of another length', 'CELL_COUNT_OTHER,A\n1\n', /do not match/],
  ['a column twice', 'CELL_COUNT_OTHER,CELL_COUNT_OTHER\n1,2\n', /twice/],
  ['too many columns', `${'A,'.repeat(20_001)}A\n1\n`, /more than 20000 columns/],
  ['a quote that never ends', '"CELL_COUNT_OTHER\n1\n', /no table/],
];

for (const [what, csv, why] of BAD) {
  test(`${what} is told, not guessed at`, async () => {
    const read = await readReadouts(streamOf(csv, 4096));
    assert.ok('unreadable' in read);
    assert.match(read.unreadable, why);
  });
}

test('an error of the stream comes through', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('the disk is gone'));
    },
  });
  await assert.rejects(readReadouts(broken), { code: 'storage-unavailable' });
});

test('a row without end is not gathered', async () => {
  let given = 0;
  const piece = new TextEncoder().encode('A'.repeat(65_536));
  const endless = new Readable({
    read() {
      given += piece.length;
      this.push(piece);
    },
  });
  assert.ok('unreadable' in (await readReadouts(endless)));
  assert.ok(given < 20_000_000, `${given} bytes were read`);
  assert.ok(endless.destroyed);
});

test('whatever the bytes are, they are read or told to be none', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(',', '"', '\n', '#', '1', 'A', '\r') })),
      async (text) => {
        const read = await readReadouts(streamOf(text, 64));
        assert.ok('readouts' in read || read.unreadable !== '');
      },
    ),
    { numRuns: 200 },
  );
});
