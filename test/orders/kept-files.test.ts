/** Large files that a vendor's work leaves behind: streamed into the site's storage, checked, known to the order. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { type KeptFiles, openKeptFiles } from '../../src/orders/keep-file.ts';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { listLargeFiles } from '../../src/orders/store/large-files.ts';
import { forgetOrderData } from '../../src/orders/store/order-data.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { type ServedStorage, servedStorage } from '../support/served-storage.ts';
import { checksum, MB } from './staging-support.ts';

const ABOUT = { name: 'cells.csv', contentType: 'text/csv', title: 'Cell readouts' };

onEveryDatabase('a large file of a result', ({ open }) => {
  let database: Database;
  let served: ServedStorage;
  let kept: KeptFiles;
  let order: { id: string; site: string; run: number; fence: string };
  const clock = fakeClock();
  const signal = new AbortController();

  /** The bytes in pieces; fails behind the last of them where there is an error. */
  const streamed = (bytes: Uint8Array, piece = 100_000, error?: Error): Readable => {
    function* slices(): Generator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += piece) {
        yield bytes.subarray(at, at + piece);
      }
      if (error) {
        throw error;
      }
    }
    return Readable.from(slices(), { objectMode: false });
  };
  const files = async (): Promise<string[]> => {
    const all = await readdir(served.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return all.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  const rows = () => listLargeFiles(database, order.id, order.run);

  beforeEach(async () => {
    database = await open();
    served = await servedStorage();
    const baseKey = 'site/ServiceRequest/1/slides';
    const about = { generation: 1, site: 'site', route: 'slides', vendor: 'toy', resourceType: 'ServiceRequest' };
    const seen = { resourceId: '1', seenVersion: '1', seenUpdated: null, events: [{ event: 'admitted' }] };
    await admitOrder(database, { baseKey, ...about, ...seen }, clock.now());
    order = (await latestGeneration(database, baseKey)) ?? assert.fail('no order');
    kept = openKeptFiles({ database, storage: served.storage, order, signal: signal.signal });
  });
  afterEach(async () => {
    await served.close();
    await database.close();
  });

  test('is streamed by parts, and read back', async () => {
    const bytes = randomBytes(20 * MB + 17);
    const said = await kept.keep(ABOUT, streamed(bytes), { crc32c: checksum(bytes) });
    assert.deepEqual(said, { size: bytes.length, crc32c: checksum(bytes) });
    assert.equal(Buffer.compare(await buffer(await kept.read('cells.csv')), bytes), 0);
    const [row] = await rows();
    assert.deepEqual(
      [row?.size, row?.sha1, row?.crc32c, row?.contentType, row?.title],
      [bytes.length, createHash('sha1').update(bytes).digest('base64'), checksum(bytes), 'text/csv', 'Cell readouts'],
    );
    assert.deepEqual(await kept.names(), ['cells.csv']);
    assert.doesNotMatch(row?.key ?? '', /cells|ServiceRequest/);
  });

  test('may be empty, of one part exactly, or come in pieces of any size', async () => {
    for (const [size, piece] of [
      [0, 1],
      [8 * MB, 8 * MB],
      [8 * MB + 1, 20 * MB],
    ] satisfies [number, number][]) {
      const bytes = randomBytes(size);
      assert.equal((await kept.keep(ABOUT, streamed(bytes, piece))).crc32c, checksum(bytes));
      assert.equal(Buffer.compare(await buffer(await kept.read('cells.csv')), bytes), 0);
    }
  });

  test('that is not what its checksum says is not kept, and fetched again', async () => {
    const error = await kept
      .keep(ABOUT, streamed(randomBytes(9 * MB)), { crc32c: '4waSgw==' })
      .catch((thrown) => thrown);
    assert.ok(error instanceof AdapterError);
    assert.deepEqual([error.code, error.kind], ['vendor-protocol', 'transient']);
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('that breaks off is not kept; what it was broken by comes through', async () => {
    const broken = streamed(randomBytes(9 * MB), 100_000, new AdapterError('vendor-unreachable', 'broke off'));
    await assert.rejects(kept.keep(ABOUT, broken), { code: 'vendor-unreachable' });
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('is replaced by the one that is kept under its name again, in one place and under one id', async () => {
    await kept.keep(ABOUT, streamed(Buffer.from('old')));
    const [before] = await rows();
    await kept.keep(ABOUT, streamed(Buffer.from('newer')));
    const [after] = await rows();
    assert.equal(after?.id, before?.id);
    assert.equal((await buffer(await kept.read('cells.csv'))).toString(), 'newer');
    assert.equal((await files()).length, 1);
  });

  test('of an order that another process has taken over is not kept', async () => {
    const late = openKeptFiles({
      database,
      storage: served.storage,
      order: { ...order, fence: '999' },
      signal: signal.signal,
    });
    await assert.rejects(late.keep(ABOUT, streamed(Buffer.from('late'))), { code: 'lease-lost' });
    assert.deepEqual([await files(), await rows()], [[], []]);
  });

  test('that was never kept cannot be read', async () => {
    await assert.rejects(kept.read('nothing.csv'), { code: 'unexpected' });
  });

  test('to which nothing in the EHR refers expires with the order’s data', async () => {
    await kept.keep(ABOUT, streamed(Buffer.from('bytes')));
    await database.query("update orders set ended_at = $2, leg = 'ended' where id = $1", [order.id, clock.now()]);
    await forgetOrderData(database, 'site', clock.now());
    assert.equal((await rows())[0]?.expiresAt, null);
    await forgetOrderData(database, 'site', new Date(clock.now().getTime() + 1000));
    assert.deepEqual((await rows())[0]?.expiresAt, clock.now());
  });
});
