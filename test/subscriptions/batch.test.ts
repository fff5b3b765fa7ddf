import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBatcher } from '../../src/subscriptions/batch.ts';

const settle = (promises: Promise<void>[]) =>
  Promise.allSettled(promises).then((results) => results.map(({ status }) => status === 'fulfilled'));

test('what arrives together is written together, within the caps', async () => {
  const batches: number[][] = [];
  const write = async (items: number[]) => void batches.push(items);
  const batcher = createBatcher<number>({ write, size: (item) => item, maxBytes: 10, maxItems: 3 });
  await Promise.all([1, 1, 1, 1, 8, 3, 25, 1].map((item) => batcher.add(item)));
  assert.deepEqual(batches, [[1, 1, 1], [1, 8], [3], [25], [1]]);
});

test('while writes are under way the next batch gathers, and no more than the limit are under way', async () => {
  let underWay = 0;
  let most = 0;
  const sizes: number[] = [];
  const write = async (items: number[]) => {
    underWay += 1;
    most = Math.max(most, underWay);
    sizes.push(items.length);
    await new Promise((resolve) => setTimeout(resolve, 10));
    underWay -= 1;
  };
  const batcher = createBatcher<number>({
    write,
    size: () => 1,
    maxBytes: 1000,
    maxItems: 100,
    inFlight: 1,
    gather: 1,
  });
  const first = batcher.add(0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const others = Array.from({ length: 50 }, (_, item) => batcher.add(item));
  await Promise.all([first, ...others]);
  assert.equal(most, 1);
  assert.deepEqual(sizes, [1, 50]);
});

test('one bad item fails alone, whatever it came with', async () => {
  const written: number[] = [];
  const write = async (items: number[]) => {
    if (items.includes(13)) {
      throw new Error('poisoned');
    }
    written.push(...items);
  };
  const batcher = createBatcher<number>({ write, size: () => 1, maxBytes: 100, maxItems: 100 });
  assert.deepEqual(await settle([11, 12, 13, 14].map((item) => batcher.add(item))), [true, true, false, true]);
  assert.deepEqual(written, [11, 12, 14]);
});

test('where the failure was not about an item, none is tried again', async () => {
  let calls = 0;
  const write = async () => {
    calls += 1;
    throw new Error('no database');
  };
  const batcher = createBatcher<number>({ write, size: () => 1, maxBytes: 9, maxItems: 9, retrySingly: () => false });
  assert.deepEqual(await settle([1, 2, 3].map((item) => batcher.add(item))), [false, false, false]);
  assert.equal(calls, 1);
});

test('any pattern of bad items and of batches that fail by chance: each promise tells the truth about its own item', async () => {
  const item = fc.record({ bad: fc.boolean(), bytes: fc.integer({ min: 0, max: 20 }), pause: fc.boolean() });
  const caps = fc.record({
    maxBytes: fc.integer({ min: 1, max: 40 }),
    maxItems: fc.integer({ min: 1, max: 6 }),
    inFlight: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 30 }), caps, fc.array(fc.boolean()), async (items, limits, luck) => {
      const written = new Set<unknown>();
      let call = 0;
      const write = async (batch: (typeof items)[number][]) => {
        call += 1;
        const unlucky = batch.length > 1 && luck[call % (luck.length + 1)] === true;
        await new Promise((resolve) => setImmediate(resolve));
        if (unlucky || batch.some(({ bad }) => bad)) {
          throw new Error('failed');
        }
        assert.ok(batch.length <= limits.maxItems);
        assert.ok(batch.length === 1 || batch.reduce((sum, { bytes }) => sum + bytes, 0) <= limits.maxBytes);
        for (const one of batch) {
          assert.ok(!written.has(one), 'written twice');
          written.add(one);
        }
      };
      const batcher = createBatcher({
        write,
        size: ({ bytes }: (typeof items)[number]) => bytes,
        gather: 0,
        ...limits,
      });
      const promises: Promise<void>[] = [];
      for (const one of items) {
        promises.push(batcher.add(one));
        promises.at(-1)?.catch(() => {});
        if (one.pause) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      assert.deepEqual(
        await settle(promises),
        items.map(({ bad }) => !bad),
      );
      assert.deepEqual(
        items.map((one) => written.has(one)),
        items.map(({ bad }) => !bad),
      );
    }),
    { numRuns: 50 },
  );
});
