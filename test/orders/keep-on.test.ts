/** Result files of many gigabytes: kept part by part, through crashes and other people's tidying. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { openKeepOn } from '../../src/orders/keep-on.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig } from '../support/engine-rig.ts';
import { memoryEhr } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';
import {
  ABOUT,
  DONE,
  FILE,
  type KeepingWorld,
  keepingSteps,
  keepingWorld,
  kept,
  size,
  TRANSIENT,
  vendorFile,
} from './keep-on-support.ts';
import { checksum, SLIDE_ORDERS, slideReading } from './staging-support.ts';

onEveryDatabase('a file that is kept part by part', ({ open }) => {
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

  test('has a part more after each step, is whole in a step of its own, and stays so', async () => {
    const file = vendorFile(FILE);
    for (const bytes of [100, 200, 300, 350]) {
      assert.deepEqual(await world.next(file, { size }), kept(bytes));
      assert.deepEqual(await world.stored(), []);
    }
    assert.deepEqual(await world.next(file, { size }), DONE);
    const [{ id: _, key, ...row } = assert.fail('no file')] = await world.stored();
    assert.deepEqual(row, {
      ...{ ...ABOUT, site: 'site', orderId: world.order.id, run: 1, size, crc32c: checksum(FILE) },
      sha1: createHash('sha1').update(FILE).digest('base64'),
      ...{ resourceType: null, resourceId: null, expiresAt: null },
    });
    assert.doesNotMatch(key, /slide|ServiceRequest/);
    assert.deepEqual(await world.next(file, { size }), DONE);
    assert.deepEqual(file.asked, [0, 100, 200, 300]);
    await world.finished(file);
  });

  test('may be empty', async () => {
    const file = vendorFile(new Uint8Array());
    assert.deepEqual(await world.next(file, { size: 0 }), { done: false, bytes: 0, of: 0 });
    assert.deepEqual(await world.next(file, { size: 0 }), { done: true, bytes: 0, crc32c: 'AAAAAA==' });
  });

  test('goes on in another process where the first died: only the part in hand is fetched twice', async () => {
    const file = vendorFile(FILE);
    for (const dies of [false, true, false, true, false, true, false, true]) {
      await world.next(file, { size, dies });
    }
    assert.deepEqual(file.asked, [0, 100, 100, 200, 200, 300, 300]);
    await world.finished(file);
    assert.equal(file.asked.length, 7);
  });

  test('becomes the order’s file with the last step at once: a process that dies then has done it', async () => {
    const file = vendorFile(FILE);
    for (let step = 0; step < 4; step += 1) {
      await world.next(file, { size });
    }
    assert.deepEqual(await world.next(file, { size, dies: true }), DONE);
    assert.deepEqual(await world.next(file, { size }), DONE);
    await world.finished(file);
  });

  test('is completed again where the process died between the storage’s word and ours', async () => {
    const file = vendorFile(FILE);
    for (let step = 0; step < 4; step += 1) {
      await world.next(file, { size });
    }
    const { read } = world.storage;
    world.storage.read = () => Promise.reject(new AdapterError('storage-unavailable', 'away'));
    await assert.rejects(world.next(file, { size }), { code: 'storage-unavailable' });
    world.storage.read = read;
    assert.deepEqual(await world.next(file, { size }), DONE);
    assert.deepEqual(file.asked, [0, 100, 200, 300]);
  });

  test('is begun anew where the storage has lost what was begun, or what was whole', async () => {
    const file = vendorFile(FILE);
    await world.next(file, { size });
    await world.next(file, { size });
    await rm(join(world.folder, '.staging'), { recursive: true });
    assert.deepEqual(await world.next(file, { size }), kept(100));
    await world.finished(file);
    const [before] = await world.stored();
    await rm(world.folder, { recursive: true });
    assert.deepEqual(await world.next(file, { size }), kept(100));
    await world.finished(file);
    assert.equal((await world.stored())[0]?.id, before?.id, 'the address in the EHR stays');
  });

  test('is begun anew where the storage gives other bytes than it was given', async () => {
    const file = vendorFile(FILE);
    for (let step = 0; step < 4; step += 1) {
      await world.next(file, { size });
    }
    const [begun = ''] = await world.files();
    await truncate(begun, 10);
    await truncate(begun, size);
    await assert.rejects(world.next(file, { size }), { code: 'storage-unavailable', kind: 'transient' });
    assert.deepEqual([await world.files(), await world.rows(), await world.stored()], [[], [], []]);
    await world.finished(file);
  });

  test('of an order that another process has taken over does not become one of its files', async () => {
    const file = vendorFile(FILE);
    for (let step = 0; step < 4; step += 1) {
      await world.next(file, { size });
    }
    const late = keepingSteps({ database, storage: world.storage, order: { ...world.order, fence: '999' } });
    await assert.rejects(late(file, { size }), { code: 'lease-lost' });
    assert.deepEqual(await world.stored(), []);
    await world.finished(file);
  });

  test('is replaced under its name, and its former bytes go', async () => {
    await world.finished(vendorFile(FILE));
    const newer = randomBytes(120);
    const file = vendorFile(newer);
    for (let step = 0; step < 3; step += 1) {
      await world.next(file, { size: newer.length });
    }
    const [row] = await world.stored();
    assert.ok(newer.equals(await buffer(await world.storage.read(row?.key ?? ''))));
    assert.equal((await world.files()).length, 1);
  });

  test('is gone with the housekeeping after the order’s end, and not before', async () => {
    await world.next(vendorFile(FILE), { size });
    await world.tidy();
    assert.deepEqual([(await world.files()).length, (await world.rows()).length], [1, 1]);
    await database.query("update orders set leg = 'ended' where id = $1", [world.order.id]);
    await world.tidy();
    assert.deepEqual([await world.files(), await world.rows()], [[], []]);
  });

  test('is left to the housekeeping where it cannot be removed when it is of no use', async () => {
    const long = vendorFile(Buffer.concat([FILE, FILE]));
    for (let step = 0; step < 3; step += 1) {
      await world.next(long, { size });
    }
    const { abort } = world.storage;
    world.storage.abort = () => Promise.reject(new AdapterError('storage-unavailable', 'away'));
    await assert.rejects(world.next(long, { size }), TRANSIENT);
    assert.deepEqual(await world.rows(), [{ released: true }]);
    await assert.rejects(world.next(vendorFile(FILE), { size }), { code: 'storage-unavailable' });
    world.storage.abort = abort;
    await world.tidy();
    assert.deepEqual([await world.files(), await world.rows()], [[], []]);
    await world.finished(vendorFile(FILE));
  });

  test('is begun anew in another run of the order; the former one’s upload goes', async () => {
    await world.next(vendorFile(FILE), { size });
    await world.runAgain();
    const file = vendorFile(FILE);
    assert.deepEqual(await world.next(file, { size }), kept(100));
    assert.equal((await world.files()).length, 2);
    await world.tidy();
    assert.equal((await world.files()).length, 1);
    await world.finished(file);
    assert.deepEqual(file.asked, [0, 100, 200, 300]);
  });

  test('may be asked for many times in one step', async () => {
    const { open: connect, asked } = vendorFile(FILE);
    const { keepOn, store } = openKeepOn({
      database,
      storage: world.storage,
      order: world.order,
      signal: AbortSignal.any([]),
    });
    for (const wanted of [kept(100), kept(200), kept(300), kept(350), DONE, DONE]) {
      assert.deepEqual(await keepOn({ ...ABOUT, size }, connect), wanted);
    }
    await database.tx(store);
    assert.deepEqual([asked, await world.rows()], [[0, 100, 200, 300], []]);
  });

  test('is kept by the engine, which goes on where it died', async () => {
    const file = vendorFile(FILE);
    const told: unknown[] = [];
    const { vendor } = toyVendor([
      async (state, { files }) => {
        const keeping = await files.keepOn({ ...ABOUT, size }, file.open);
        told.push(keeping);
        return { next: { ...state, at: keeping.done ? 1 : 0 } };
      },
      async (state, { files }) => {
        told.push(await files.list(), FILE.equals(await buffer(await files.read(ABOUT.name))));
        return { next: { ...state, at: 2 } };
      },
    ]);
    const { storage } = world;
    const rig = await engineRig({ database, vendor, ehr: memoryEhr(slideReading), storage, on: SLIDE_ORDERS });
    await rig.admit('2');
    let dead = false;
    const engine = await rig.start(async (name) => {
      if (!dead && name === 'step-done' && told.length === 3) {
        dead = true;
        engine.halt();
        await new Promise(() => {});
      }
    });
    await until('the engine to die', () => dead);
    await rig.start();
    assert.equal((await rig.settle('2')).status, 'completed');
    assert.deepEqual(told, [...[100, 200, 300, 300, 350].map(kept), DONE, [ABOUT.name], true]);
    assert.deepEqual(file.asked, [0, 100, 200, 200, 300]);
    await rig.stop();
  });
});
