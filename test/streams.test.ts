/** How bytes pass through us: as they are wanted, and whatever happens to either end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import fc from 'fast-check';
import { gathered, streamOfBytes, through } from '../src/streams.ts';

/** A source that never ends, and tells how many pieces of it were asked for. */
function endless(size = 1000): { stream: Readable; asked: () => number } {
  let asked = 0;
  const stream = new Readable({
    highWaterMark: 0,
    read() {
      asked++;
      this.push(new Uint8Array(size));
    },
  });
  return { stream, asked: () => asked };
}
const passing = (source: Readable) => through(source, (emit) => ({ push: emit, end: () => undefined }));
const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 });

test('whatever the pieces are, what a step hands on of them arrives, in order', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 3 }), async (given, steps) => {
      let stream = Readable.from(given, { objectMode: false });
      for (let step = 0; step < steps; step++) {
        stream = through(stream, (emit) => ({
          push(piece) {
            for (const byte of piece) {
              emit(Uint8Array.of(byte));
            }
          },
          end: () => emit(Uint8Array.of(step)),
        }));
      }
      const tail = Array.from({ length: steps }, (_, step) => step);
      assert.deepEqual(await buffer(stream), Buffer.concat([...given, Uint8Array.from(tail)]));
    }),
    { numRuns: 100 },
  );
});

test('a step that holds everything until the end gives it then', async () => {
  const source = Readable.from([Buffer.from('ab'), Buffer.from('c')], { objectMode: false });
  const held: Uint8Array[] = [];
  const stream = through(source, (emit) => ({ push: (piece) => void held.push(piece), end: () => held.forEach(emit) }));
  assert.equal(String(await buffer(stream)), 'abc');
});

test('nothing is asked for before somebody reads, and no more than is wanted', async () => {
  const { stream, asked } = endless();
  const passed = passing(passing(stream));
  await breathe();
  assert.equal(asked(), 0);
  let read = 0;
  for await (const piece of passed) {
    read += piece.length;
    await breathe();
    assert.ok(asked() * 1000 - read <= 5000, `${asked() * 1000 - read} bytes ahead`);
    if (read > 50_000) {
      break;
    }
  }
  assert.ok(stream.destroyed, 'who stops reading lets the source go');
});

test('what the source or a step fails with is what the reader hears', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new RangeError('the line broke'));
    },
  });
  await assert.rejects(buffer(passing(broken)), RangeError);
  const { stream } = endless();
  const refusing = through(stream, () => ({
    push() {
      throw new TypeError('not this');
    },
    end: () => undefined,
  }));
  await assert.rejects(buffer(refusing), TypeError);
  assert.ok(stream.destroyed);
  const late = through(streamOfBytes(Buffer.from('a')), (emit) => ({
    push: emit,
    end() {
      throw new TypeError('too short');
    },
  }));
  await assert.rejects(buffer(late), TypeError);
});

test('what breaks before anybody reads is heard by whoever reads then, and by nobody else', async () => {
  const source = new PassThrough();
  const passed = passing(source);
  const closed = new Promise((resolve) => passed.once('close', resolve));
  source.destroy(new RangeError('the line broke'));
  await closed;
  await assert.rejects(buffer(passed), RangeError);
});

test('a source that keeps everybody waiting is let go at once', async () => {
  const silent = new Readable({ read: () => undefined });
  const passed = passing(silent);
  const waiting = buffer(passed);
  passed.destroy();
  await assert.rejects(waiting);
  assert.ok(silent.destroyed);
});

test('a source that is over, or was let go, before it came here does not hang', async () => {
  const over = streamOfBytes(new Uint8Array());
  over.resume();
  await once(over, 'end');
  assert.equal((await buffer(passing(over))).length, 0);
  const gone = streamOfBytes(Buffer.from('a'));
  gone.destroy();
  await assert.rejects(buffer(passing(gone)));
});

test('no more than the limit is gathered, and the rest is not read', async () => {
  const { stream, asked } = endless();
  assert.equal(await gathered(stream, 2500), undefined);
  assert.ok(stream.destroyed && asked() < 6);
  assert.equal((await gathered(streamOfBytes(Buffer.alloc(2500)), 2500))?.length, 2500);
});
