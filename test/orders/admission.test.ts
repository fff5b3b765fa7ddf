import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Bundle, DocumentReference } from '@medplum/fhirtypes';
import type { SiteConfig } from '../../src/config.ts';
import { AdapterError } from '../../src/errors.ts';
import { openAdmission, routeStart } from '../../src/orders/admission.ts';
import type { Order } from '../../src/orders/order.ts';
import type { SiteRuntime } from '../../src/orders/site.ts';
import { latestGeneration } from '../../src/orders/store/admit-order.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import type { Admit, Admitted, Cursors, News } from '../../src/orders/types.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';

const SEARCH = 'DocumentReference?status=current&type=http://loinc.org|11506-3';

onEveryDatabase('news', ({ open }) => {
  let database: Database;
  let cursors: Cursors;
  let admit: Admit;
  /** What the server was asked, and which ids it finds. */
  const asked: string[] = [];
  let found: string[] = [];
  const clock = fakeClock();

  before(async () => {
    database = await open();
    cursors = openCursors(database);
    const sites = new Map([
      ['general', site('general', [route('coding', SEARCH), route('orders', 'ServiceRequest?status=active')])],
      ['children', site('children', [route('coding', SEARCH)])],
      ['chained', site('chained', [route('coding', `${SEARCH}&patient.birthdate=gt2000-01-01`)])],
    ]);
    admit = openAdmission({ database, sites, cursors, clock });
  });
  beforeEach(async () => {
    await database.query('delete from orders');
    await database.query('delete from cursors');
    asked.length = 0;
    found = [];
  });
  after(() => database.close());

  const route = (id: string, on: string) => ({ id, on, vendor: 'toy', options: {} });

  function site(name: string, routes: ReturnType<typeof route>[]): SiteRuntime {
    const search = async (query: string): Promise<Bundle> => {
      asked.push(query);
      const entry = found.map((id) => ({ resource: note(id, '1') }));
      return { resourceType: 'Bundle', type: 'searchset', entry };
    };
    // Admission reads nothing of a site but its name, its routes and its client's search.
    return { name, config: { routes } as unknown as SiteConfig, client: { search } } as unknown as SiteRuntime;
  }

  const note = (id: string, versionId: string, more: Partial<DocumentReference> = {}): DocumentReference => ({
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
    content: [],
    meta: { versionId, lastUpdated: '2026-11-22T09:00:00Z' },
    ...more,
  });
  const tell = (resource: DocumentReference, more: Partial<News> = {}): Promise<Admitted> =>
    admit({
      site: 'general',
      type: 'DocumentReference',
      id: resource.id ?? '',
      resource,
      source: 'notification',
      ...more,
    });
  const orderOf = (id: string, name = 'general'): Promise<Order | undefined> =>
    latestGeneration(database, `${name}/DocumentReference/${id}/coding`);

  test('ten times at once makes one order', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => tell(note('1', '1'))));
    assert.equal(
      all.reduce((sum, { orders }) => sum + orders, 0),
      1,
    );
    assert.deepEqual(await database.query('select count(*)::int as count from orders'), [{ count: 1 }]);
    const order = (await orderOf('1')) ?? assert.fail('no order');
    assert.equal(order.status, 'received');
    assert.equal(order.seenVersion, '1');
    assert.deepEqual(order.nextAt, clock.now());
    assert.deepEqual(
      (await readTimeline(database, order.id)).map(({ event, detail }) => [event, detail.source]),
      [['admitted', 'notification']],
    );
  });

  test('of the same or an older version changes nothing, of a newer one is put beside the order', async () => {
    await tell(note('1', '9'));
    assert.deepEqual(await tell(note('1', '9')), { orders: 0, told: 0 });
    assert.deepEqual(await tell(note('1', '8', { status: 'entered-in-error' })), { orders: 0, told: 0 });
    assert.equal((await orderOf('1'))?.news, null);
    assert.deepEqual(await tell(note('1', '10', { status: 'entered-in-error' })), { orders: 0, told: 1 });
    assert.deepEqual((await orderOf('1'))?.news, { source: 'notification', version: '10' });
  });

  test('of versions that are no numbers goes by the times', async () => {
    await tell(note('1', 'b', { meta: { versionId: 'b', lastUpdated: '2026-11-22T09:00:00Z' } }));
    const older = { meta: { versionId: 'a', lastUpdated: '2026-11-22T08:59:59Z' } };
    assert.equal((await tell(note('1', 'a', older))).told, 0);
    const newer = { meta: { versionId: 'c', lastUpdated: '2026-11-22T10:00:01+01:00' } };
    assert.equal((await tell(note('1', 'c', newer))).told, 1);
  });

  test('that no route is for makes nothing', async () => {
    assert.deepEqual(await tell(note('1', '1', { status: 'superseded' })), { orders: 0, told: 0 });
    assert.deepEqual(await tell(note('1', '1', { type: { text: 'Letter' } })), { orders: 0, told: 0 });
    const stranger: News = { site: 'nowhere', type: 'DocumentReference', id: '1', source: 'sweep' };
    assert.deepEqual(await admit({ ...stranger, resource: note('1', '1') }), { orders: 0, told: 0 });
    assert.deepEqual(await database.query('select 1 from orders'), []);
  });

  test('of two sites makes two orders that know nothing of each other', async () => {
    await tell(note('1', '1'));
    await tell(note('1', '1'), { site: 'children' });
    assert.equal((await orderOf('1'))?.key, 'general/DocumentReference/1/coding');
    assert.equal((await orderOf('1', 'children'))?.key, 'children/DocumentReference/1/coding');
    await tell(note('1', '2'), { site: 'children' });
    assert.equal((await orderOf('1'))?.news, null);
  });

  test('from before the route’s first start is backlog, which only an operator brings', async () => {
    await cursors.set('general', routeStart('coding'), '2026-11-22T09:30:00Z');
    assert.equal((await tell(note('1', '1'))).orders, 0);
    assert.equal((await tell(note('1', '1'), { source: 'sweep' })).orders, 0);
    const later = { meta: { versionId: '1', lastUpdated: '2026-11-22T10:31:00+01:00' } };
    assert.equal((await tell(note('2', '1', later))).orders, 1);
    assert.equal((await tell(note('1', '1'), { source: 'operator', backlog: true })).orders, 1);
    assert.equal((await tell(note('1', '2'))).told, 1, 'news of an order that exists is never backlog');
  });

  test('for a route with a word that only the server can judge asks the server', async () => {
    found = ['other'];
    assert.equal((await tell(note('1', '1'), { site: 'chained' })).orders, 0);
    found = ['1'];
    assert.equal((await tell(note('1', '1'), { site: 'chained' })).orders, 1);
    assert.equal(asked.length, 2);
    assert.ok(asked.every((query) => query.startsWith('DocumentReference?_id=1&status=current&')));
    assert.match(asked[0] ?? '', /patient\.birthdate=gt2000-01-01/);
    await tell(note('1', '1'), { site: 'chained' });
    assert.equal(asked.length, 2, 'an order that exists is not asked about');
  });

  test('of a deleted resource is told to its order and makes none', async () => {
    const gone: News = { site: 'general', type: 'DocumentReference', id: '1', gone: true, source: 'sweep' };
    assert.deepEqual(await admit(gone), { orders: 0, told: 0 });
    await tell(note('1', '1'));
    await database.query('update orders set next_at = null');
    assert.deepEqual(await admit(gone), { orders: 0, told: 1 });
    const order = await orderOf('1');
    assert.deepEqual(order?.news, { source: 'sweep', gone: true });
    assert.deepEqual(order?.nextAt, clock.now(), 'it is looked at now');
  });

  test('that cannot be stored is not taken for dealt with', async () => {
    const broken: Database = {
      ...database,
      tx: () => Promise.reject(new AdapterError('database-unavailable', 'The database cannot be used')),
    };
    const sites = new Map([['general', site('general', [route('coding', SEARCH)])]]);
    const failing = openAdmission({ database: broken, sites, cursors, clock });
    const news: News = { site: 'general', type: 'DocumentReference', id: '1', source: 'sweep' };
    await assert.rejects(failing({ ...news, resource: note('1', '1') }), { code: 'database-unavailable' });
  });
});
