/** Where a connection to a large result file may end: what came is kept, and what is of no use is fetched anew. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import type { Storage } from '../../src/storage/types.ts';
import { openBucket } from '../storage/kinds.ts';
import { onEveryDatabase } from '../support/databases.ts';
import {
  brokeOff,
  FILE,
  type KeepingWorld,
  keepingSteps,
  keepingWorld,
  kept,
  PART,
  size,
  TRANSIENT,
  type VendorFile,
  vendorFile,
} from './keep-on-support.ts';
import { checksum, MB } from './staging-support.ts';

onEveryDatabase('the connection to a file that is kept part by part', ({ open }) => {
  let database: Database;
  let world: KeepingWorld;

  beforeEach(async () => {
    database = await open();
    world = await keepingWorld(database);
  });
  afterEach(async () => {
    await world.close();
    await database.close();
  });

  test('is read no further than a part', async () => {
    const large = randomBytes(MB);
    const file = vendorFile(large);
    await world.next(file, { size: large.length });
    assert.ok(file.served() < PART + 50, `${file.served()} bytes`);
  });

  test('keeps what came where the connection ends early, or breaks off', async () => {
    const file = vendorFile(FILE, [{ after: 30 }, { after: 41, error: brokeOff() }, undefined, { after: 1 }]);
    for (const bytes of [30, 71, 171, 172]) {
      assert.deepEqual(await world.next(file, { size }), kept(bytes));
    }
    await world.finished(file);
    assert.deepEqual(file.asked, [0, 30, 71, 171, 172, 272]);
  });

  test('asks for the part again where the storage takes no part so small', async () => {
    Object.assign(world.storage, { partSize: { least: 50, most: PART } });
    const file = vendorFile(FILE, [undefined, { after: 49 }, { after: 49, error: brokeOff() }, { after: 50 }]);
    assert.deepEqual(await world.next(file, { size }), kept(100));
    await assert.rejects(world.next(file, { size }), TRANSIENT);
    await assert.rejects(world.next(file, { size }), { code: 'vendor-unreachable' });
    assert.deepEqual(await world.next(file, { size }), kept(150));
    await world.finished(file);
    assert.deepEqual(file.asked, [0, 100, 100, 100, 150, 250]);
  });

  test('that is longer than announced is begun anew, and nothing of it is left', async () => {
    const long = vendorFile(Buffer.concat([FILE, Buffer.alloc(1)]));
    for (const bytes of [100, 200, 300]) {
      assert.deepEqual(await world.next(long, { size }), kept(bytes));
    }
    await assert.rejects(world.next(long, { size }), TRANSIENT);
    assert.deepEqual([await world.files(), await world.rows()], [[], []]);
    const right = vendorFile(FILE);
    await world.finished(right);
    assert.equal(right.asked[0], 0);
  });

  test('that is shorter than announced is begun anew, and nothing of it is left', async () => {
    const short = vendorFile(FILE.subarray(0, 310));
    for (const bytes of [100, 200, 300, 310]) {
      assert.deepEqual(await world.next(short, { size }), kept(bytes));
    }
    await assert.rejects(world.next(short, { size }), TRANSIENT);
    assert.deepEqual([await world.files(), await world.rows()], [[], []]);
    await world.finished(vendorFile(FILE));
  });

  test('of one part that is too long leaves nothing either', async () => {
    await assert.rejects(world.next(vendorFile(FILE.subarray(0, 50)), { size: 49 }), TRANSIENT);
    assert.deepEqual([await world.files(), await world.rows()], [[], []]);
  });

  test('whose announced size is another one now is begun anew', async () => {
    await world.next(vendorFile(FILE), { size: 999 });
    await world.next(vendorFile(FILE), { size: 999 });
    const file = vendorFile(FILE);
    assert.deepEqual(await world.next(file, { size }), kept(100));
    assert.equal((await world.files()).length, 1);
    await world.finished(file);
  });

  test('stops when the order is taken from us, even where the vendor is silent', async () => {
    const stop = new AbortController();
    const step = keepingSteps({ database, storage: world.storage, order: world.order, signal: stop.signal });
    await step(vendorFile(FILE), { size });
    const silent = new Readable({ read() {} });
    const opened = { ...vendorFile(FILE), open: async () => silent };
    const stopped = assert.rejects(step(opened, { size }), { code: 'shutting-down' });
    stop.abort();
    await stopped;
    assert.ok(silent.destroyed);
    const file = vendorFile(FILE);
    await world.finished(file);
    assert.equal(file.asked[0], 100, 'what was kept before is not fetched again');
  });

  test('lets the connection go where the storage fails', async () => {
    const opened: Readable[] = [];
    const file = vendorFile(FILE);
    const watched: VendorFile = {
      ...file,
      async open(start) {
        const body = await file.open(start);
        opened.push(body);
        return body;
      },
    };
    await world.next(watched, { size });
    const { part } = world.storage;
    world.storage.part = () => Promise.reject(new AdapterError('storage-full', 'full'));
    await assert.rejects(world.next(watched, { size }), { code: 'storage-full' });
    world.storage.part = part;
    assert.ok(opened.every((body) => body.destroyed));
    assert.deepEqual(await world.next(file, { size }), kept(200));
  });

  test('is the vendor’s file in the end, wherever connections end and processes die', async () => {
    let count = 0;
    const cut = fc.option(fc.record({ after: fc.nat(80), isBroken: fc.boolean() }), { nil: undefined });
    const parts = fc.record({ least: fc.integer({ min: 1, max: 40 }), more: fc.nat(60) });
    const run = fc.record({ length: fc.nat(300), cuts: fc.array(cut, { maxLength: 12 }), parts });
    const deaths = fc.array(fc.boolean(), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(run, deaths, async ({ length, cuts, parts: { least, more } }, died) => {
        count += 1;
        const bytes = randomBytes(length);
        const storage: Storage = { ...world.storage, partSize: { least, most: least + more } };
        storage.part = (upload, part) => {
          const isLast = part.offset + part.size === length;
          assert.ok(part.size <= least + more && (isLast || part.size >= least), `a part of ${part.size} bytes`);
          return world.storage.part(upload, part);
        };
        const step = keepingSteps({ database, storage, order: world.order });
        const ends = cuts.map((one) => one && { after: one.after, ...(one.isBroken && { error: brokeOff() }) });
        const file = vendorFile(bytes, ends);
        // Each call brings bytes, or uses up a connection that ends early or a death; and one completes.
        const most = 2 * (length + 2) + 2 * (cuts.length + died.length) * (length + 2);
        for (let calls = 0; ; calls += 1) {
          assert.ok(calls < most, 'there is no end to it');
          const wish = { name: `slide/${count}`, size: length, dies: died[calls] ?? false };
          const keeping = await step(file, wish).catch((thrown: unknown) => {
            assert.ok(thrown instanceof AdapterError && thrown.kind === 'transient', String(thrown));
            return undefined;
          });
          if (keeping?.done) {
            assert.equal(keeping.crc32c, checksum(bytes));
            break;
          }
        }
        const row = (await world.stored()).find(({ name }) => name === `slide/${count}`);
        assert.ok(bytes.equals(await buffer(await world.storage.read(row?.key ?? ''))));
        assert.equal((await world.rows()).length, 0);
      }),
      { numRuns: 60 },
    );
  });

  test('goes into a bucket, whose parts have a least size', { timeout: 60_000 }, async (context) => {
    const { storage } = await openBucket(context);
    const bytes = randomBytes(30 * MB + 17);
    const wish = { size: bytes.length };
    const step = keepingSteps({ database, storage, order: world.order });
    const cuts = [undefined, { after: 5 * MB - 1 }, { after: 13 * MB, error: brokeOff() }];
    const file = vendorFile(bytes, cuts, 64 * 1024);
    assert.deepEqual(await step(file, wish), { done: false, bytes: 16 * MB, of: bytes.length });
    await assert.rejects(step(file, wish), TRANSIENT);
    assert.deepEqual(await step(file, { ...wish, dies: true }), { done: false, bytes: 29 * MB, of: bytes.length });
    assert.deepEqual(await step(file, wish), { done: false, bytes: bytes.length, of: bytes.length });
    assert.deepEqual(await step(file, wish), { done: true, bytes: bytes.length, crc32c: checksum(bytes) });
    assert.deepEqual(file.asked, [0, 16 * MB, 16 * MB, 16 * MB]);
    const [row] = await world.stored();
    assert.ok(bytes.equals(await buffer(await storage.read(row?.key ?? ''))));
  });
});
