import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { z } from 'zod';
import * as schemas from '../../src/operations/api-schemas.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { forgetNotifications, openNotifications } from '../../src/orders/store/notifications.ts';
import type { NotificationStore } from '../../src/orders/types.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { toyVendor } from '../support/toy-vendor.ts';
import { type ApiRig, apiRig, assertProblem, MARKER } from './api-rig.ts';

onEveryDatabase('the sources of orders', ({ open }) => {
  let it: ApiRig;
  let database: Database;
  let store: NotificationStore;

  beforeEach(async () => {
    database = await open();
    it = await apiRig(database, toyVendor([]));
    store = openNotifications(database, () => it.clock.now());
  });
  afterEach(() => it.close());

  const arrive = async (dedupe: string, body = `{"a":"${MARKER}"}`, site = 'site') => {
    await store.insert([
      {
        site,
        receivedAt: it.clock.now(),
        method: 'POST',
        path: '/Odd/1',
        headers: { 'content-type': 'text/html' },
        body: Buffer.from(body),
        dedupe,
      },
    ]);
  };
  const setAside = async (dedupe: string, body?: string, site?: string): Promise<string> => {
    await arrive(dedupe, body, site);
    const [taken] = await store.take(1, 30);
    assert.ok(taken);
    await store.setAside(taken.id, 'The body is not a FHIR resource');
    return taken.id;
  };
  const list = async (query = '') =>
    schemas.notificationsPage.parse((await it.get(`/api/notifications?${query}`)).json);
  const sites = async () => schemas.sitesPage.parse((await it.get('/api/sites')).json).sites;

  test('what was set aside is listed, newest first, a page at a time, and its body is not', async () => {
    const ids = [await setAside('1'), await setAside('2', '', 'quiet'), await setAside('3')];
    await arrive('4');
    const { notifications } = await list();
    assert.deepEqual(
      notifications.map(({ id }) => id),
      ids.toReversed(),
    );
    const [, , oldest] = notifications;
    assert.deepEqual(oldest, {
      id: ids[0],
      site: 'site',
      receivedAt: it.clock.now().toISOString(),
      method: 'POST',
      path: '/Odd/1',
      why: 'The body is not a FHIR resource',
      size: MARKER.length + 8,
    });
    assert.equal((await list('site=quiet&state=aside')).notifications.length, 1);
    const first = await list('limit=2');
    assert.deepEqual([first.notifications.length, first.before], [2, ids[1]]);
    const second = await list(`limit=2&before=${first.before}`);
    assert.deepEqual([second.notifications.map(({ id }) => id), second.before], [[ids[0]], undefined]);
    for (const query of ['state=done', 'before=x', 'before=1%00', 'limit=0', 'site=A', 'colour=red']) {
      assertProblem(await it.get(`/api/notifications?${query}`), 400, 'invalid');
    }
    assert.ok(!it.said().includes(MARKER));
  });

  test('its body is for operators, as bytes that no browser takes for a page, and who looked is logged', async () => {
    const id = await setAside('1', `<script>${MARKER}</script>`);
    const before = it.said().length;
    for (const who of ['viewer', 'approver'] as const) {
      assertProblem(await it.get(`/api/notifications/${id}/body`, who), 403);
    }
    assertProblem(await it.ask(`/api/notifications/${id}/body`), 401);
    assert.ok(!it.said().includes(MARKER));
    const answer = await it.get(`/api/notifications/${id}/body`, 'operator');
    assert.equal(answer.text, `<script>${MARKER}</script>`);
    assert.match(answer.type, /^application\/octet-stream/);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.match(answer.headers.get('content-disposition') ?? '', /^attachment/);
    const logged = it.said().slice(before);
    assert.match(logged, /"notification":"\d+"/);
    assert.match(logged, /"user":"otto"[^\n]*body of a notification shown/);
  });

  test('it is read again once a person asks, even beside an equal one that waits', async () => {
    const id = await setAside('same');
    await arrive('same');
    for (const who of ['viewer', 'approver'] as const) {
      assertProblem(await it.post(`/api/notifications/${id}/retry`, who), 403);
    }
    let rung = 0;
    const stop = store.onWaiting(() => {
      rung += 1;
    });
    const answer = await it.post(`/api/notifications/${id}/retry`, 'operator');
    assert.deepEqual([answer.status, schemas.askedAside.parse(answer.json)], [202, { id, asked: 'retry' }]);
    assert.deepEqual((await list()).notifications, []);
    const taken = await store.take(5, 30);
    assert.ok(taken.some((one) => one.id === id));
    assert.equal(taken.length, 2);
    stop();
    assert.ok(rung > 0);
    assertProblem(await it.post(`/api/notifications/${id}/retry`, 'operator'), 404, 'not-found');
  });

  test('it is forgotten once a person says so, with the others', async () => {
    const id = await setAside('1');
    await forgetNotifications(database, new Date(it.clock.now().getTime() + 86_400_000));
    assert.equal((await list()).notifications.length, 1, 'nobody has seen it yet');
    assertProblem(await it.post(`/api/notifications/${id}/dismiss`, 'viewer'), 403);
    assert.equal((await it.post(`/api/notifications/${id}/dismiss`, 'operator')).status, 202);
    assert.deepEqual((await list()).notifications, []);
    for (const action of ['retry', 'dismiss']) {
      assertProblem(await it.post(`/api/notifications/${id}/${action}`, 'operator'), 404);
    }
    assertProblem(await it.get(`/api/notifications/${id}/body`, 'operator'), 404);
    assert.match(it.said(), /"user":"otto"[^\n]*notification: dismiss/);
    await forgetNotifications(database, new Date(it.clock.now().getTime() + 86_400_000));
    assert.deepEqual(await database.query('select 1 from notifications'), []);
  });

  test('an id that is none is not found, and other methods are refused', async () => {
    for (const id of ['0', '999999999999999999', '9999999999999999999', 'x', '%00', '1%2F2']) {
      assertProblem(await it.get(`/api/notifications/${id}/body`, 'operator'), 404);
      assertProblem(await it.post(`/api/notifications/${id}/retry`, 'operator'), 404);
    }
    assertProblem(await it.post('/api/notifications', 'operator'), 405);
    assertProblem(await it.get('/api/notifications/1/dismiss', 'operator'), 405);
    assertProblem(await it.ask('/api/sites'), 401);
    assertProblem(await it.ask('/api/notifications'), 401);
  });

  test('a site of which nothing is known yet says so', async () => {
    assert.deepEqual(
      await sites(),
      ['site', 'quiet'].map((name) => ({
        name,
        push: { state: 'unknown', last: null, missed: null },
        sweep: null,
        subscriptions: null,
        waiting: 0,
        aside: 0,
      })),
    );
  });

  test('each site’s last push, last sweep, Subscriptions and backlog are told', async () => {
    const cursors = openCursors(database);
    const at = '2026-11-22T09:00:00.000Z';
    await cursors.set(
      'site',
      'push',
      JSON.stringify({ state: 'silent', arrived: at, missed: '2026-11-22T09:30:00.000Z' }),
    );
    await cursors.set(
      'site',
      'swept',
      JSON.stringify({ at, seen: 9, orders: 2, told: 1, reread: 0, problem: 'ehr-busy' }),
    );
    const subscription = { criteria: 'ServiceRequest?', id: '7', status: 'active', state: 'kept' };
    await cursors.set('site', 'registered', JSON.stringify({ at, manner: 'hapi', subscriptions: [subscription] }));
    await setAside('1');
    await arrive('2');
    const [site, quiet] = await sites();
    assert.deepEqual(site, {
      name: 'site',
      push: { state: 'silent', last: it.clock.now().toISOString(), missed: '2026-11-22T09:30:00.000Z' },
      sweep: { at, orders: 2, told: 1, problem: 'ehr-busy', advice: null, pausedUntil: null },
      subscriptions: { at, manner: 'hapi', problem: null, subscriptions: [{ ...subscription, problem: null }] },
      waiting: 1,
      aside: 1,
    });
    assert.deepEqual([quiet?.waiting, quiet?.sweep], [0, null]);
    await cursors.set('quiet', 'push', JSON.stringify({ state: 'works', arrived: at }));
    assert.deepEqual((await sites())[1]?.push, { state: 'works', last: at, missed: null }, 'when it was, long ago');
    await cursors.set('quiet', 'push', '');
    await arrive('3', '{}', 'quiet');
    assert.equal((await sites())[1]?.push.last, it.clock.now().toISOString(), 'as the notification itself says');
  });

  test('what another release has written and nobody can read is left out', async () => {
    const cursors = openCursors(database);
    for (const odd of ['', '{', '[]', 'null', '{"at":7}', '{"at":"2026-11-22T09:00:00.000Z","subscriptions":[{}]}']) {
      for (const name of ['push', 'swept', 'registered']) {
        await cursors.set('site', name, odd);
      }
      z.array(schemas.siteSources).parse(await sites());
    }
  });
});
