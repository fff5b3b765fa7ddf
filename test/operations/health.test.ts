import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { type ApiRig, apiRig } from './api-rig.ts';

onEveryDatabase('health', ({ open }) => {
  let rig: ApiRig | undefined;
  afterEach(async () => {
    await rig?.close();
  });

  test('is alive whatever happens, and ready as long as the database is', async () => {
    rig = await apiRig(await open(), toyVendor([]));
    assert.deepEqual((await rig.get('/healthz')).json, { status: 'alive' });
    const ready = await rig.ask('/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(ready.json, {
      status: 'ready',
      database: rig.database.kind,
      sites: { site: { ehr: 'ok', subscriptions: 'ok' } },
      held: [],
    });
    assert.equal(ready.headers.get('cache-control'), 'no-store');

    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const posted: Response = await fetch(`${rig.url}${path}`, { method: 'POST' });
      assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET'], path);
    }

    const { query } = rig.database;
    rig.database.query = () => Promise.reject(new AdapterError('database-unavailable', 'The database cannot be used'));
    const away = await rig.ask('/readyz');
    assert.deepEqual([away.status, away.json], [503, { status: 'not ready', database: 'database-unavailable' }]);
    assert.equal((await rig.ask('/healthz')).status, 200);
    rig.database.query = query;

    rig.stopping = true;
    const stopping = await rig.ask('/readyz');
    assert.deepEqual([stopping.status, stopping.json], [503, { status: 'stopping' }]);
    assert.equal((await rig.ask('/healthz')).status, 200);
  });

  test('says which credentials are held', async () => {
    const toy = toyVendor([
      () => {
        throw new AdapterError('vendor-quota', 'The quota is used up');
      },
    ]);
    rig = await apiRig(await open(), toy);
    await rig.admit('1');
    await rig.start();
    await rig.settle('1');
    const { status, json } = await rig.ask('/readyz');
    assert.equal(status, 200, 'a vendor’s trouble does not make us unready');
    assert.ok(typeof json === 'object' && json !== null && 'held' in json && Array.isArray(json.held));
    const { since, ...held } = json.held[0];
    assert.deepEqual(held, { site: 'site', vendor: 'toy', code: 'vendor-quota', until: null });
    assert.ok(!Number.isNaN(Date.parse(since)));
  });
});
