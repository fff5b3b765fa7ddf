/** Patches written over a stream, in any pieces and from any part on; and the checksum of what passes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32Patched } from '../../src/slides/crc32-patched.ts';
import { base64, crc32c } from '../../src/slides/crc32c.ts';
import { patchStream } from '../../src/slides/patch-stream.ts';
import { readAhead } from '../../src/slides/read-ahead.ts';
import type { Patch } from '../../src/slides/types.ts';
import { patched, readAtOf } from './slides.ts';

const SIZE = 400;
const file = Uint8Array.from({ length: SIZE }, (_, index) => (index % 255) + 1);

/** Sorted, apart, within the file. */
const patches: fc.Arbitrary<Patch[]> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 60 }), fc.boolean()), { maxLength: 8 })
  .map((wishes) => {
    let at = 0;
    return wishes.flatMap(([gap, length, zeros]): Patch[] => {
      const offset = at + gap;
      at = offset + length;
      return at > SIZE ? [] : [zeros ? { offset, zeros: length } : { offset, bytes: new Uint8Array(length).fill(255) }];
    });
  });
const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });

function streamOf(bytes: Uint8Array, pieces: readonly number[]): Readable {
  function* slices(): Generator<Uint8Array> {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = pieces[turn % pieces.length] ?? 1;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  return Readable.from(slices(), { objectMode: false });
}

test('any part in any pieces is what patching the whole gives', async () => {
  const before = Buffer.from(file);
  await fc.assert(
    fc.asyncProperty(patches, sizes, fc.integer({ min: 0, max: SIZE }), async (list, pieces, from) => {
      const out = await buffer(patchStream(streamOf(file.subarray(from), pieces), from, list));
      assert.deepEqual(out, patched(file, list).subarray(from));
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(Buffer.from(file), before, 'nobody else’s bytes change');
});

test('an error of the source comes through, and who stops reading stops the source', async () => {
  const failing = new Readable({
    read() {
      this.destroy(new Error('gone'));
    },
  });
  await assert.rejects(buffer(patchStream(failing, 0, [])), /gone/);
  const endless = new Readable({
    read() {
      this.push(new Uint8Array(9));
    },
  });
  const stopped = once(endless, 'close');
  for await (const _ of patchStream(endless, 0, [])) {
    break;
  }
  await stopped;
});

test('a source is not read further than it is wanted, and may break before anybody reads', async () => {
  let given = 0;
  const endless = new Readable({
    read() {
      given += 65_536;
      this.push(new Uint8Array(65_536));
    },
  });
  let read = 0;
  for await (const piece of patchStream(endless, 0, [{ offset: 100_000, zeros: 5 }])) {
    read += piece.length;
    await breathe();
    assert.ok(given - read < 1_000_000, `${given - read} bytes ahead`);
    if (read > 10_000_000) {
      break;
    }
  }
  const broken = new Readable({ read: () => undefined });
  const stream = patchStream(broken, 0, []);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  broken.destroy(new Error('gone'));
  await closed;
  await assert.rejects(buffer(stream), /gone/);
});

test('CRC-32C has its check values, and goes on where it stopped', () => {
  assert.equal(base64(crc32c(Buffer.from('123456789'))), '4waSgw==');
  assert.equal(base64(crc32c(new Uint8Array())), 'AAAAAA==');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes));
    }),
  );
});

test('the CRC-32 after patching is known without reading the rest', async () => {
  await fc.assert(
    fc.asyncProperty(patches, async (list) => {
      const bytes = readAhead(readAtOf(file), SIZE);
      assert.equal(await crc32Patched(bytes, crc32(file), list), crc32(patched(file, list)));
    }),
  );
});
