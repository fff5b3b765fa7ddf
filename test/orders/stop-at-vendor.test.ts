/** Orders that are stopped: what could not be undone at the vendor is told, and a vendor that is away is asked again. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import type { Order } from '../../src/orders/order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { giveAnswer, requestCancel, tellOrder } from '../../src/orders/store/tell-order.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import type { Context } from '../../src/vendors/contract.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';

const PAID = 'The cohort had been paid for, which cannot be undone.';
const UNKNOWN = 'It is not known whether Toy Vendor goes on with what it had begun for this order, or charges for it.';

onEveryDatabase('stopping an order', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;

  const build = async (toy: Toy, more: Partial<Parameters<typeof engineRig>[0]> = {}): Promise<Rig> => {
    database = await open();
    rig = await engineRig({ database, vendor: toy.vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')), ...more });
    await rig.admit('1');
    return rig;
  };
  afterEach(async () => {
    await rig?.stop();
    await database?.close();
  });

  const db = (): Database => database ?? assert.fail();
  const sleeps = ({ status, nextAt, taskShown }: Order) =>
    status === 'working' && taskShown !== null && nextAt !== null && nextAt > (rig?.clock.now() ?? 0);
  const isOver = ({ leg }: Order) => leg === 'ended';
  const working = (cancel: (context: Context) => Promise<string | undefined>) =>
    toyVendor([(state) => ({ next: { ...state, at: 0 }, after: 36_000 })], { cancel });
  const cancelNow = (it: Rig, { id }: Order, text = 'The wrong patient') =>
    requestCancel(db(), id, { by: 'night', text }, it.clock.now());
  const notesOf = async ({ id }: Order) =>
    (await readTimeline(db(), id)).flatMap(({ event, detail }) => (event === 'vendor-note' ? [detail.text] : []));
  const unreachable = () => new AdapterError('vendor-unreachable', 'The vendor is away');

  test('by a person tells what could not be undone behind their reason', async () => {
    const it = await build(working(async () => PAID));
    await it.start();
    await cancelNow(it, await it.settle('1', sleeps));
    const order = await it.settle('1', isOver);
    assert.deepEqual(order.reason, { code: 'cancelled', text: `The wrong patient. ${PAID}` });
    assert.deepEqual(await notesOf(order), [PAID]);
    assert.equal(it.ehr.tasks.get(order.key)?.at(-1)?.status, 'cancelled');
  });

  test('because it was deleted or changed in the EHR tells it too', async () => {
    const it = await build(working(async () => PAID));
    await it.start();
    const first = await it.settle('1', sleeps);
    it.ehr.reading = (id) => noteReading(id, 'another note', '2');
    await tellOrder(db(), first.id, { source: 'notification', version: '2' }, it.clock.now());
    const second = await it.settle('1', (order) => order.generation === 2 && sleeps(order), { jump: false });
    const [changed] = await db().query<{ reason: { text: string } }>('select reason from orders where id = $1', [
      first.id,
    ]);
    assert.equal(changed?.reason.text, `The order was changed in the EHR; the newer version is done instead. ${PAID}`);
    it.ehr.reading = () => undefined;
    await tellOrder(db(), second.id, { source: 'notification', gone: true }, it.clock.now());
    const order = await it.settle('1', isOver);
    assert.equal(order.reason?.text, `The order was deleted in the EHR. ${PAID}`);
  });

  test('by its Task in the EHR keeps it with the order, whose Task is left alone', async () => {
    const it = await build(working(async () => PAID));
    await it.start();
    const before = await it.settle('1', sleeps);
    const versions = it.ehr.tasks.get(before.key)?.length;
    it.ehr.closed.add(before.taskId ?? '');
    await tellOrder(db(), before.id, { source: 'notification', task: '2' }, it.clock.now());
    const order = await it.settle('1', isOver);
    assert.equal(order.reason?.text, `The Task was cancelled in the EHR. ${PAID}`);
    assert.deepEqual(await notesOf(order), [PAID]);
    assert.equal(it.ehr.tasks.get(order.key)?.length, versions);
  });

  test('that waits for an answer, or is held, stops it at the vendor all the same', async () => {
    const toy = toyVendor(
      [
        (state) => ({ ask: { id: 'price', text: 'Pay?', choices: { yes: 'Pay' } }, next: state }),
        () => ({ hold: { code: 'vendor-quota', text: 'Nothing is left.' } }),
      ],
      { cancel: async () => PAID },
    );
    const it = await build(toy);
    await it.admit('2');
    await it.start();
    const waiting = await it.settle('1', ({ status, taskShown }) => status === 'waiting' && taskShown !== null);
    const second = await it.settle('2', ({ status }) => status === 'waiting');
    await giveAnswer(db(), second.id, { id: 'price', value: 'yes', by: 'chief' }, it.clock.now());
    const held = await it.settle('2', ({ status }) => status === 'held');
    await cancelNow(it, waiting);
    await cancelNow(it, held);
    assert.match((await it.settle('1', isOver)).reason?.text ?? '', /paid for/);
    assert.match((await it.settle('2', isOver)).reason?.text ?? '', /paid for/);
    assert.deepEqual(toy.cancelled.sort(), [waiting.key, held.key].sort());
  });

  test('by the answer to a limit stops it at the vendor', async () => {
    const toy = toyVendor(
      [0, 1].map((at) => () => ({ effect: 'bill', key: `bill/${at}` })),
      { effects: { bill: {} }, cancel: async () => PAID },
    );
    const it = await build(toy, { limits: { perOrder: 1 } });
    await it.start();
    const asked = await it.settle('1', ({ status }) => status === 'waiting');
    await giveAnswer(db(), asked.id, { id: 'limit/per-order', value: 'cancel', by: 'chief' }, it.clock.now());
    const order = await it.settle('1', isOver);
    assert.equal(order.reason?.text, `The order was not approved beyond the site’s limit. ${PAID}`);
    assert.deepEqual(toy.ledger, ['bill/0']);
  });

  test('while nobody knows whether a call was taken asks the vendor again until it says', async () => {
    let away = 3;
    const it = await build(
      toyVendor([() => ({ effect: 'pay', key: 'pay/1' })], {
        effects: {
          pay: {
            after() {
              throw new AdapterError('vendor-timeout', 'No answer', { kind: 'ambiguous' });
            },
          },
        },
        async cancel({ signal }) {
          assert.equal(signal.aborted, false);
          away -= 1;
          if (away >= 0) {
            throw unreachable();
          }
          return PAID;
        },
      }),
    );
    await it.start();
    const doubtful = await it.settle('1', ({ lastError }) => lastError?.code === 'vendor-timeout', { jump: false });
    assert.equal(doubtful.effect, 'pay');
    await cancelNow(it, doubtful);
    const order = await it.settle('1', isOver);
    assert.equal(order.reason?.text, `The wrong patient. ${PAID}`);
    const events = await it.events('1');
    assert.equal(events.filter((event) => event === 'not-stopped').length, 3);
    assert.equal(events.filter((event) => event === 'effect-started').length, 1);
  });

  test('at a vendor that stays away says after eight tries that it is not known, where a call had been begun', async () => {
    const toy = toyVendor(
      [
        (state, { order }) =>
          order.key.includes('/1/') ? { effect: 'pay', key: 'pay/1' } : { next: { ...state, at: 1 } },
        (state) => ({ next: state, after: 36_000 }),
      ],
      {
        effects: { pay: {} },
        async cancel() {
          throw unreachable();
        },
      },
    );
    const it = await build(toy);
    await it.admit('2');
    await it.start();
    for (const [id, text] of [
      ['1', `The wrong patient. ${UNKNOWN}`],
      ['2', 'The wrong patient'],
    ] as const) {
      const before = it.clock.now().getTime();
      await cancelNow(it, await it.settle(id, sleeps, { jump: false }));
      const order = await it.settle(id, isOver);
      assert.deepEqual([order.status, order.reason?.text, order.cancel], ['cancelled', text, null]);
      assert.equal(toy.cancelled.filter((key) => key === order.key).length, 8);
      assert.equal(it.ehr.tasks.get(order.key)?.at(-1)?.status, 'cancelled');
      assert.ok((order.endedAt?.getTime() ?? 0) > before + 60_000, 'the tries take minutes');
    }
  });

  test('at a vendor that refuses to stop is not tried again', async () => {
    const toy = working(async () => {
      throw new AdapterError('vendor-rejected', 'It cannot be stopped');
    });
    const it = await build(toy);
    await it.start();
    await cancelNow(it, await it.settle('1', sleeps), 'Not wanted.');
    assert.equal((await it.settle('1', isOver)).reason?.text, 'Not wanted.');
    assert.equal(toy.cancelled.length, 1);
  });

  test('in a process that ends is done by the next one', async () => {
    const asked: boolean[] = [];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const toy = working(async ({ signal }) => {
      asked.push(signal.aborted);
      if (asked.length === 1) {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(unreachable()));
        begin();
        return promise;
      }
      return PAID;
    });
    const it = await build(toy);
    const engine = await it.start();
    await cancelNow(it, await it.settle('1', sleeps));
    engine.wake();
    await begun;
    await engine.stop(0);
    assert.equal((await it.order('1')).status, 'working');
    await it.start();
    assert.match((await it.settle('1', isOver)).reason?.text ?? '', /paid for/);
    assert.deepEqual(asked, [false, false]);
  });
});
