import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import { openClean } from '../../src/pictures/open-clean.ts';
import { burdenJpeg, burdenPng, drawn, LIMITS, ownTempFolder, readAll, streamOf, withExif, zipOf } from './pictures.ts';

const leftovers = ownTempFolder();
const jpeg = burdenJpeg(await withExif(drawn(16, 8), 3).jpeg().toBuffer());
const png = burdenPng(await withExif(drawn(16, 8), 1).png().toBuffer());
const SEEDS = {
  JPEG: jpeg,
  PNG: png,
  zip: await zipOf(
    [
      ['a.jpg', jpeg],
      ['b.png', png],
    ],
    false,
  ),
};

/** A file with some of its bytes changed, cut out or doubled. */
function mutated(seed: Buffer): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(seed.length),
    drop: fc.nat(12),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc
        .constantFrom([0xff], [0xff, 0xd9], [0xff, 0xd8], [0xff, 0xda], [0xff, 0xff], [0, 0, 0, 0], [0xff, 0xe1, 0, 1])
        .map(Buffer.from),
    ),
  });
  return fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      edits.reduce<Uint8Array>(
        (bytes, { at, drop, insert }) =>
          new Uint8Array(Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)])),
        seed,
      ),
    );
}

/** Either it leaves as large as it was said to be, or it is refused. */
async function leavesOrIsRefused(bytes: Uint8Array, sizes: number[]): Promise<void> {
  try {
    const clean = await openClean(streamOf(bytes, sizes), await inspectPicture(streamOf(bytes, sizes), LIMITS));
    assert.equal((await readAll(clean.body)).length, clean.size);
  } catch (error) {
    assert.ok(error instanceof AdapterError, String(error));
    assert.match(error.code, /^input-(unsupported|too-large)$/);
  }
}

describe('any bytes at all leave clean or are refused', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 });
  const beginnings = fc
    .tuple(
      fc.constantFrom('\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'PK\x03\x04', 'PK\x05\x06', ''),
      fc.uint8Array({ maxLength: 300 }),
    )
    .map(([start, rest]) => new Uint8Array(Buffer.concat([Buffer.from(start, 'latin1'), rest])));
  const kinds: [string, fc.Arbitrary<Uint8Array>][] = [
    ['at random', beginnings],
    ...Object.entries(SEEDS).map(([name, seed]): [string, fc.Arbitrary<Uint8Array>] => [
      `a damaged ${name}`,
      mutated(seed),
    ]),
  ];
  for (const [name, bytes] of kinds) {
    it(name, async () => {
      await fc.assert(fc.asyncProperty(bytes, sizes, leavesOrIsRefused), { numRuns: 150 });
      assert.deepEqual(leftovers(), []);
    });
  }
});
