/** A stream of pieces that are fetched as they are asked for: how far it reads, and that it lets go of its source. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import fc from 'fast-check';
import { pulled } from '../src/streams.ts';
import { until } from './support/until.ts';

/** A source that counts; `given` of its pieces come, and then what `end` does. */
function source(given: readonly Uint8Array[], end: () => Promise<void> = async () => {}) {
  const seen = { fetched: 0, closed: 0 };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const piece of given) {
      seen.fetched += 1;
      yield piece;
    }
    await end();
  }
  const close = () => {
    seen.closed += 1;
  };
  return { seen, stream: pulled(pieces(), { classify: (cause) => new Error('classified', { cause }), close }) };
}

const PIECES = ['one', 'two', 'three'].map((word) => Buffer.from(word));

test('what comes out is what came in, also where a piece is empty', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 9 }), async (pieces) => {
      const { seen, stream } = source(pieces);
      assert.deepEqual(await buffer(stream), Buffer.concat(pieces));
      await until('the close', () => seen.closed > 0);
      assert.deepEqual(seen, { fetched: pieces.length, closed: 1 });
    }),
  );
});

test('no piece is fetched before it is asked for', async () => {
  const { seen, stream } = source(PIECES);
  assert.equal(seen.fetched, 0);
  let read = 0;
  for await (const _ of stream) {
    read += 1;
    assert.ok(seen.fetched <= read + 1, `${seen.fetched} fetched, ${read} read`);
  }
  assert.equal(read, 3);
});

test('an error is classified, and the source let go once', async () => {
  const { seen, stream } = source(PIECES, () => Promise.reject(new Error('of the source')));
  await assert.rejects(buffer(stream), /classified/);
  assert.equal(seen.closed, 1);
});

test('a stream that is destroyed lets its source go, whether it was read or not', async () => {
  const { seen: unread, stream } = source(PIECES);
  stream.destroy();
  const { seen: begun, stream: other } = source(PIECES);
  for await (const _ of other) {
    break;
  }
  await until('the close', () => unread.closed + begun.closed === 2);
  assert.deepEqual([unread.fetched, begun.closed], [0, 1]);
});

test('a source that is silent does not keep its reader from letting go', async () => {
  const { seen, stream } = source(PIECES, () => new Promise(() => {}));
  const reading = buffer(stream);
  reading.catch(() => undefined);
  await until('the last piece', () => seen.fetched === 3);
  stream.destroy();
  await assert.rejects(reading, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  assert.equal(seen.closed, 1);
});

test('a stream that breaks before anybody reads it fails its reader, and nobody else', async () => {
  const { seen, stream } = source(PIECES);
  stream.destroy(new Error('gone'));
  await until('the close', () => stream.closed);
  await assert.rejects(buffer(stream), /gone/);
  assert.equal(seen.closed, 1);
});

test('pieces are fetched when they are asked for, and their source is closed once, however it ends', async () => {
  for (const way of ['end', 'error', 'destroyed', 'never read'] as const) {
    let fetched = 0;
    let closes = 0;
    async function* given(): AsyncGenerator<Uint8Array> {
      for (; fetched < 3; fetched++) {
        yield Buffer.from([fetched]);
      }
      if (way === 'error') {
        throw new Error('raw');
      }
    }
    const stream = pulled(given(), { classify: () => new RangeError('classified'), close: () => closes++ });
    await breathe();
    assert.equal(fetched, 0, way);
    if (way === 'end') {
      assert.deepEqual([...(await buffer(stream))], [0, 1, 2]);
    } else if (way === 'error') {
      await assert.rejects(buffer(stream), RangeError);
    } else {
      const read = way === 'destroyed' ? stream[Symbol.asyncIterator]().next() : undefined;
      await read;
      stream.destroy();
    }
    if (!stream.closed) {
      await once(stream, 'close');
    }
    assert.equal(closes, 1, way);
  }
});
