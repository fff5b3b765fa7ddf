/** Lists: pages without a total, orders, filters, JSONPath; a thousand runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import { compilePath } from '../../sandbox/aignostics/json-path.ts';
import { serveAignostics, type Vendor } from './serve-aignostics.ts';

const ids = async (vendor: Vendor, query: string): Promise<string[]> =>
  (await vendor.call('GET', `/v1/runs?${query}`)).json().map(({ run_id }: { run_id: string }) => run_id);

test('a thousand runs are read in ten pages, newest first, each once, fast, without fetching anything again', async (t) => {
  const vendor = await serveAignostics(t, { unreachable: 'item-error', secondsUntilDone: 3600 });
  const created: string[] = [];
  for (let block = 0; block < 20; block++) {
    const some = Array.from({ length: 50 }, (_, index) => {
      const key = `order-${block * 50 + index}`;
      return vendor.create([`s-${key}`], { custom_metadata: { order_key: key } });
    });
    created.push(...(await Promise.all(some)));
    vendor.pass(1);
  }
  const seen: string[] = [];
  const began = performance.now();
  for (let page = 1; page <= 10; page++) {
    seen.push(...(await ids(vendor, `sort=-submitted_at&page_size=100&page=${page}`)));
  }
  const took = performance.now() - began;
  assert.equal(new Set(seen).size, 1000);
  assert.deepEqual([...seen].sort(), [...created].sort());
  const newest = (await vendor.call('GET', '/v1/runs?sort=-submitted_at&page_size=100')).json();
  const times = newest.map(({ submitted_at }: { submitted_at: string }) => submitted_at);
  assert.deepEqual(times, times.toSorted().reverse());
  assert.ok(took < 5000, `${took} ms`);
  assert.deepEqual(await ids(vendor, 'page=11&page_size=100'), []);
  const path = encodeURIComponent('$.order_key ? (@ == "order-777")');
  assert.deepEqual(await ids(vendor, `custom_metadata=${path}&external_id=s-order-777`), [created[777]]);
  assert.equal(vendor.account().endpoints['POST /v1/runs'], 1000);
});

test('runs are found by what they are; what cannot be asked is 422', async (t) => {
  const vendor = await serveAignostics(t);
  const first = await vendor.create(['a']);
  vendor.pass(1);
  const second = await vendor.create(['b'], { custom_metadata: { order_key: 'order-2', flags: ['reviewed'] } });
  const both = [first, second];
  const found: [query: string, runs: string[]][] = [
    ['sort=submitted_at', both],
    ['sort=-submitted_at', both.toReversed()],
    ['sort=%2Bsubmitted_at', both],
    ['sort=+submitted_at', both],
    ['sort=application_id&sort=-submitted_at', both.toReversed()],
    ['sort=termination_reason&sort=submitted_at', both],
    ['external_id=b', [second]],
    ['external_id=c', []],
    ['application_id=he-tme&application_version=1.4.0&submitted_by=me&organization_id=my_org&sort=submitted_at', both],
    ['application_id=test-app', []],
    ['submitted_by=auth0%7Cother', []],
    [`custom_metadata=${encodeURIComponent('$.flags[*] ? (@ == "reviewed")')}`, [second]],
    ['sort=submitted_at&page_size=5&page=2', []],
  ];
  for (const [query, runs] of found) {
    assert.deepEqual(await ids(vendor, query), runs, query);
  }
  assert.deepEqual((await ids(vendor, '')).sort(), both.toSorted(), 'without a sort, in whatever order');
  for (const query of [
    ...['page_size=101', 'page_size=4', 'page=0', 'page=x', 'sort=state'],
    ...[`custom_metadata=${encodeURIComponent('$.k ? (')}`, `custom_metadata=${'x'.repeat(1001)}`],
  ]) {
    const answer = await vendor.call('GET', `/v1/runs?${query}`);
    assert.equal(answer.status, 422, query);
    assert.equal(answer.json().detail[0].loc[0], 'query');
  }
  assert.equal((await vendor.call('GET', '/v1/runs?for_organization=org_other')).status, 404);
});

test('the list of applications spells its page size otherwise', async (t) => {
  const vendor = await serveAignostics(t);
  assert.equal((await vendor.call('GET', '/v1/applications?page-size=4')).status, 422);
  const headers = { Authorization: `Bearer ${AIGNOSTICS_DEFAULTS.accessToken}` };
  const answer = await vendor.get(`${vendor.base}/api/v1/applications?page_size=4`, headers);
  assert.equal(answer.json().length, 2, 'not a parameter here, and not looked at');
});

test('items are found by what they are', async (t) => {
  const vendor = await serveAignostics(t, { unreachable: 'item-error' });
  const body = vendor.creation(['a', 'missing-b', 'c']);
  const items = body.items.map((item, index) => ({ ...item, custom_metadata: { score: index / 2 } }));
  const { run_id: id } = (await vendor.call('POST', '/v1/runs', { ...body, items })).json();
  vendor.pass(6);
  const of = async (query: string) =>
    (await vendor.readItems(id, `?sort=external_id&${query}`)).map(({ external_id }) => external_id);
  const all = await vendor.readItems(id, '?sort=-external_id');
  assert.deepEqual(
    all.map(({ external_id }) => external_id),
    ['missing-b', 'c', 'a'],
  );
  assert.deepEqual(await of('state=TERMINATED'), ['a', 'missing-b']);
  assert.deepEqual(await of('termination_reason=USER_ERROR'), ['missing-b']);
  assert.deepEqual(await of('external_id__in=a&external_id__in=c'), ['a', 'c']);
  assert.deepEqual(await of(`item_id__in=${all[0]?.item_id}`), ['missing-b']);
  assert.deepEqual(await of(`custom_metadata=${encodeURIComponent('$.score ? (@ >= 0.5)')}`), ['c', 'missing-b']);
  assert.equal((await vendor.call('GET', `/v1/runs/${id}/items?state=DONE`)).status, 422);
});

const METADATA = {
  study: 'abc-1',
  priority: 'high',
  confidence_score: 0.97,
  flags: ['new', 'reviewed'],
  metrics: { accuracy: 0.95, recall: 0.7 },
  'odd key': true,
};

for (const [expression, holds] of [
  ['$.study', true],
  ['study', true],
  ['$.none', false],
  ['$.priority ? (@ == "high")', true],
  ['$.priority ? (@ == "low")', false],
  ['$.confidence_score ? (@ > 0.95)', true],
  ['$.flags[*] ? (@ == "reviewed")', true],
  ['$.flags[0] ? (@ == "reviewed")', false],
  ['$.flags ? (@ == "reviewed")', true],
  ['$.metrics ? (@.accuracy > 0.9 && @.recall > 0.8)', false],
  ['$.metrics ? (@.accuracy > 0.9 || @.recall > 0.8)', true],
  ['$.metrics ? (!(@.recall > 0.8))', true],
  ['$.metrics.accuracy ? (@ < 1)', true],
  ['$."odd key" ? (@ == true)', true],
  ['$ ? (exists(@.study) && @.priority != "low")', true],
  ['$.priority ? (@ > 1)', false],
] as const) {
  test(`JSONPath: ${expression} finds ${holds ? 'something' : 'nothing'}`, () => {
    assert.equal(compilePath(expression)?.(METADATA), holds);
  });
}

test('JSONPath: whatever is asked of whatever there is, it answers or says that it cannot read it', () => {
  const words = fc.constantFrom(
    '$',
    '.',
    '@',
    '?',
    '(',
    ')',
    '[',
    ']',
    '*',
    '==',
    '&&',
    '||',
    '!',
    '"a"',
    '1',
    'a',
    'exists',
    ' ',
  );
  const expressions = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 40 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(expressions, fc.jsonValue(), (expression, value) => {
      assert.ok(['boolean', 'undefined'].includes(typeof compilePath(expression)?.(value)));
    }),
    { numRuns: 2000 },
  );
  assert.equal(compilePath(`$ ? ${'('.repeat(10_000)}`), undefined);
});
