/** How an order changes after it has reached us: on hold, revoked, in error, replaced, added to, taken over by a Task. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Resource, ServiceRequest } from '@medplum/fhirtypes';
import { signatureOf } from '../../src/fhir/signature.ts';
import type { OrderReading } from '../../src/fhir/types.ts';
import type { Order, OrderNews } from '../../src/orders/order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { requestRetry, tellOrder } from '../../src/orders/store/tell-order.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { downFor, memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyFindings, toyVendor } from '../support/toy-vendor.ts';

const ON = 'ServiceRequest?status=active&code=http://loinc.org|11506-3';

onEveryDatabase('an order that changes', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  /** What the EHR shows of each order; a test replaces it. */
  let shown: (id: string) => OrderReading | undefined;

  /** An order for coding of one note, as the EHR has it. */
  const ordered = (id: string, more: Partial<ServiceRequest> = {}, documents = ['the note']): OrderReading => {
    const focus: ServiceRequest = {
      resourceType: 'ServiceRequest',
      id,
      status: 'active',
      intent: 'order',
      code: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
      subject: { reference: 'Patient/p1' },
      meta: { versionId: '1', lastUpdated: '2026-11-22T09:00:00Z' },
      ...more,
    };
    const sources = documents.map((text, index) => {
      const resource: Resource = {
        resourceType: 'DocumentReference',
        id: `d${index}`,
        status: 'current',
        content: [{ attachment: { data: text } }],
      };
      return { reference: `DocumentReference/d${index}`, resource };
    });
    return {
      ...noteReading(id, documents.join(' ')),
      focus,
      ordering: focus,
      version: focus.meta?.versionId,
      signature: signatureOf(focus, sources),
    };
  };
  const build = async (toy: Toy, more: Partial<Parameters<typeof engineRig>[0]> = {}): Promise<Rig> => {
    database = await open();
    shown = (id) => ordered(id);
    rig = await engineRig({ database, vendor: toy.vendor, ehr: memoryEhr((id) => shown(id)), on: ON, ...more });
    return rig;
  };
  const tell = async (it: Rig, news: Partial<OrderNews> = {}, id = '1'): Promise<void> =>
    tellOrder(database ?? assert.fail(), (await it.order(id)).id, { source: 'notification', ...news }, it.clock.now());
  const settled = (order: Order): boolean => order.news === null && order.nextAt === null;
  const taskOf = (it: Rig, order: Order) => it.ehr.tasks.get(order.key)?.at(-1);
  const working = toyVendor.bind(undefined, [(state) => ({ next: { ...state, at: 1 }, after: 3600 })]);

  afterEach(async () => {
    await rig?.stop();
    await database?.close();
    rig = undefined;
    database = undefined;
  });

  test('on hold in the EHR pauses: nothing is asked of the vendor until it is active again', async () => {
    const asked: number[] = [];
    const toy = toyVendor([
      (state) => ({ next: { ...state, at: 1 }, after: 60 }),
      (state) => {
        asked.push(state.at);
        return { next: { ...state, at: 2 } };
      },
    ]);
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'working' && order.state !== null, { jump: false });
    shown = (id) => ({ ...ordered(id, { status: 'on-hold' }), paused: 'The order is on hold in the EHR.' });
    await tell(it);
    const paused = await it.settle('1', (order) => order.paused !== null && settled(order));
    assert.deepEqual(
      [paused.status, taskOf(it, paused)?.status, taskOf(it, paused)?.reason],
      ['working', 'on-hold', 'on-hold'],
    );
    it.clock.set(new Date(it.clock.now().getTime() + 86_400_000));
    await tell(it);
    await it.settle('1', settled);
    assert.deepEqual(asked, [], 'a day later, and told again');

    shown = (id) => ordered(id);
    await tell(it);
    const done = await it.settle('1');
    assert.equal(done.status, 'completed');
    assert.deepEqual(asked, [1]);
    assert.deepEqual(
      it.ehr.tasks
        .get(done.key)
        ?.map(({ status }) => status)
        .slice(-3),
      ['on-hold', 'in-progress', 'completed'],
    );
    assert.equal(done.generation, 1);
  });

  test('revoked while on hold is cancelled, at the vendor too', async () => {
    const toy = working({ cancel: true });
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'working' && order.state !== null, { jump: false });
    shown = (id) => ({ ...ordered(id, { status: 'on-hold' }), paused: 'The order is on hold in the EHR.' });
    await tell(it);
    await it.settle('1', (order) => order.paused !== null && settled(order));
    shown = (id) => ({
      ...ordered(id, { status: 'revoked' }),
      withdrawn: { code: 'revoked', text: 'The order was revoked.' },
    });
    await tell(it);
    const order = await it.settle('1');
    assert.deepEqual([order.status, order.reason?.code], ['cancelled', 'revoked']);
    assert.deepEqual(toy.cancelled, [order.key]);
    assert.deepEqual(taskOf(it, order)?.status, 'cancelled');
  });

  test('whose revocation nobody told us of is found before its results are written', async () => {
    const it = await build(toyVendor([(state) => ({ next: { ...state, at: 1 }, after: 60 })]));
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'working' && order.state !== null, { jump: false });
    shown = (id) => ({
      ...ordered(id, { status: 'revoked' }),
      withdrawn: { code: 'revoked', text: 'The order was revoked.' },
    });
    const order = await it.settle('1');
    assert.equal(order.status, 'cancelled');
    assert.equal(it.ehr.published.size, 0);
  });

  test('revoked and made active again is done anew as the next generation', async () => {
    const it = await build(working({}));
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'working', { jump: false });
    shown = (id) => ({ ...ordered(id), withdrawn: { code: 'revoked', text: 'The order was revoked.' } });
    await tell(it);
    await it.settle('1');
    shown = (id) => ordered(id);
    await tell(it);
    const again = await it.settle('1', (order) => order.generation === 2 && order.status === 'completed');
    assert.match(again.key, /~2$/);
  });

  for (const down of [0, 3]) {
    test(`entered in error after its results were written takes them back, with the EHR down ${down} times`, async () => {
      const toy = toyVendor([]);
      toy.vendor.toFindings = () => toyFindings(2);
      const it = await build(toy);
      await it.admit('1');
      await it.start();
      const done = await it.settle('1');
      assert.equal(done.status, 'completed');
      shown = (id) => ({
        ...ordered(id, { status: 'entered-in-error' }),
        withdrawn: { code: 'entered-in-error', text: 'The order was entered in error.' },
      });
      downFor(it.ehr, down, 'retract');
      await tell(it);
      const order = await it.settle('1', (one) => one.status === 'withdrawn');
      const [retraction, ...more] = it.ehr.retracted.get(order.key) ?? [];
      assert.deepEqual(
        retraction?.written.map(({ part }) => part),
        ['obs/0', 'obs/1'],
      );
      assert.equal(retraction?.reason, 'The order was entered in error.');
      assert.deepEqual(more, []);
      assert.equal(taskOf(it, order)?.status, 'completed', 'the work was done');
      await tell(it);
      await it.settle('1', settled);
      assert.equal(it.ehr.retracted.get(order.key)?.length, 1, 'told twice, taken back once');
      shown = (id) => ordered(id);
      await tell(it);
      const again = await it.settle('1', (one) => one.generation === 2 && one.status === 'completed');
      assert.equal(it.ehr.published.get(again.key)?.length, 1);
    });
  }

  for (const [what, reading] of [
    ['deleted', undefined],
    ['revoked', { withdrawn: { code: 'revoked', text: 'The order was revoked.' } }],
  ] as const) {
    test(`${what} after its results were written keeps them, and its Task says so once`, async () => {
      const it = await build(toyVendor([]));
      await it.admit('1');
      await it.start();
      await it.settle('1');
      shown = (id) => reading && { ...ordered(id), ...reading };
      await tell(it);
      await it.settle('1', (order) => order.notes !== null && settled(order) && order.leg === 'ended');
      await tell(it);
      const order = await it.settle('1', settled);
      assert.equal(order.status, 'completed');
      const task = taskOf(it, order);
      assert.equal(task?.status, 'completed');
      assert.equal(task?.notes?.length, 1);
      assert.match(task?.notes?.[0] ?? '', /stay/);
      assert.equal((await it.events('1')).filter((event) => event === 'withdrawn-late').length, 1);
    });
  }

  test('replaced by another is stopped, and what it had written is the newer one’s to take back', async () => {
    const it = await build(toyVendor([]), { on: 'DocumentReference?status=current' });
    shown = (id) => noteReading(id, `note ${id}`);
    const toy = it.route.vendor;
    toy.toFindings = () => toyFindings(1);
    await it.admit('old');
    await it.start();
    await it.settle('old');
    const replacing = (id: string, older: string): OrderReading => ({
      ...noteReading(id, `note ${id}`),
      replaces: [`DocumentReference/${older}`],
    });
    // One that lies between and is never written leaves its predecessor to the newest.
    shown = (id) =>
      id === 'old'
        ? noteReading(id, 'note old')
        : { ...replacing(id, 'old'), refusal: { code: 'input-unsupported', text: 'A picture.' } };
    await it.admit('middle');
    assert.equal((await it.settle('middle')).status, 'rejected');
    shown = (id) => (id === 'new' ? replacing('new', 'middle') : noteReading(id, `note ${id}`));
    await it.admit('new');
    const order = await it.settle('new');
    assert.equal(order.status, 'completed');
    const [publication] = it.ehr.published.get(order.key) ?? [];
    assert.deepEqual(
      publication?.superseded.map(({ id, part }) => [id, part]),
      [['site/DocumentReference/old/route-obs/0', 'obs/0']],
    );
    const old = await it.settle('old', (one) => one.notes !== null && settled(one));
    assert.deepEqual(taskOf(it, old)?.notes, ['It was replaced by a newer one in the EHR.']);
  });

  test('replaced while the vendor works is cancelled, whether or not the EHR says superseded', async () => {
    const toy = toyVendor([(state) => ({ next: { ...state, at: 1 }, after: 3600 })], { cancel: true });
    const it = await build(toy, { on: 'DocumentReference?status=current' });
    shown = (id) => ({
      ...noteReading(id, `note ${id}`),
      ...(id === 'new' && { replaces: ['DocumentReference/old'] }),
    });
    await it.admit('old');
    await it.start();
    await it.settle('old', (order) => order.status === 'working' && order.state !== null, { jump: false });
    await it.admit('new');
    const old = await it.settle('old');
    assert.deepEqual([old.status, old.reason?.code], ['cancelled', 'replaced']);
    assert.equal((await it.settle('new')).status, 'completed');
    assert.deepEqual(toy.cancelled, [old.key]);
    assert.equal(it.ehr.published.has(old.key), false);
  });

  test('that gets a second document before anything was sent is read anew, without a new generation', async () => {
    const it = await build(toyVendor([(state) => ({ hold: { code: 'vendor-quota', text: 'Wait.' }, next: state })]));
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'held' && settled(order));
    shown = (id) => ordered(id, {}, ['the note', 'a second note']);
    await tell(it);
    const order = await it.settle('1', (one) => one.run === 2 && one.status === 'held' && settled(one));
    assert.equal(order.generation, 1);
    assert.equal(order.signature, ordered('1', {}, ['the note', 'a second note']).signature);
    assert.ok((await it.events('1')).includes('input-added'));
  });

  for (const ended of [false, true]) {
    test(`that gets a second document after it was sent${ended ? ' and done' : ''} is not sent again, and says so once`, async () => {
      const toy = toyVendor(
        [() => ({ effect: 'submit', key: 'k' }), (state) => ({ next: { ...state, at: 2 }, after: 3600 })],
        { effects: { submit: {} } },
      );
      const it = await build(toy);
      await it.admit('1');
      await it.start();
      await it.settle(
        '1',
        ended ? undefined : (order) => order.status === 'working' && toy.ledger.length === 1 && order.effect === null,
        { jump: ended },
      );
      shown = (id) => ordered(id, {}, ['the note', 'a second note']);
      await tell(it);
      await it.settle('1', (order) => order.notes !== null && order.news === null);
      await tell(it);
      const order = await it.settle('1');
      assert.deepEqual([order.status, order.generation, toy.ledger.length], ['completed', 1, 1]);
      const notes = taskOf(it, order)?.notes ?? [];
      assert.equal(notes.length, 1);
      assert.match(notes[0] ?? '', /DocumentReference\/d1 came after .* new order/);
    });
  }

  test('changed into one that this route does not do is cancelled', async () => {
    const it = await build(working({}));
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'working', { jump: false });
    shown = (id) => ordered(id, { code: { text: 'a sandwich' } });
    await tell(it);
    const order = await it.settle('1');
    assert.deepEqual([order.status, order.reason?.code], ['cancelled', 'not-for-us']);
  });

  const missing = (id: string): OrderReading => ({
    ...ordered(id, {}, []),
    inputs: [],
    refusal: { code: 'order-incomplete', text: 'The order names no note that could be read.', awaits: true },
  });

  test('without its note waits as received, says what is missing, and is done when the note comes', async () => {
    const it = await build(toyVendor([]));
    shown = missing;
    await it.admit('1');
    await it.start();
    const waiting = await it.settle('1', (order) => order.awaiting !== null && order.taskShown !== null, {
      jump: false,
    });
    assert.equal(taskOf(it, waiting)?.status, 'received');
    assert.match(
      taskOf(it, waiting)?.businessStatus ?? '',
      /^Awaiting information until 20.* UTC: The order names no note/,
    );
    shown = (id) => ordered(id);
    const order = await it.settle('1');
    assert.deepEqual([order.status, order.generation, order.awaiting], ['completed', 1, null]);
    assert.equal(taskOf(it, order)?.businessStatus, undefined);
  });

  test('without its note is refused when the time is over, and done anew when the note comes after all', async () => {
    const it = await build(toyVendor([]));
    const begun = it.clock.now().getTime();
    shown = missing;
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    assert.deepEqual([order.status, order.reason?.text], ['rejected', 'The order names no note that could be read.']);
    assert.equal(Math.round((it.clock.now().getTime() - begun) / 3_600_000), 24);
    shown = (id) => ordered(id);
    await tell(it);
    await it.settle('1', (one) => one.generation === 2 && one.status === 'completed');
  });

  test('without its note is refused at once where the site does not wait', async () => {
    const it = await build(toyVendor([]), { policy: { awaitInputHours: 0, supersededNote: 'link' } });
    const begun = it.clock.now().getTime();
    shown = missing;
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'rejected');
    assert.equal(it.clock.now().getTime(), begun);
  });

  test('whose Task a person cancels in the EHR stops at once, without that Task being written again', async () => {
    const toy = working({ cancel: true });
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    const order = await it.settle(
      '1',
      // It sleeps: its Task has been written as it stands, and the count below holds.
      (one) => one.status === 'working' && (one.nextAt ?? 0) > it.clock.now(),
      { jump: false },
    );
    const before = it.ehr.tasks.get(order.key)?.length;
    it.ehr.closed.add(order.taskId ?? '');
    await tell(it, { task: '2' });
    const stopped = await it.settle('1');
    assert.deepEqual([stopped.status, stopped.reason?.code], ['cancelled', 'cancelled-in-ehr']);
    assert.deepEqual(toy.cancelled, [order.key]);
    assert.equal(it.ehr.tasks.get(order.key)?.length, before);
  });

  test('goes on with the EHR’s own Task when that comes after ours, which is marked as an error', async () => {
    const it = await build(working({}));
    await it.admit('1');
    await it.start();
    const before = await it.settle(
      '1',
      (one) => one.status === 'working' && one.state !== null && one.taskShown !== null,
      { jump: false },
    );
    await tell(it, { ehrTask: 'theirs' });
    const claimed = await it.settle('1', (one) => one.taskId === 'theirs' && one.news === null, { jump: false });
    assert.deepEqual(it.ehr.handedOver, [[before.taskId, 'theirs']]);
    await tell(it, { ehrTask: 'theirs' });
    const done = await it.settle('1');
    assert.equal(done.taskId, claimed.taskId);
    assert.equal(it.ehr.handedOver.length, 1);
    assert.equal(done.status, 'completed');
  });

  test('retried after its results were taken back does nothing', async () => {
    const toy = toyVendor([]);
    toy.vendor.toFindings = () => toyFindings(1);
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    await it.settle('1');
    shown = (id) => ({ ...ordered(id), withdrawn: { code: 'entered-in-error', text: 'In error.' } });
    await tell(it);
    const order = await it.settle('1', (one) => one.status === 'withdrawn');
    await requestRetry(database ?? assert.fail(), order.id, { by: 'night' }, it.clock.now());
    const after = await it.settle('1', (one) => one.retry === null && settled(one));
    assert.equal(after.status, 'withdrawn');
    assert.equal(it.ehr.published.get(order.key)?.length, 1);
  });
});
