/** Large result files: remembered under an id that stays, tied to a resource, and removed when their time is over. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { openLog } from '../../src/log.ts';
import { tidyStorages } from '../../src/operations/tidy-storages.ts';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import {
  findLargeFile,
  listLargeFiles,
  type NewLargeFile,
  putLargeFile,
  tieLargeFile,
} from '../../src/orders/store/large-files.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';

const clock = fakeClock();
const inDays = (days: number): Date => new Date(clock.now().getTime() + days * 86_400_000);

onEveryDatabase('large files', ({ open }) => {
  let database: Database;
  let file: NewLargeFile;

  beforeEach(async () => {
    database = await open();
    const baseKey = 'general/ServiceRequest/1/slides';
    const about = { generation: 1, site: 'general', route: 'slides', vendor: 'toy', resourceType: 'ServiceRequest' };
    const seen = { resourceId: '1', seenVersion: '1', seenUpdated: null, events: [{ event: 'admitted' }] };
    await admitOrder(database, { baseKey, ...about, ...seen }, clock.now());
    const order = (await latestGeneration(database, baseKey)) ?? assert.fail('no order');
    file = {
      site: 'general',
      orderId: order.id,
      run: 1,
      name: 'cells.csv',
      key: `results/${order.id}/1/cells.csv`,
      contentType: 'text/csv',
      title: 'Cell readouts',
      // More than 32 bits count.
      size: 7_000_000_000,
      sha1: 'W3IMKUlYZuw87HtrGBay85gT95Q=',
      crc32c: '4waSgw==',
      expiresAt: null,
    };
  });
  afterEach(() => database.close());

  test('a file has an opaque id, which stays when it is put again', async () => {
    const id = await putLargeFile(database, file);
    assert.match(id, /^[\w-]{22}$/);
    assert.equal(await putLargeFile(database, { ...file, size: 5, contentType: 'text/plain' }), id);
    const found = await findLargeFile(database, id, clock.now());
    const wanted = { ...file, id, size: 5, contentType: 'text/plain', resourceType: null, resourceId: null };
    assert.deepEqual(found, wanted);
    assert.deepEqual(await listLargeFiles(database, file.orderId, 1), [wanted]);
    assert.deepEqual(await listLargeFiles(database, file.orderId, 2), []);
  });

  test('its size is a number, however large', async () => {
    const id = await putLargeFile(database, file);
    assert.equal((await findLargeFile(database, id, clock.now()))?.size, 7_000_000_000);
  });

  test('it is tied to the resource that refers to it', async () => {
    const id = await putLargeFile(database, file);
    await tieLargeFile(database, id, { type: 'DocumentReference', id: 'd1' });
    const found = await findLargeFile(database, id, clock.now());
    assert.deepEqual([found?.resourceType, found?.resourceId], ['DocumentReference', 'd1']);
  });

  test('one whose time is over is found no more, and tidied away with its bytes first', async () => {
    const kept = await putLargeFile(database, file);
    const over = await putLargeFile(database, { ...file, name: 'old.csv', key: 'results/old', expiresAt: inDays(1) });
    assert.ok(await findLargeFile(database, over, clock.now()));
    assert.equal(await findLargeFile(database, over, inDays(1)), undefined);
    const removed: string[] = [];
    const storage = {
      remove: async (key: string) => {
        assert.equal((await listLargeFiles(database, file.orderId, 1)).length, 2, 'the row is still there');
        removed.push(key);
      },
      abortStale: async () => 0,
    };
    const services = { database, storages: new Map([['general', storage]]), log: openLog('silent') };
    await tidyStorages(services, clock.now());
    assert.deepEqual(removed, []);
    await tidyStorages(services, inDays(2));
    assert.deepEqual(removed, ['results/old']);
    assert.deepEqual(
      (await listLargeFiles(database, file.orderId, 1)).map(({ id }) => id),
      [kept],
    );
  });

  test('one site’s dead bucket leaves its files remembered, and the next site is tidied all the same', async () => {
    await putLargeFile(database, { ...file, expiresAt: inDays(1) });
    const dead = {
      remove: () => Promise.reject(new AdapterError('storage-unavailable', 'The bucket cannot be reached')),
      abortStale: async () => 0,
    };
    const stale: Date[] = [];
    const other = {
      remove: async () => {},
      abortStale: async (before: Date) => stale.push(before),
    };
    const lines: string[] = [];
    const log = openLog('info', { write: (line) => void lines.push(line) });
    const storages = new Map([
      ['general', dead],
      ['other', other],
    ]);
    await tidyStorages({ database, storages, log }, inDays(2));
    assert.equal((await listLargeFiles(database, file.orderId, 1)).length, 1);
    assert.deepEqual(stale, [inDays(-12)], 'what nobody has gone on with for two weeks');
    assert.match(lines.join(''), /"site":"general","code":"storage-unavailable"/);
    assert.match(lines.join(''), /"site":"other","count":1/);
  });
});
