import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Database } from '../../src/orders/store/database.ts';
import {
  countNotifications,
  forgetNotifications,
  openNotifications,
  takeBackNotifications,
} from '../../src/orders/store/notifications.ts';
import type { IncomingNotification, NotificationStore } from '../../src/orders/types.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

onEveryDatabase('stored notifications', ({ open, again }) => {
  let database: Database;
  let other: Database;
  let store: NotificationStore;
  const clock = fakeClock();

  before(async () => {
    database = await open();
    other = again ? await again() : database;
    store = openNotifications(database, () => clock.now());
  });
  beforeEach(() => database.query('delete from notifications'));
  after(async () => {
    if (other !== database) {
      await other.close();
    }
    await database.close();
  });

  const incoming = (dedupe: string, body = new Uint8Array([123])): IncomingNotification => ({
    site: 'site',
    receivedAt: clock.now(),
    method: 'PUT',
    path: '/DocumentReference/1',
    headers: { 'content-type': 'application/fhir+json', odd: 'a\u0000b' },
    body,
    dedupe,
  });

  test('come back as they came, whatever bytes they are made of', async () => {
    const large = Uint8Array.from({ length: 1_048_576 }, (_, index) => (index * 7) % 256);
    const bodies = [new Uint8Array(), new Uint8Array([0x00, 0xff, 0x00, 0x5c, 0x27]), large];
    await store.insert(bodies.map((body, index) => incoming(String(index), body)));
    const taken = await store.take(10, 30);
    assert.equal(taken.length, bodies.length);
    for (const [index, row] of taken.entries()) {
      assert.ok(Buffer.from(row.body).equals(Buffer.from(bodies[index] ?? [])), `body ${index} changed`);
      assert.equal(row.headers.odd, 'a\u0000b');
      assert.deepEqual(row.receivedAt, clock.now());
      assert.equal(row.attempts, 1);
    }
  });

  test('equal ones are kept once while nobody has looked at the first, and again from then on', async () => {
    await store.insert([incoming('same'), incoming('same'), incoming('other')]);
    await store.insert([incoming('same'), { ...incoming('same'), site: 'another' }]);
    assert.deepEqual(await countNotifications(database), { waiting: 3 });
    const taken = await store.take(10, 30);
    await store.insert([incoming('same'), incoming('same')]);
    assert.equal((await countNotifications(database)).waiting, 4, 'what is in hand may have been read too early');
    for (const { id } of taken) {
      await store.done(id, 'hints');
    }
    await store.insert([incoming('same')]);
    assert.deepEqual(await countNotifications(database), { done: 3, waiting: 1 }, 'the second one still waits');
  });

  test('are given to one process at a time, oldest first, and again when its lease has ended', async () => {
    for (const name of ['a', 'b', 'c']) {
      await store.insert([incoming(name)]);
      clock.advance(1);
    }
    const theirs = openNotifications(other, () => clock.now());
    const rounds = await Promise.all([store.take(2, 30), theirs.take(2, 30)]);
    const ids = rounds.flat().map(({ dedupe }) => dedupe);
    assert.deepEqual([...ids].sort(), ['a', 'b', 'c']);
    assert.deepEqual(await store.take(10, 30), []);
    clock.advance(31);
    const late = await store.take(10, 30);
    assert.deepEqual(late.map(({ dedupe, attempts }) => `${dedupe}${attempts}`).sort(), ['a2', 'b2', 'c2']);
  });

  test('postponed ones wait as long as said, set-aside ones for a person', async () => {
    await store.insert([incoming('a'), incoming('b')]);
    const [first, second] = await store.take(10, 30);
    await store.postpone(first?.id ?? '', 120, 'ehr-unreachable');
    await store.setAside(second?.id ?? '', 'not understood');
    clock.advance(119);
    assert.deepEqual(await store.take(10, 30), []);
    clock.advance(2);
    assert.equal((await store.take(10, 30)).length, 1);
    assert.deepEqual(await countNotifications(database), { aside: 1, waiting: 1 });
    await store.done(first?.id ?? '', 'hints');
    await forgetNotifications(database, new Date(clock.now().getTime() + 1));
    assert.deepEqual(await countNotifications(database), { aside: 1 });
  });

  test('in hand of a process that died are taken back at the next start', async () => {
    await store.insert([incoming('a')]);
    await store.take(10, 3600);
    assert.deepEqual(await store.take(10, 30), []);
    await takeBackNotifications(database, clock.now());
    assert.equal((await store.take(10, 30)).length, 1);
  });

  test('ring a bell that another process hears, and none where nothing was stored', async () => {
    let rung = 0;
    const stop = openNotifications(other, () => clock.now()).onWaiting(() => rung++);
    await store.insert([incoming('a'), incoming('b')]);
    await until('the bell', () => rung > 0);
    assert.equal(rung, 1);
    await store.insert([incoming('a')]);
    await store.insert([incoming('c')]);
    await until('the next bell', () => rung > 1);
    assert.equal(rung, 2, 'a repeat rang');
    stop();
  });

  test('are stored all or none', async () => {
    const broken: IncomingNotification = { ...incoming('broken'), path: 'a\u0000b' };
    await assert.rejects(store.insert([incoming('a'), broken]));
    assert.deepEqual(await countNotifications(database), {});
  });
});
