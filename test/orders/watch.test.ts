import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { holdCredential } from '../../src/orders/store/credentials.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { startWatch, type Watch } from '../../src/orders/watch.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';

onEveryDatabase('a shared look', ({ open }) => {
  let database: Database | undefined;
  let rig: Rig | undefined;
  let watch: Watch | undefined;

  /** Three orders that wait an hour, and a look that never comes by itself. */
  async function build(look: NonNullable<Vendor['watch']>, page = 500): Promise<{ it: Rig; shared: Watch }> {
    database = await open();
    const moves = [() => ({ next: { at: 1, heard: [] }, after: 3600 })];
    const vendor = toyVendor(moves, { watch: look }).vendor;
    const it = await engineRig({ database, vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    rig = it;
    await it.start();
    for (const id of ['1', '2', '3']) {
      await it.admit(id);
    }
    for (const id of ['1', '2', '3']) {
      await it.settle(id, (order) => order.status === 'working' && (order.nextAt ?? 0) > it.clock.now(), {
        jump: false,
      });
    }
    const leases = openLeases(database, 'watcher', () => it.clock.now());
    const { sites, clock } = it.services;
    watch = startWatch({ database, sites, leases, clock, log: silentLog }, { everySeconds: 1000, page });
    return { it, shared: watch };
  }

  afterEach(async () => {
    await watch?.stop();
    await rig?.stop();
    await database?.close();
  });

  test('asks once about all waiting orders and wakes those the vendor names', async () => {
    const asked: string[][] = [];
    const { it, shared } = await build(async (_site, waiting) => {
      asked.push(waiting.map(({ key }) => key));
      return [...waiting.map(({ key }) => key).filter((key) => key.includes('/2/')), 'site/DocumentReference/9/route'];
    });
    assert.equal(await shared.look(), 1);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.length, 3);
    await it.settle('2', (order) => order.status === 'completed', { jump: false });
    assert.equal((await it.order('1')).status, 'working');
    assert.equal(await shared.look(), 0);
    assert.equal(asked[1]?.length, 2);
  });

  test('goes through more orders than one question holds', async () => {
    const sizes: number[] = [];
    const { shared } = await build(async (_site, waiting) => {
      sizes.push(waiting.length);
      return waiting.map(({ key }) => key);
    }, 2);
    assert.equal(await shared.look(), 3);
    assert.deepEqual(sizes, [2, 1]);
  });

  test('is taken by one process at a time', async () => {
    let asked = 0;
    const { it, shared } = await build(async () => {
      asked++;
      return [];
    });
    const other = openLeases(database ?? assert.fail(), 'another', () => it.clock.now());
    await other.withLease(`watch ${it.route.credential}`, 60, async () => {
      assert.equal(await shared.look(), 0);
    });
    assert.equal(asked, 0);
    await shared.look();
    assert.equal(asked, 1);
  });

  test('asks nothing while the credential is held', async () => {
    let asked = 0;
    const { it, shared } = await build(async () => {
      asked++;
      return [];
    });
    await holdCredential(database ?? assert.fail(), {
      credential: it.route.credential,
      site: 'site',
      vendor: 'toy',
      reason: { code: 'vendor-quota', text: 'used up' },
      now: it.clock.now(),
    });
    await shared.look();
    assert.equal(asked, 0);
  });

  test('that fails pauses as long as the vendor asks, and holds no order', async () => {
    let asked = 0;
    const { it, shared } = await build(async () => {
      asked++;
      throw new AdapterError('vendor-busy', 'busy', { retryAfter: 1000 });
    });
    assert.equal(await shared.look(), 0);
    it.clock.advance(900);
    await shared.look();
    assert.equal(asked, 1);
    it.clock.advance(200);
    await shared.look();
    assert.equal(asked, 2);
    assert.equal((await it.settle('1')).status, 'completed');
  });
});
