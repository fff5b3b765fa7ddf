import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import express from 'express';
import { AdapterError } from '../../src/errors.ts';
import { openLog } from '../../src/log.ts';
import { openCallbackTokens } from '../../src/orders/callback-token.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { callbackRouter, callbackUrls } from '../../src/subscriptions/callbacks.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { serve } from '../support/serve.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';

const KEY = 'the-signing-key-of-a-test';

interface Scene {
  rig: Rig;
  database: Database;
  /** What the vendor was told, a look each. */
  urls: string[];
  outcomes: string[];
  logged(): string;
  /** A callback to the URL that the vendor was told last, or another path. */
  call(init?: RequestInit, path?: string): Promise<{ status: number; text: string; headers: Headers }>;
}

onEveryDatabase('callbacks', ({ open }) => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) {
      await close();
    }
  });

  /** An order of which the vendor says each time that it is not ready, and to be looked at in an hour. */
  async function scene(callback?: Vendor['callback'], patience?: number): Promise<Scene> {
    const database = await open();
    const urls: string[] = [];
    const { vendor: toy } = toyVendor(
      Array.from({ length: 50 }, () => (state) => ({ next: { ...state, at: state.at + 1 }, after: 3600 })),
    );
    const vendor: Vendor = {
      ...toy,
      advance(state, context) {
        urls.push(context.callbackUrl ?? 'none');
        return toy.advance(state, context);
      },
      ...(callback && { callback }),
    };
    const rig = await engineRig({ database, vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    const now = (): Date => rig.clock.now();
    const tokens = openCallbackTokens([KEY], now);
    const outcomes: string[] = [];
    const lines: string[] = [];
    const log = openLog('trace', { write: (line) => lines.push(line) });
    const app = express();
    app.use(
      callbackRouter({
        sites: rig.services.sites,
        tokens,
        database,
        log,
        now,
        ...(patience !== undefined && { patience }),
        onCallback: (site, of, outcome) => outcomes.push(`${site} ${of} ${outcome}`),
      }),
    );
    const server = await serve(app);
    closing.push(
      () => database.close(),
      () => rig.stop(),
      () => server.close(),
    );
    rig.services.callbackUrl = callbackUrls(server.url, tokens);
    await rig.start();
    await rig.admit('1');
    await sleeps(rig);
    return {
      rig,
      database,
      urls,
      outcomes,
      logged: () => lines.join('\n'),
      async call(init, path) {
        const response = await fetch(path === undefined ? (urls.at(-1) ?? '') : `${server.url}${path}`, {
          method: 'POST',
          ...init,
        });
        return { status: response.status, text: await response.text(), headers: response.headers };
      },
    };
  }

  /** The order waits at the vendor's, in the time that stands. */
  const sleeps = (rig: Rig) =>
    rig.settle('1', (order) => order.status === 'working' && (order.nextAt ?? 0) > rig.clock.now(), { jump: false });
  const looksAre = (it: Scene, count: number) =>
    it.rig.settle('1', (order) => it.urls.length === count && (order.nextAt ?? 0) > it.rig.clock.now(), {
      jump: false,
    });
  const callbackEvents = async ({ rig }: Scene) =>
    (await rig.events('1')).filter((event) => event === 'callback').length;

  test('has the order looked at now, long before its time', async () => {
    const it = await scene();
    assert.match(it.urls[0] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callbacks\/site\/toy\/[\w.-]+$/);
    it.rig.clock.advance(10);
    const answer = await it.call({ body: '{"report_status":"ready"}' });
    assert.deepEqual([answer.status, answer.text], [200, 'Received.']);
    await looksAre(it, 2);
    assert.deepEqual(it.outcomes, ['site toy woken']);
    assert.equal(await callbackEvents(it), 1);
  });

  test('many in a row are one look at once and one two seconds later, and one line of the timeline', async () => {
    const it = await scene();
    it.rig.clock.advance(10);
    await it.call();
    await looksAre(it, 2);
    const answers = await Promise.all(Array.from({ length: 20 }, () => it.call()));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const { nextAt } = await it.rig.order('1');
    assert.equal((nextAt?.getTime() ?? 0) - it.rig.clock.now().getTime(), 2000);
    assert.equal(it.outcomes.filter((outcome) => outcome.endsWith('woken')).length, 2);
    it.rig.clock.advance(2);
    await looksAre(it, 3);
    assert.equal(await callbackEvents(it), 1);
  });

  test('anything may stand in the body, or nothing', async () => {
    const bodies: unknown[] = [];
    const it = await scene((body) => {
      bodies.push(body);
      return true;
    });
    const sent = ['{"a":1}', 'a=1', '', '\u0000', '"x"', '[', new Uint8Array([0xff, 0xfe])];
    for (const body of sent) {
      assert.equal((await it.call({ body })).status, 200);
    }
    assert.deepEqual(bodies, [{ a: 1 }, 'a=1', undefined, '\u0000', 'x', '[', '\ufffd\ufffd']);
  });

  test('that is of another job changes nothing', async () => {
    const it = await scene((body, state) => {
      assert.deepEqual(state, { at: 1, heard: [] });
      return body !== 'other';
    });
    it.rig.clock.advance(10);
    const before = await it.rig.order('1');
    assert.equal((await it.call({ body: 'other' })).status, 200);
    assert.deepEqual(await it.rig.order('1'), before);
    assert.deepEqual(it.outcomes, ['site toy other-job']);
  });

  test('on which the vendor’s folder stumbles is a hint like any other', async () => {
    const it = await scene(() => {
      throw new Error('no such key');
    });
    it.rig.clock.advance(10);
    assert.equal((await it.call()).status, 200);
    await looksAre(it, 2);
  });

  test('with a token that is not of us, of another place, or expired finds nothing, and all read alike', async () => {
    const it = await scene();
    it.rig.clock.advance(10);
    const before = await it.rig.order('1');
    const { pathname } = new URL(it.urls[0] ?? '');
    const token = pathname.split('/').at(-1) ?? '';
    const stranger = openCallbackTokens([KEY], () => it.rig.clock.now()).sign({
      site: 'site',
      vendor: 'toy',
      publicId: 'nobody',
      run: 1,
    });
    const paths = [
      `${pathname.slice(0, -1)}${pathname.endsWith('A') ? 'B' : 'A'}`,
      `/callbacks/other/toy/${token}`,
      `/callbacks/site/other/${token}`,
      `/callbacks/site/toy/${stranger}`,
      '/callbacks/site/toy/x',
      '/callbacks/site/toy',
      '/callbacks',
      '/callbacks/%zz/toy/x',
      `${pathname}/more`,
    ];
    const answers = await Promise.all(
      paths.map((path) => it.call({ body: 'x'.repeat(path.endsWith(stranger) ? 10 : 70_000) }, path)),
    );
    assert.equal((await it.rig.order('1')).nextAt?.getTime(), before.nextAt?.getTime());
    // By then its own time to be looked at has come, too.
    it.rig.clock.advance(8 * 86_400);
    answers.push(await it.call({}, pathname));
    assert.deepEqual(
      new Set(answers.map(({ status, text }) => `${status} ${text}`)),
      new Set(['404 There is nothing at this address.']),
    );
    assert.deepEqual(new Set(it.outcomes), new Set(['unknown unknown refused', 'site toy refused']));
  });

  test('that is late changes nothing: of an earlier run, or of an order that has ended', async () => {
    const it = await scene();
    it.rig.clock.advance(10);
    await it.database.query('update orders set run = 2');
    assert.equal((await it.call()).status, 200);
    await it.database.query("update orders set run = 1, status = 'completed', leg = 'ended', next_at = null");
    const before = await it.rig.order('1');
    assert.equal((await it.call()).status, 200);
    assert.deepEqual(await it.rig.order('1'), before);
    assert.deepEqual(it.outcomes, ['site toy nothing', 'site toy nothing']);
    assert.equal(it.urls.length, 1);
  });

  test('comes by POST and is small', async () => {
    const it = await scene();
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await it.call({ method });
      assert.deepEqual([status, headers.get('allow')], [405, 'POST']);
      assert.equal((await it.call({ method }, '/callbacks/site/toy/forged')).status, 405);
    }
    assert.equal((await it.call({ body: 'x'.repeat(65_537) })).status, 413);
    assert.equal((await it.call({ body: 'x'.repeat(65_536) })).status, 200);
  });

  test('without a database is asked for again', async () => {
    const it = await scene(undefined, 50);
    const { query } = it.database;
    it.database.query = () => Promise.reject(new AdapterError('database-unavailable', 'away'));
    const gone = await it.call();
    assert.deepEqual([gone.status, gone.headers.get('retry-after')], [503, '5']);
    it.database.query = () => new Promise(() => {});
    assert.equal((await it.call()).status, 503);
    it.database.query = query;
    // A busy machine may take longer than this short patience.
    await until('it is taken again', async () => (await it.call()).status === 200);
    assert.deepEqual(it.outcomes.slice(0, 2), ['site toy not-taken', 'site toy not-taken']);
  });

  test('leaves neither its token nor its body in the log', async () => {
    const it = await scene();
    it.rig.clock.advance(10);
    await it.call({ body: '{"name":"Mustermann"}' });
    await it.call({ body: '{"name":"Mustermann"}' }, `/callbacks/site/toy/forged-token`);
    assert.match(it.logged(), /callback/);
    assert.doesNotMatch(it.logged(), /Mustermann|forged-token/);
    assert.equal(it.logged().includes(it.urls[0]?.split('/').at(-1) ?? ''), false);
  });
});

test('there are no callback URLs without a public URL or without a key', () => {
  const tokens = openCallbackTokens([KEY], () => new Date());
  assert.equal(callbackUrls(undefined, tokens), undefined);
  assert.equal(callbackUrls('https://adapter.example', undefined), undefined);
});
