/** Large results: where the EHR refers to them they are tied to what refers to them, and go when nothing does any more. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { tidyStorages } from '../../src/operations/tidy-storages.ts';
import { saveHolders } from '../../src/orders/result-files.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { type LargeFile, listLargeFiles } from '../../src/orders/store/large-files.ts';
import { forgetOrderData } from '../../src/orders/store/order-data.ts';
import { requestRetry, tellOrder } from '../../src/orders/store/tell-order.ts';
import { streamOfBytes } from '../../src/streams.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { downFor, type MemoryEhr, memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type ServedStorage, servedStorage } from '../support/served-storage.ts';
import { toyFindings, toyVendor } from '../support/toy-vendor.ts';

const NAME = 'cells.csv';
const LIMIT = 1000;
const DAY_MS = 86_400_000;
const PUBLIC = 'https://adapter.example/base';

onEveryDatabase('a large result', ({ open }) => {
  let rig: Rig;
  let database: Database;
  let served: ServedStorage;
  let ehr: MemoryEhr;
  /** What the vendor's file is at its next run. */
  let content: Buffer;
  /** Whether the vendor's job fails once it has published. */
  let fails: boolean;

  beforeEach(async () => {
    database = await open();
    served = await servedStorage();
    content = Buffer.alloc(5000, 'cells;');
    fails = false;
  });
  afterEach(async () => {
    await rig.stop();
    await served.close();
    await database.close();
  });

  async function build(publicUrl?: string): Promise<Rig> {
    const { vendor } = toyVendor(
      [
        async (state, { files }) => {
          const about = { name: NAME, contentType: 'text/csv', title: 'Cell readouts' };
          await files.keep(about, streamOfBytes(content));
          return { publish: { heard: [] }, next: { ...state, at: 1 } };
        },
        async () => (fails ? { fail: { code: 'vendor-error', text: 'It failed.' } } : { done: { heard: [] } }),
      ],
      {
        again: () => ({ at: 0, heard: [] }),
        toFindings: () => {
          const resource = { resourceType: 'DocumentReference' as const, status: 'current' as const };
          return {
            ...toyFindings(0),
            items: [{ part: 'document/cells', label: 'Cells', resource, evidence: [], file: NAME }],
          };
        },
      },
    );
    ehr = memoryEhr((id) => noteReading(id, 'a note'));
    ehr.binaryLimit = LIMIT;
    rig = await engineRig({ database, vendor, ehr, storage: served.storage, ...(publicUrl && { publicUrl }) });
    await rig.admit('1');
    return rig;
  }
  /** Runs the order to its end, once more where it has been there already. */
  async function run(): Promise<LargeFile[]> {
    const engine = await rig.start();
    const { id, status } = await rig.settle('1', ({ leg, retry }) => leg === 'ended' && retry === null);
    assert.equal(status, fails ? 'failed' : 'completed');
    await engine.stop(1);
    return rowsOf(id);
  }
  async function rowsOf(id: string): Promise<LargeFile[]> {
    const { run: last } = await rig.order('1');
    const runs = Array.from({ length: last }, (_, index) => listLargeFiles(database, id, index + 1));
    return (await Promise.all(runs)).flat();
  }
  async function retry(): Promise<void> {
    await requestRetry(database, (await rig.order('1')).id, { by: 'night-shift' }, rig.clock.now());
  }
  const stored = async (): Promise<number> => {
    const all = await readdir(served.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return all.filter((entry) => entry.isFile()).length;
  };
  /** What housekeeping does, so many days from now. */
  async function keepHouse(days: number): Promise<void> {
    const then = new Date(rig.clock.now().getTime() + days * DAY_MS);
    await forgetOrderData(database, 'site', new Date(then.getTime() - 30 * DAY_MS));
    await tidyStorages({ database, storages: new Map([['site', served.storage]]), log: silentLog }, then);
  }
  const inDays = (days: number): Date => new Date(rig.clock.now().getTime() + days * DAY_MS);
  const lastFile = () => [...ehr.published.values()].flat().at(-1)?.files[0];

  test('is referred to under its own address, and stays for as long as that stands', async () => {
    await build(PUBLIC);
    const [row] = await run();
    assert.ok(row);
    const { key } = await rig.order('1');
    assert.deepEqual([row.resourceType, row.resourceId], ['DocumentReference', `${key}-document/cells`]);
    assert.equal(lastFile()?.kept?.url, `${PUBLIC}/files/${row.id}`);
    assert.equal(lastFile()?.kept?.crc32c, row.crc32c);
    assert.deepEqual([lastFile()?.size, lastFile()?.sha1], [content.length, row.sha1]);
    assert.equal(ehr.files.size, 0, 'its bytes went nowhere');
    await keepHouse(400);
    assert.deepEqual([(await rowsOf(row.orderId)).length, await stored()], [1, 1]);
  });

  test('that is small goes into the EHR by way of the storage, and our copy goes after the retention', async () => {
    content = Buffer.alloc(LIMIT, 'x');
    await build(PUBLIC);
    const [row] = await run();
    assert.deepEqual(Buffer.from(ehr.files.get(NAME) ?? []), content);
    assert.deepEqual([row?.resourceType, row?.expiresAt], [null, null]);
    await keepHouse(29);
    assert.equal(await stored(), 1);
    await keepHouse(31);
    assert.deepEqual([(await rowsOf(row?.orderId ?? '')).length, await stored()], [0, 0]);
  });

  test('has no address where nobody can reach us', async () => {
    await build();
    const [row] = await run();
    assert.ok(lastFile()?.kept);
    assert.equal(lastFile()?.kept?.url, undefined);
    assert.equal(row?.resourceType, null);
  });

  test('is tied also where we died after it was written, and once', async () => {
    await build(PUBLIC);
    let died = 0;
    const engine = await rig.start(async (point) => {
      if (point === 'published' && died++ === 0) {
        throw new Error('we died here');
      }
    });
    const { id } = await rig.settle('1');
    await engine.stop(1);
    assert.ok(died > 1);
    const rows = await rowsOf(id);
    assert.deepEqual(
      rows.map(({ resourceType }) => resourceType),
      ['DocumentReference'],
    );
  });

  test('that an operator has fetched again is the same file', async () => {
    await build(PUBLIC);
    const [first] = await run();
    content = Buffer.alloc(6000, 'other');
    await retry();
    const [row, ...others] = await run();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [row?.id, row?.size, row?.resourceType, row?.expiresAt],
      [first?.id, 6000, 'DocumentReference', null],
    );
    assert.equal(lastFile()?.kept?.url, `${PUBLIC}/files/${first?.id}`);
    assert.equal(await stored(), 1);
  });

  test('of a new run that is the same keeps its address; the second copy goes', async () => {
    await build(PUBLIC);
    fails = true;
    const [first] = await run();
    assert.equal(first?.resourceType, 'DocumentReference');
    fails = false;
    await retry();
    const rows = await run();
    assert.equal(rows.length, 2);
    assert.equal(lastFile()?.kept?.url, `${PUBLIC}/files/${first?.id}`);
    assert.deepEqual(
      rows.map(({ resourceType, expiresAt }) => [resourceType, expiresAt]),
      [
        ['DocumentReference', null],
        [null, null],
      ],
    );
    await keepHouse(31);
    assert.deepEqual(
      (await rowsOf(first?.orderId ?? '')).map(({ id }) => id),
      [first?.id],
    );
    assert.equal(await stored(), 1);
  });

  test('of a new run with other bytes has another address; the one before stays for the retention', async () => {
    await build(PUBLIC);
    fails = true;
    await run();
    fails = false;
    content = Buffer.alloc(6000, 'other');
    await retry();
    const [before, now] = await run();
    assert.equal(lastFile()?.kept?.url, `${PUBLIC}/files/${now?.id}`);
    assert.deepEqual([now?.resourceType, now?.expiresAt], ['DocumentReference', null]);
    assert.equal(before?.resourceType, 'DocumentReference', 'an earlier version of it still refers to that');
    assert.ok(before?.expiresAt && before.expiresAt > inDays(29) && before.expiresAt <= inDays(30));
    await keepHouse(31);
    assert.equal(await stored(), 1);
  });

  test('is still to be had for the retention after it was taken back, and then goes', async () => {
    await build(PUBLIC);
    const [row] = await run();
    const { id } = await rig.order('1');
    const withdrawn = { code: 'entered-in-error' as const, text: 'The order was entered in error.' };
    ehr.reading = (name) => ({ ...noteReading(name, 'a note'), withdrawn });
    await tellOrder(database, id, { source: 'notification' }, rig.clock.now());
    downFor(ehr, 1, 'retract');
    const engine = await rig.start();
    await rig.settle('1', (order) => order.status === 'withdrawn' && order.leg === 'ended');
    await engine.stop(1);
    const [after] = await rowsOf(id);
    assert.equal(after?.id, row?.id);
    assert.equal(after?.resourceType, 'DocumentReference', 'whoever may read what it was may read it');
    const expiresAt = after?.expiresAt ?? assert.fail('it stays for ever');
    assert.ok(expiresAt > inDays(29) && expiresAt <= inDays(30));
    await keepHouse(31);
    assert.deepEqual([(await rowsOf(id)).length, await stored()], [0, 0]);
  });

  test('of another order is not tied by an address that somebody has copied', async () => {
    await build(PUBLIC);
    const [row] = await run();
    await rig.admit('2');
    const other = await rig.order('2');
    const url = `${PUBLIC}/files/${row?.id}`;
    const now = rig.clock.now();
    const thief = { type: 'DocumentReference', id: 'theirs', urls: [url] };
    await saveHolders(database, other, [thief], { retentionDays: 30, now });
    assert.deepEqual(await rowsOf(row?.orderId ?? ''), [row]);
  });

  test('belongs to its own resource rather than to the report that names it, too', async () => {
    await build(PUBLIC);
    const [row] = await run();
    const order = await rig.order('1');
    const url = `https://another-name.example/files/${row?.id}`;
    const now = rig.clock.now();
    const holders = [
      { type: 'DocumentReference', id: 'd', urls: [url] },
      { type: 'DiagnosticReport', id: 'r', urls: [url] },
    ];
    await saveHolders(database, order, holders, { retentionDays: 30, now });
    const [after] = await rowsOf(order.id);
    assert.deepEqual([after?.resourceType, after?.resourceId, after?.expiresAt], ['DocumentReference', 'd', null]);
    const [, report] = holders;
    await saveHolders(database, order, [{ type: 'DocumentReference', id: 'd', urls: [] }, report ?? assert.fail()], {
      retentionDays: 30,
      now,
    });
    const [moved] = await rowsOf(order.id);
    assert.deepEqual([moved?.resourceType, moved?.resourceId, moved?.expiresAt], ['DiagnosticReport', 'r', null]);
  });

  test('whose bytes are gone holds the order, which nobody could complete', async () => {
    content = Buffer.alloc(10, 'x');
    await build(PUBLIC);
    downFor(ehr, 1);
    const engine = await rig.start();
    await rig.settle('1', (order) => order.leg === 'write' && order.attempts > 0);
    const [row] = await rowsOf((await rig.order('1')).id);
    await served.storage.remove(row?.key ?? '');
    const order = await rig.settle('1');
    await engine.stop(1);
    assert.deepEqual([order.status, order.lastError?.code], ['held', 'unexpected']);
  });
});
