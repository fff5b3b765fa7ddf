import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { silentLog } from '../../src/log.ts';
import type { Admit, News } from '../../src/orders/types.ts';
import { type SweepOptions, sweepSite } from '../../src/subscriptions/sweep.ts';
import { changedSince } from '../../src/subscriptions/sweep-windows.ts';
import { startSweeps } from '../../src/subscriptions/sweeps.ts';
import { fakeClient, freeLeases, memoryCursors, note, siteConfig, until } from './doubles.ts';

const CRITERIA = 'DocumentReference?type=http://loinc.org|11506-3';
const MARK = `sweep:${CRITERIA}`;

/** A server whose search honours `_lastUpdated=ge`, sorts, and pages by `pageSize`; it notes each query. */
function server(entries: BundleEntry[], pageSize = 2, overrides: Partial<FhirClient> = {}) {
  const queries: string[] = [];
  const changed = ({ resource }: BundleEntry) => Date.parse(resource?.meta?.lastUpdated ?? '');
  const pages = async function* (query: string): AsyncGenerator<Bundle> {
    queries.push(query);
    const since = Date.parse(/_lastUpdated=ge([^&]+)/.exec(query)?.[1] ?? '');
    const found = entries.filter((entry) => changed(entry) >= since).sort((a, b) => changed(a) - changed(b));
    for (let start = 0; start === 0 || start < found.length; start += pageSize) {
      yield { resourceType: 'Bundle', type: 'searchset', entry: found.slice(start, start + pageSize) };
    }
  };
  const byId = new Map<string, Resource>();
  for (const { resource } of entries) {
    byId.set(`${resource?.resourceType}/${resource?.id}`, resource ?? note('x'));
  }
  return { queries, client: fakeClient(byId, { pages, ...overrides }) };
}

function rig(client: FhirClient, values: Record<string, string> = {}, more: Partial<SweepOptions> = {}, admit?: Admit) {
  const cursors = memoryCursors(values);
  const news: News[] = [];
  const options: SweepOptions = {
    site: siteConfig(),
    client,
    cursors,
    log: silentLog,
    admit: async (one) => {
      news.push(one);
      return (await admit?.(one)) ?? { orders: 1, told: 0 };
    },
    ...more,
  };
  return { cursors, news, sweep: () => sweepSite(options), ids: () => news.map(({ id }) => id) };
}

const at = (time: string) => `2026-03-01T${time}.000Z`;
const match = (id: string, time: string): BundleEntry => ({
  resource: note(id, '1', at(time)),
  search: { mode: 'match' },
});

test('the first sweep begins at the start of the route, later ones at the watermark less the overlap, which finds late commits', async () => {
  const entries = [match('old', '07:00:00'), match('a', '09:00:00'), match('b', '09:30:00')];
  const { client, queries } = server(entries);
  const { sweep, ids, cursors } = rig(client, { 'route:notes:since': at('08:00:00') });
  const first = await sweep();
  assert.deepEqual(ids(), ['a', 'b']);
  assert.equal(queries[0], `${CRITERIA}&_lastUpdated=ge${at('08:00:00')}&_sort=_lastUpdated&_count=200&_total=none`);
  assert.equal(first.swept[0]?.watermark, at('09:30:00'));
  assert.equal(cursors.values.get(MARK), at('09:30:00'));
  entries.push(match('late', '09:26:00'), match('c', '09:40:00'));
  await sweep();
  assert.deepEqual(ids(), ['a', 'b', 'late', 'b', 'c'], 'what was committed late inside the overlap is found');
  assert.equal(cursors.values.get(MARK), at('09:40:00'));
});

test('where nothing is found the watermark is the server’s time less the overlap, and it never goes back', async () => {
  const { client } = server([], 2, { serverTime: async () => new Date(at('12:00:00')) });
  const { sweep, cursors } = rig(client, { 'route:notes:since': at('08:00:00') });
  await sweep();
  assert.equal(cursors.values.get(MARK), at('11:55:00'));
  const behind = rig(client, { [MARK]: at('11:59:00') });
  await behind.sweep();
  assert.equal(behind.cursors.values.get(MARK), at('11:59:00'));
});

test('a page that fails leaves the watermark where it was', async () => {
  const pages = async function* (): AsyncGenerator<Bundle> {
    yield { resourceType: 'Bundle', type: 'searchset', entry: [match('a', '09:00:00')] };
    throw new AdapterError('ehr-timeout', 'page 2');
  };
  const { sweep, cursors, ids } = rig(fakeClient(new Map(), { pages }), { [MARK]: at('08:00:00') });
  const result = await sweep();
  assert.deepEqual(ids(), ['a']);
  assert.equal(result.swept[0]?.problem, 'ehr-timeout');
  assert.equal(cursors.values.get(MARK), at('08:00:00'));
});

test('a resource that cannot be admitted now is passed by no watermark; one that never can does not stop the rest', async () => {
  const { client } = server([match('a', '09:00:00'), match('bad', '09:10:00'), match('c', '09:20:00')]);
  for (const [code, watermark] of [
    ['database-unavailable', at('08:00:00')],
    ['ehr-protocol', at('09:20:00')],
  ] as const) {
    const refuse: Admit = async ({ id }) => {
      if (id === 'bad') {
        throw new AdapterError(code, 'not admitted');
      }
      return { orders: 1, told: 0 };
    };
    const { sweep, cursors, ids } = rig(client, { [MARK]: at('08:00:00') }, {}, refuse);
    await sweep();
    assert.deepEqual(ids(), ['a', 'bad', 'c']);
    assert.equal(cursors.values.get(MARK), watermark);
  }
});

test('only matches of the type count: included resources and warnings are left out', async () => {
  const { client } = server([
    { resource: note('included', '1', at('09:50:00')), search: { mode: 'include' } },
    {
      resource: { resourceType: 'OperationOutcome', meta: { lastUpdated: at('09:55:00') }, issue: [] },
      search: { mode: 'outcome' },
    },
    { resource: { resourceType: 'Patient', id: 'p', meta: { lastUpdated: at('09:56:00') } } },
    match('a', '09:00:00'),
  ]);
  const { sweep, ids, cursors } = rig(client, { [MARK]: at('08:00:00') });
  await sweep();
  assert.deepEqual(ids(), ['a']);
  assert.equal(cursors.values.get(MARK), at('09:00:00'));
});

test('an operator’s backlog is counted first, then offered as such, and moves no watermark', async () => {
  const search: string[] = [];
  const { client } = server([match('old', '01:00:00'), match('a', '09:00:00')], 2, {
    search: async (query) => {
      search.push(query);
      return { resourceType: 'Bundle', type: 'searchset', total: 2 };
    },
  });
  const since = new Date(at('00:00:00'));
  const dry = rig(client, { [MARK]: at('08:00:00') }, { since, dryRun: true });
  const counted = await dry.sweep();
  assert.deepEqual(counted.counts, [{ route: 'notes', vendor: 'healthsage', count: 2 }]);
  assert.match(search[0] ?? '', /^DocumentReference\?status=current&type=.*_summary=count$/);
  assert.deepEqual(dry.ids(), []);
  const real = rig(client, { [MARK]: at('08:00:00') }, { since });
  await real.sweep();
  assert.deepEqual(
    real.news.map(({ id, backlog, source }) => [id, backlog, source]),
    [
      ['old', true, 'operator'],
      ['a', true, 'operator'],
    ],
  );
  assert.equal(real.cursors.values.get(MARK), at('08:00:00'));
});

test('open orders that the sweep did not see are read again; a delete is confirmed by id', async () => {
  const { client } = server([match('seen', '09:00:00'), match('open', '01:00:00')]);
  const searched: string[] = [];
  const pages = (query: string) => {
    if (!query.includes('_id=')) {
      return client.pages(query);
    }
    searched.push(query);
    return (async function* (): AsyncGenerator<Bundle> {
      yield { resourceType: 'Bundle', type: 'searchset', entry: [match('open', '01:00:00')] };
    })();
  };
  const openOrders = async () => ['seen', 'open', 'away'].map((id) => ({ type: 'DocumentReference', id }));
  const { sweep, news } = rig({ ...client, pages }, { [MARK]: at('08:00:00') }, { openOrders });
  assert.equal((await sweep()).reread, 2);
  assert.deepEqual(searched, ['DocumentReference?_id=open,away&_count=100']);
  assert.deepEqual(
    news.map(({ id, gone }) => [id, gone]),
    [
      ['seen', undefined],
      ['open', undefined],
      ['away', true],
    ],
  );
});

test('a long run is read in windows and misses nothing, ties included', async () => {
  const entries = Array.from({ length: 97 }, (_, index) =>
    match(`n${index}`, `09:00:${String(Math.floor(index / 4)).padStart(2, '0')}`),
  );
  const { client, queries } = server(entries, 3);
  const found = new Set<string>();
  const from = new Date(at('08:00:00'));
  const oddities: string[] = [];
  const window = { client, criteria: CRITERIA, type: 'DocumentReference', from, windowSize: 10 };
  for await (const { id } of changedSince({ ...window, onOddity: (what) => void oddities.push(what) })) {
    found.add(id);
  }
  assert.equal(found.size, 97);
  assert.ok(queries.length > 5);
  assert.deepEqual(oddities, []);
});

test('a server that neither sorts nor filters is read to its end, and told of', async () => {
  const pages = async function* (): AsyncGenerator<Bundle> {
    for (const time of ['09:30:00', '09:10:00', '01:00:00', '09:20:00']) {
      yield { resourceType: 'Bundle', type: 'searchset', entry: [match(time, time)] };
    }
  };
  const oddities = new Set<string>();
  const found: string[] = [];
  const window = { criteria: CRITERIA, type: 'DocumentReference', from: new Date(at('08:00:00')), windowSize: 1 };
  const client = fakeClient(new Map(), { pages });
  let read = 0;
  for await (const { id } of changedSince({
    ...window,
    windowSize: 2,
    client,
    onOddity: (what) => void oddities.add(what),
  })) {
    found.push(id);
    read += 1;
    assert.ok(read < 20);
  }
  assert.equal(new Set(found).size, 4);
  assert.deepEqual([...oddities].sort(), ['unfiltered', 'unsorted']);
});

test('sweeps run one at a time, many requests are one, and a request during a sweep is one more afterwards', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const pages = async function* (): AsyncGenerator<Bundle> {
    running += 1;
    runs += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 10));
    running -= 1;
    yield { resourceType: 'Bundle', type: 'searchset' };
  };
  const held = new Set<string>();
  const swept: string[] = [];
  const sweeps = startSweeps({
    sites: new Map([['general', { config: siteConfig(), client: fakeClient(new Map(), { pages }) }]]),
    cursors: memoryCursors({ [MARK]: at('08:00:00') }),
    admit: async () => ({ orders: 0, told: 0 }),
    leases: freeLeases(held),
    log: silentLog,
    onSwept: ({ site }) => void swept.push(site),
    gap: 5,
  });
  await until(() => running === 1);
  for (let request = 0; request < 10; request += 1) {
    sweeps.request('general');
  }
  await until(() => swept.length === 2);
  assert.deepEqual([runs, most], [2, 1]);
  held.add('sweep:general');
  sweeps.request('general');
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(runs, 2, 'another process sweeps');
  held.clear();
  await until(() => swept.length === 3);
  await sweeps.stop();
  sweeps.request('general');
  sweeps.request('unknown');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(runs, 3);
});
