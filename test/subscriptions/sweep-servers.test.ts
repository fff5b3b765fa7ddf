/** Sweeps against servers as they are, over HTTP: pages, refusals, oddities, limits. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DocumentReference } from '@medplum/fhirtypes';
import { type Log, type LogFields, silentLog } from '../../src/log.ts';
import type { News } from '../../src/orders/types.ts';
import { sweepSite } from '../../src/subscriptions/sweep.ts';
import { newHabits } from '../../src/subscriptions/sweep-habits.ts';
import { memoryCursors, note, siteConfig } from './doubles.ts';
import { type Answer, type Asked, searchset, serveSearches, since } from './sweep-server.ts';

const CRITERIA = 'DocumentReference?type=http://loinc.org|11506-3';
const MARK = `sweep:${CRITERIA}`;
const at = (time: string) => `2026-03-01T${time}.000Z`;

function warnings(): { log: Log; said: LogFields[] } {
  const said: LogFields[] = [];
  return { said, log: { ...silentLog, warn: (fields) => void said.push(fields) } };
}

async function rig(t: TestContext, respond: (asked: Asked, base: string) => Answer | undefined) {
  const server = await serveSearches(t, respond);
  const cursors = memoryCursors({ [MARK]: at('08:00:00'), 'route:notes:since': at('07:00:00') });
  const news: News[] = [];
  const { log, said } = warnings();
  const clock = { ms: 0 };
  const options = {
    site: siteConfig(),
    client: server.client,
    cursors,
    log,
    habits: newHabits(),
    elapsed: () => clock.ms,
    admit: async (one: News) => {
      news.push(one);
      return { orders: 1, told: 0 };
    },
  };
  const sweep = (more: Partial<Parameters<typeof sweepSite>[0]> = {}) => sweepSite({ ...options, ...more });
  return { ...server, cursors, news, said, clock, sweep, ids: () => news.map(({ id }) => id) };
}

test('every page is asked for past the server’s cache, without a total, and an empty page is not the last', async (t) => {
  const pages = [[note('a', '1', at('09:00:00'))], [], [note('b', '1', at('09:10:00'))]];
  const { sweep, ids, asked } = await rig(t, ({ words }, base) => {
    const page = Number(words.get('page') ?? 0);
    return searchset(pages[page] ?? [], page < 2 ? { next: `${base}/DocumentReference?page=${page + 1}` } : {});
  });
  const { swept } = await sweep();
  assert.deepEqual(ids(), ['a', 'b']);
  assert.equal(swept[0]?.watermark, at('09:10:00'));
  assert.deepEqual(
    asked.map(({ cacheControl }) => cacheControl),
    ['no-cache', 'no-cache', 'no-cache'],
  );
  assert.equal(asked[0]?.words.get('_lastUpdated'), `ge${at('07:55:00')}`);
  assert.equal(asked[0]?.words.get('_total'), 'none');
});

for (const status of [404, 410, 400]) {
  test(`a page token that expired (${status}) makes the run begin anew, and not for ever`, async (t) => {
    let expires = 1;
    const { sweep, cursors, ids } = await rig(t, ({ words }, base) => {
      if (words.has('page')) {
        expires -= 1;
        return expires >= 0 ? { status } : searchset([note('b', '1', at('09:10:00'))]);
      }
      return searchset([note('a', '1', at('09:00:00'))], { next: `${base}/DocumentReference?page=2` });
    });
    assert.equal((await sweep()).swept[0]?.problem, undefined);
    assert.deepEqual(ids(), ['a', 'a', 'b']);
    assert.equal(cursors.values.get(MARK), at('09:10:00'));
    expires = 99;
    assert.equal((await sweep()).swept[0]?.problem, 'ehr-rejected');
    assert.equal(99 - expires, 3);
    assert.equal(cursors.values.get(MARK), at('09:10:00'));
  });
}

test('a next link of another origin is not followed, and the watermark stays', async (t) => {
  const other = await serveSearches(t, () => searchset([]));
  const { sweep, cursors } = await rig(t, () =>
    searchset([note('a', '1', at('09:00:00'))], { next: `${other.base}/DocumentReference?page=2` }),
  );
  assert.equal((await sweep()).swept[0]?.problem, 'ehr-protocol');
  assert.deepEqual([cursors.values.get(MARK), other.asked.length], [at('08:00:00'), 0]);
});

test('words that a server refuses are left out, and not tried again at the next sweep', async (t) => {
  for (const [refused, wording] of [
    [['_total'], ['_lastUpdated', '_sort', '_count']],
    [
      ['_total', '_sort'],
      ['_lastUpdated', '_count'],
    ],
    [['_total', '_sort', '_lastUpdated'], ['_count']],
  ] as const) {
    const all = [note('late', '1', at('09:10:00')), note('a', '1', at('09:00:00')), note('old', '1', at('01:00:00'))];
    const { sweep, asked, ids, said, cursors } = await rig(t, (one) =>
      refused.some((word) => one.words.has(word)) ? { status: 400 } : searchset(since(all, one)),
    );
    await sweep();
    assert.deepEqual(new Set(ids()), new Set(['a', 'late']), 'what is older than the watermark is not offered again');
    assert.equal(cursors.values.get(MARK), at('09:10:00'));
    const tries = asked.length;
    await sweep();
    assert.equal(asked.length, tries + 1);
    assert.deepEqual(
      [...(asked.at(-1)?.words.keys() ?? [])].filter((word) => word !== 'type'),
      wording,
    );
    assert.ok(said.filter(({ status }) => status === 'unsorted').length <= 1, 'warned of once');
  }
});

test('a server that ignores what it is asked is read to its end, with one loud warning', async (t) => {
  const all = [note('b', '1', at('09:10:00')), note('old', '1', at('01:00:00')), note('a', '1', at('09:00:00'))];
  const { sweep, ids, said } = await rig(t, (_, base) =>
    searchset(all, { self: `${base}/DocumentReference?type=x&_count=200` }),
  );
  await sweep();
  await sweep();
  assert.deepEqual(ids(), ['b', 'a', 'b'], 'what is older than the watermark is not offered again');
  assert.deepEqual(said.map(({ status }) => status).sort(), ['unfiltered', 'unsorted']);
});

test('a self link that shows a word left out is believed before any resource proves it', async (t) => {
  const { sweep, said } = await rig(t, (one, base) =>
    searchset([note('a', '1', at('09:00:00'))], {
      self: `${base}/DocumentReference?_lastUpdated=${one.words.get('_lastUpdated')}`,
    }),
  );
  await sweep();
  assert.deepEqual(
    said.map(({ status }) => status),
    ['unsorted'],
  );
});

test('a list that is longer than the server pages is read in windows, and each window is kept', async (t) => {
  const LIMIT = 10_000;
  const all: DocumentReference[] = Array.from({ length: 12_000 }, (_, index) =>
    note(`n${index}`, '1', new Date(Date.parse(at('08:00:00')) + index * 1000).toISOString()),
  );
  let failsAfter = Number.POSITIVE_INFINITY;
  const { sweep, news, cursors } = await rig(t, (one, base) => {
    const offset = Number(one.words.get('_offset') ?? 0);
    failsAfter -= 1;
    if (offset >= LIMIT || failsAfter < 0) {
      return { status: 400 };
    }
    const next = new URL(`${base}/DocumentReference`);
    next.search = one.words.toString();
    next.searchParams.set('_offset', String(offset + 1000));
    const found = since(all, one);
    return searchset(found.slice(offset, offset + 1000), found.length > offset + 1000 ? { next: next.href } : {});
  });
  failsAfter = 7;
  assert.equal((await sweep()).swept[0]?.problem, 'ehr-rejected');
  assert.equal(cursors.values.get(MARK), all[4999]?.meta?.lastUpdated, 'the first window need not be read again');
  failsAfter = Number.POSITIVE_INFINITY;
  await sweep();
  assert.equal(new Set(news.map(({ id }) => id)).size, all.length);
  assert.equal(cursors.values.get(MARK), all.at(-1)?.meta?.lastUpdated);
});

test('the watermark stays behind by as long as the run took: what came meanwhile may stand on a page already read', async (t) => {
  const { sweep, cursors, clock } = await rig(t, () => {
    clock.ms += 90_500;
    return searchset([note('a', '1', at('09:00:00'))]);
  });
  await sweep();
  assert.equal(cursors.values.get(MARK), at('08:58:30'));
});

test('a server that asks us to wait is asked nothing more, and says for how long', async (t) => {
  for (const [name, value, seconds] of [
    ['retry-after', '120', 120],
    ['ratelimit', '"requests";r=0;t=60, "fhirInteractions";r=49894;t=900', 60],
  ] as const) {
    const { sweep, asked } = await rig(t, () => ({ status: 429, headers: { [name]: value } }));
    const routes = ['11506-3', '34117-2'].map((code) => ({
      ...{ id: `r${code}`, vendor: 'healthsage', on: `DocumentReference?type=http://loinc.org|${code}` },
    }));
    const openOrders = async () => [{ type: 'DocumentReference', id: 'open' }];
    const result = await sweep({ site: siteConfig({}, routes), openOrders });
    assert.deepEqual([result.pause, result.swept.length, asked.length], [seconds, 1, 1]);
  }
});

test('a server that refuses to search over all patients is said in words that tell what to configure', async (t) => {
  for (const status of [400, 403]) {
    const { sweep } = await rig(t, () => ({ status }));
    const { swept } = await sweep();
    assert.match(
      swept[0]?.advice ?? '',
      new RegExp(`refuses to search DocumentReference over all patients \\(${status}\\).*subscriptions\\.roster`),
    );
  }
});

test('open orders are read by id where they may not be searched for, and one that is forbidden hides no other', async (t) => {
  const { sweep, news } = await rig(t, ({ path, words }) => {
    if (words.has('_id') || path.endsWith('/secret')) {
      return { status: 403 };
    }
    const id = path.split('/')[1];
    return id === undefined ? searchset([]) : id === 'gone' ? { status: 410 } : { body: note(id) };
  });
  const openOrders = async () => ['secret', 'open', 'gone'].map((id) => ({ type: 'DocumentReference', id }));
  assert.equal((await sweep({ openOrders })).reread, 2);
  assert.deepEqual(
    news.map(({ id, gone }) => [id, gone]),
    [
      ['open', undefined],
      ['gone', true],
    ],
  );
});

test('thousands of open orders are read in a few searches, each of bearable length', async (t) => {
  const { sweep, asked } = await rig(t, ({ words }) =>
    searchset((words.get('_id') ?? '').split(',').flatMap((id) => (id ? [note(id)] : []))),
  );
  const ids = Array.from({ length: 2000 }, (_, index) => `${index}-0123456789abcdef0123456789abcdef`);
  const result = await sweep({ openOrders: async () => ids.map((id) => ({ type: 'DocumentReference', id })) });
  assert.equal(result.reread, 2000);
  assert.ok(asked.length < 100 && asked.every(({ words }) => words.toString().length < 1800), String(asked.length));
});
