import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import type { Order } from '../../src/orders/order.ts';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import { claimOrders, nextDue } from '../../src/orders/store/claim-orders.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { openMemory } from '../../src/orders/store/memory.ts';
import { putParts, readInput, readSnapshot, saveReading } from '../../src/orders/store/order-data.ts';
import { releaseLeases, renewLeases } from '../../src/orders/store/renew-leases.ts';
import { saveStep } from '../../src/orders/store/save-step.ts';
import { requestCancel, tellOrder } from '../../src/orders/store/tell-order.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { noteReading } from '../support/memory-ehr.ts';
import { until } from '../support/until.ts';

onEveryDatabase('the store', ({ open, again }) => {
  let database: Database;
  /** A second process's connection; where there can be none, the same. */
  let other: Database;
  const clock = fakeClock();
  let last = 0;

  before(async () => {
    database = await open();
    other = again ? await again() : database;
  });
  after(async () => {
    if (other !== database) {
      await other.close();
    }
    await database.close();
  });

  /** Makes nothing but this order due. */
  async function admit(): Promise<string> {
    await database.query('update orders set next_at = null');
    last++;
    const baseKey = `site/DocumentReference/${last}/route`;
    const about = { generation: 1, site: 'site', route: 'route', vendor: 'toy', resourceType: 'DocumentReference' };
    const seen = { resourceId: String(last), seenVersion: '1', seenUpdated: null, events: [{ event: 'admitted' }] };
    await admitOrder(database, { baseKey, ...about, ...seen }, clock.now());
    return baseKey;
  }
  const claim = (by: Database, limit = 10): Promise<Order[]> => {
    const now = clock.now();
    return claimOrders(by, { process: 'p', limit, now, leaseUntil: new Date(now.getTime() + 8000) });
  };
  const claimOne = async (by: Database): Promise<Order> => (await claim(by))[0] ?? assert.fail('nothing was due');
  const latest = async (key: string): Promise<Order> =>
    (await latestGeneration(database, key)) ?? assert.fail('no such order');
  const isLeaseLost = (error: unknown): boolean => error instanceof AdapterError && error.code === 'lease-lost';

  test('two processes that claim at once never get the same order', async () => {
    await database.query('update orders set next_at = null');
    const due = 30;
    for (let index = 0; index < due; index++) {
      const key = await admit();
      await database.query('update orders set next_at = null where base_key = $1', [key]);
    }
    await database.query('update orders set next_at = $1, lease_until = null', [clock.now()]);
    const rounds = Array.from({ length: 20 }, (_, index) => claim(index % 2 === 0 ? database : other, 4));
    const claimed = (await Promise.all(rounds)).flat().map(({ id }) => id);
    assert.equal(new Set(claimed).size, claimed.length);
    assert.ok(claimed.length >= due);
  });

  test('an order in hand is taken over only once its lease has ended', async () => {
    const key = await admit();
    const first = await claimOne(database);
    assert.deepEqual(await claim(other), []);
    assert.equal((await nextDue(database))?.getTime(), clock.now().getTime() + 8000);
    clock.advance(7.9);
    assert.deepEqual(await claim(other), []);
    clock.advance(0.2);
    const second = await claimOne(other);
    assert.equal(second.key, key);
    assert.equal(Number(second.fence), Number(first.fence) + 1);
  });

  test('a renewed lease lasts, one that was lost cannot be renewed or handed back', async () => {
    await admit();
    const first = await claimOne(database);
    clock.advance(7);
    const until = new Date(clock.now().getTime() + 8000);
    assert.deepEqual(await renewLeases(database, [first], until), new Set([first.id]));
    clock.advance(7);
    assert.deepEqual(await claim(other), []);
    clock.advance(2);
    const second = await claimOne(other);
    assert.deepEqual(await renewLeases(database, [first], until), new Set());
    await releaseLeases(database, [first]);
    assert.deepEqual(await claim(database), [], 'the old holder gave away what is another’s');
    await releaseLeases(other, [second]);
    assert.equal((await claim(database)).length, 1);
  });

  test('a process that lost its lease writes nothing at all', async () => {
    const key = await admit();
    const first = await claimOne(database);
    clock.advance(9);
    await claimOne(other);
    const events = [{ event: 'done-by-the-dead' }];
    const also = (sql: Parameters<typeof putParts>[0]) => putParts(sql, first.id, 1, [{ name: 'late', data: 1 }]);
    const order: Order = { ...first, status: 'failed' };
    await assert.rejects(saveStep(database, { order, now: clock.now(), events, also }), isLeaseLost);
    assert.equal((await latest(key)).status, 'received');
    assert.deepEqual(
      (await readTimeline(database, first.id)).map(({ event }) => event),
      ['admitted'],
    );
    assert.deepEqual(await database.query('select 1 from parts where order_id = $1', [first.id]), []);
  });

  test('what others say while a step runs is neither lost nor slept through', async () => {
    await admit();
    const order = await claimOne(database);
    await tellOrder(other, order.id, { source: 'notification', version: '2' }, clock.now());
    await requestCancel(other, order.id, { by: 'night', text: 'Wrong.' }, clock.now());
    const asleep: Order = { ...order, nextAt: null };
    const saved = await saveStep(database, { order: asleep, now: clock.now(), release: true });
    assert.equal(saved.news?.version, '2');
    assert.equal((await claimOne(database)).cancel?.by, 'night');
  });

  test('a step whose rows cannot be stored is not stored by half', async () => {
    const key = await admit();
    const order = await claimOne(database);
    const also = () => Promise.reject(new AdapterError('unexpected', 'a row is refused'));
    await assert.rejects(saveStep(database, { order: { ...order, status: 'failed' }, now: clock.now(), also }));
    assert.equal((await latest(key)).status, 'received');
  });

  test('NUL characters, lone surrogates and every byte survive storing', async () => {
    const key = await admit();
    const order = await claimOne(database);
    const odd = { text: 'a\u0000b', half: '\ud800', emoji: '👩‍⚕️', nested: [null, { '\u0000': 1 }] };
    const reading = noteReading('1', 'x');
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
    const inputs = reading.inputs.map((input) => ({ ...input, bytes }));
    const about = reading.inputs.map(({ bytes: _, ...rest }) => rest);
    const snapshot = { focus: reading.focus, subject: 'a\u0000b', inputs: about, pseudonym: 'p' };
    await saveStep(database, {
      order: { ...order, state: odd },
      now: clock.now(),
      also: async (sql) => {
        await saveReading(sql, order.id, snapshot, inputs);
        await putParts(sql, order.id, 1, [{ name: 'part', data: odd }]);
      },
    });
    assert.deepEqual((await latest(key)).state, odd);
    assert.deepEqual(new Uint8Array((await readInput(database, order.id, 'note')) ?? []), bytes);
    assert.equal((await readSnapshot(database, order.id))?.subject, 'a\u0000b');
    const [part] = await database.query<{ data: unknown }>('select data from parts where order_id = $1', [order.id]);
    assert.deepEqual(part?.data, odd);
  });

  test('a bell is heard in every process, and only once it counts', async () => {
    const heard: string[] = [];
    const deafen = other.listen((bell) => heard.push(bell));
    await assert.rejects(
      database.tx(async (sql) => {
        await sql.query("select pg_notify('fhir_ai_adapter_' || current_schema(), 'never')");
        throw new Error('rolled back');
      }),
    );
    await admit();
    await until('the bell', () => heard.includes('orders'));
    assert.ok(!heard.includes('never'));
    deafen();
  });

  test('a lease has one holder at a time, over processes and within one', async () => {
    const mine = openLeases(database, 'one', () => clock.now());
    const theirs = openLeases(other, 'two', () => clock.now());
    const gate = Promise.withResolvers<string>();
    const begun = Promise.withResolvers<void>();
    const working = mine.withLease('sweep', 60, () => {
      begun.resolve();
      return gate.promise;
    });
    await begun.promise;
    assert.equal(await theirs.withLease('sweep', 60, async () => 'too'), undefined);
    assert.equal(await mine.withLease('sweep', 60, async () => 'too'), undefined);
    assert.equal(await theirs.withLease('registrar', 60, async () => 'another'), 'another');
    clock.advance(61);
    assert.equal(await theirs.withLease('sweep', 60, async () => 'took over'), 'took over');
    gate.resolve('done');
    assert.equal(await working, 'done');
    await assert.rejects(
      mine.withLease('sweep', 60, () => Promise.reject(new Error('failed'))),
      /failed/,
    );
    assert.equal(await theirs.withLease('sweep', 60, async () => 'free again'), 'free again');
  });

  test('a remembered value is made once for all who ask at once, and again when its time is over', async () => {
    let made = 0;
    const remember = (by: Database, holder: string) =>
      openMemory(
        by,
        openLeases(by, holder, () => clock.now()),
        { site: 'site', owner: 'toy' },
        () => clock.now(),
      );
    const [one, two] = [remember(database, 'm1'), remember(other, 'm2')];
    const make = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { value: { token: ++made }, seconds: 60 };
    };
    const asked = [one, two, one, two, one].map((memory) => memory.get('token', make));
    assert.deepEqual(new Set((await Promise.all(asked)).map(({ token }) => token)), new Set([1]));
    clock.advance(61);
    assert.deepEqual(await two.get('token', make), { token: 2 });
    await one.forget('token');
    assert.deepEqual(await two.get('token', make), { token: 3 });
    await assert.rejects(
      one.get('broken', () => Promise.reject(new Error('no token'))),
      /no token/,
    );
    assert.equal(await one.get('broken', async () => ({ value: 'mended' })), 'mended');
  });

  test('a cursor keeps its last value, or its first where that is asked for', async () => {
    const cursors = openCursors(database);
    assert.equal(await cursors.get('a', 'since'), undefined);
    assert.equal(await cursors.set('a', 'since', '1', true), '1');
    assert.equal(await cursors.set('a', 'since', '2', true), '1');
    assert.equal(await cursors.set('a', 'since', '3'), '3');
    assert.equal(await openCursors(other).get('a', 'since'), '3');
    assert.equal(await cursors.get('b', 'since'), undefined);
  });
});
