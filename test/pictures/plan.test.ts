import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BLOCK_SIZE } from '../../src/pictures/blocks.ts';
import { openCleaner, type SingleType } from '../../src/pictures/cleaner.ts';
import { inspectPicture } from '../../src/pictures/inspect.ts';
import { openClean } from '../../src/pictures/open-clean.ts';
import { openPlanned, openPlanner } from '../../src/pictures/plan.ts';
import type { Plan } from '../../src/pictures/types.ts';
import {
  burdenJpeg,
  burdenPng,
  chunk,
  drawn,
  exifInto,
  LIMITS,
  ownTempFolder,
  readAll,
  SECRET,
  segment,
  streamOf,
  withExif,
} from './pictures.ts';

const leftovers = ownTempFolder();
const inspect = (bytes: Uint8Array, sizes?: number[]) => inspectPicture(streamOf(bytes, sizes), LIMITS);

const baseline = await withExif(drawn().withIccProfile('p3')).jpeg().toBuffer();
const png = await withExif(drawn()).png().toBuffer();
const adobe = await drawn().toColourspace('cmyk').jpeg().toBuffer();
const longAdobe = segment(0xee, `Adobe\0\x64\0\0\0\0\0${SECRET}`);
const PICTURES: [name: string, type: SingleType, bytes: Buffer][] = [
  ['a JPEG', 'image/jpeg', burdenJpeg(baseline)],
  ['a progressive JPEG', 'image/jpeg', burdenJpeg(await withExif(drawn()).jpeg({ progressive: true }).toBuffer())],
  ['a JPEG in CMYK', 'image/jpeg', burdenJpeg(exifInto(adobe, 1))],
  [
    'a JPEG whose Adobe segment is cut',
    'image/jpeg',
    Buffer.concat([baseline.subarray(0, 2), longAdobe, baseline.subarray(2)]),
  ],
  ['a PNG', 'image/png', burdenPng(png)],
  ['a PNG with a palette', 'image/png', burdenPng(await drawn().png({ palette: true, colours: 16 }).toBuffer())],
];

/** Bytes in pieces of the given sizes, round and round, some of them empty. */
function* piecesOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    yield new Uint8Array();
    at += size;
  }
}

/** What the cleaner emits, and the plan of it. */
function cleaned(type: SingleType, bytes: Uint8Array, sizes: readonly number[]): { out: Buffer; plan?: Plan } {
  const out: Uint8Array[] = [];
  const planner = openPlanner();
  const cleaner = openCleaner(type, 'The picture', (piece, from) => {
    out.push(piece);
    planner.add(piece, from);
  });
  for (const piece of piecesOf(bytes, sizes)) {
    cleaner.push(piece);
  }
  cleaner.end();
  const plan = planner.plan();
  return { out: Buffer.concat(out), ...(plan && { plan }) };
}

function planned(plan: Plan, bytes: Uint8Array, sizes: readonly number[]): Buffer {
  const out: Uint8Array[] = [];
  const push = openPlanned(plan, (piece) => out.push(piece));
  for (const piece of piecesOf(bytes, sizes)) {
    push(piece);
  }
  return Buffer.concat(out);
}

const anySizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 900 })), {
  minLength: 1,
  maxLength: 6,
});

describe('the plan of what leaves', () => {
  for (const [name, type, bytes] of PICTURES) {
    it(`gives what the cleaner gives, however the bytes come: ${name}`, () => {
      const whole = cleaned(type, bytes, [bytes.length]);
      const plan = whole.plan ?? assert.fail('it has a plan');
      fc.assert(
        fc.property(anySizes, anySizes, (inspected, sent) => {
          assert.deepEqual(cleaned(type, bytes, inspected), whole, 'the plan does not depend on the pieces');
          assert.deepEqual(planned(plan, bytes, sent), whole.out);
        }),
        { numRuns: 40 },
      );
      assert.deepEqual(planned(plan, bytes, [1]), whole.out);
      assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan, 'it can lie in a database');
    });
  }

  it('hands on parts of the pieces, uncopied', () => {
    const piece = new Uint8Array(Buffer.from('0123456789'));
    const out: Uint8Array[] = [];
    openPlanned([[0, 3], 'eA==', [5, 9]], (bytes) => out.push(bytes))(piece);
    assert.deepEqual(
      out.map((bytes) => Buffer.from(bytes).toString()),
      ['012', 'x', '5678'],
    );
    assert.deepEqual([out[0]?.buffer, out[2]?.buffer], [piece.buffer, piece.buffer]);
  });

  it('of a picture as cameras make them is short', async () => {
    const { plan = [] } = await inspect(baseline);
    assert.ok(plan.length <= 6, JSON.stringify(plan));
    assert.equal((await inspect(png)).plan?.length, 2, 'before the EXIF chunk, and after it');
    assert.deepEqual((await inspect(await drawn().png().toBuffer())).plan?.length, 1, 'where nothing goes');
  });

  it('is not made of a picture that has to be turned', async () => {
    const { turned, plan } = await inspect(await withExif(drawn(), 6).jpeg().toBuffer());
    assert.deepEqual([turned, plan], [true, undefined]);
  });
});

/** Many times something that goes, with something that stays between. */
const riddled = (times: number) =>
  Buffer.concat([
    png.subarray(0, 33),
    ...Array.from({ length: times }, () => [chunk('tEXt', `Author\0${SECRET}`), chunk('gAMA', Buffer.alloc(4))]).flat(),
    png.subarray(33),
  ]);
const shortened = Buffer.concat([
  baseline.subarray(0, 2),
  ...Array<Buffer>(250).fill(segment(0xe0, `JFIF\0\x01\x02\x01\0\x48\0\x48\x02\x01thumbs`)),
  baseline.subarray(2),
]);

describe('a picture of which too much goes for a plan', () => {
  for (const [name, bytes] of [
    ['in too many places', riddled(300)],
    ['with too many bytes that are ours', shortened],
  ] as const) {
    it(`leaves as clean as any other: ${name}`, async () => {
      const { cleanSize, plan, ...about } = await inspect(bytes);
      assert.equal(plan, undefined);
      const { size, contentType, body } = await openClean(streamOf(bytes), about);
      const out = await readAll(body);
      const type = about.contentType === 'image/png' ? 'image/png' : 'image/jpeg';
      assert.deepEqual(out, cleaned(type, bytes, [bytes.length]).out);
      assert.deepEqual([size, contentType, out.length], [cleanSize, type, cleanSize]);
      assert.ok(!out.includes(SECRET));
      assert.deepEqual(leftovers(), []);
    });
  }
  it('does not leave when it has changed', async () => {
    const bytes = riddled(300);
    const about = await inspect(bytes);
    const changed = Buffer.from(bytes);
    changed.writeUInt8((changed.at(-20) ?? 0) ^ 1, changed.length - 20);
    await assert.rejects(openClean(streamOf(changed), about), { code: 'input-unavailable' });
    assert.deepEqual(leftovers(), []);
  });
});

/** Several blocks of a PNG, with texts in the first and the last of them. */
const large = burdenPng(await drawn(1200, 900).png({ compressionLevel: 0 }).toBuffer());
const about = await inspect(large, [70_000]);
const clean = await readAll((await openClean(streamOf(large, [65_536]), about)).body);
const known = Math.ceil(large.length / BLOCK_SIZE);

/** What comes out before it fails with what a file that has changed fails with. */
async function cameBefore(bytes: Uint8Array, sizes: number[], expected = about): Promise<Buffer> {
  const out: Uint8Array[] = [];
  await assert.rejects(
    async () => {
      for await (const piece of (await openClean(streamOf(bytes, sizes), expected)).body) {
        out.push(piece);
      }
    },
    { code: 'input-unavailable' },
  );
  return Buffer.concat(out);
}

/** What leaves of the first `blocks` blocks of the large picture. */
const leavesOf = (blocks: number) => planned(about.plan ?? [], large.subarray(0, blocks * BLOCK_SIZE), [BLOCK_SIZE]);

describe('block by block', () => {
  const sizes = fc.array(fc.integer({ min: 1000, max: BLOCK_SIZE }), { minLength: 1, maxLength: 4 });

  it('a picture of several leaves whole, however it comes', async () => {
    assert.equal(about.blocks.length, known);
    assert.ok(known > 3 && clean.length === about.cleanSize && !clean.includes(SECRET));
    await fc.assert(
      fc.asyncProperty(sizes, async (some) => {
        assert.deepEqual((await inspect(large, some)).blocks, about.blocks);
        const out = await readAll((await openClean(streamOf(large, some), about)).body);
        assert.ok(out.equals(clean));
      }),
      { numRuns: 8 },
    );
  });

  it('nothing leaves of one that has changed, nor of those behind it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(large.length - 1), fc.integer({ min: 1, max: 255 }), sizes, async (at, change, some) => {
        const changed = Buffer.from(large);
        changed.writeUInt8((changed[at] ?? 0) ^ change, at);
        const out = await cameBefore(changed, some);
        assert.ok(out.equals(leavesOf(Math.floor(at / BLOCK_SIZE))));
      }),
      { numRuns: 16 },
    );
  });

  it('the last one does not leave of a file that has become longer or shorter', async () => {
    const allButLast = leavesOf(known - 1);
    assert.ok((await cameBefore(Buffer.concat([large, Buffer.from([0])]), [65_536])).equals(allButLast));
    assert.ok((await cameBefore(Buffer.concat([large, large]), [65_536])).equals(allButLast));
    assert.ok((await cameBefore(large.subarray(0, -1), [65_536])).equals(allButLast));
    const cut = large.subarray(0, 2 * BLOCK_SIZE);
    assert.ok((await cameBefore(cut, [65_536])).equals(leavesOf(1)), 'nobody knows that a block is over');
  });

  it('nor where the file had ended with a block', async () => {
    const even = Buffer.concat([large, Buffer.alloc(known * BLOCK_SIZE - large.length, 7)]);
    const inspected = await inspect(even);
    assert.equal(inspected.blocks.length, known);
    assert.ok((await readAll((await openClean(streamOf(even, [65_536]), inspected)).body)).equals(clean));
    for (const longer of [1, 5000, BLOCK_SIZE]) {
      const out = await cameBefore(Buffer.concat([even, Buffer.alloc(longer, 7)]), [65_536], inspected);
      assert.ok(out.equals(leavesOf(known - 1)));
    }
  });
});
