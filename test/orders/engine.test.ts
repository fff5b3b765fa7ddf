import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { forgetOrderData } from '../../src/orders/store/order-data.ts';
import { giveAnswer, requestCancel, requestRetry, tellOrder } from '../../src/orders/store/tell-order.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { downFor, memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';

onEveryDatabase('an order', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;

  const build = async (toy: Toy, more: { limits?: Rig['route']['limits']; text?: string } = {}): Promise<Rig> => {
    database = await open();
    rig = await engineRig({
      database,
      vendor: toy.vendor,
      ehr: memoryEhr((id) => noteReading(id, more.text ?? 'a note')),
      ...(more.limits && { limits: more.limits }),
    });
    return rig;
  };
  const db = (): Database => database ?? assert.fail('no database');

  afterEach(async () => {
    await rig?.stop();
    await database?.close();
    rig = undefined;
    database = undefined;
  });

  test('goes from received to completed and shows each state on its Task', async () => {
    const it = await build(toyVendor([(state) => ({ next: { ...state, at: 1 }, after: 60, status: 'RUNNING' })]));
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    assert.equal(order.status, 'completed');
    const shown = it.ehr.tasks.get(order.key)?.map((task) => task.status);
    assert.deepEqual(shown, ['received', 'accepted', 'in-progress', 'completed']);
    assert.equal(it.ehr.published.get(order.key)?.length, 1);
  });

  test('is written once although the EHR was down three times', async () => {
    const it = await build(toyVendor([]));
    downFor(it.ehr, 3);
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    assert.equal(order.status, 'completed');
    assert.equal(it.ehr.published.get(order.key)?.length, 1);
    assert.equal((await it.events('1')).filter((event) => event === 'retry-later').length, 3);
  });

  test('is rejected with words for the clinician where the vendor refuses it', async () => {
    const it = await build(
      toyVendor([], { begin: () => ({ refuse: { code: 'order-incomplete', text: 'The note is empty.' } }) }),
    );
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    assert.equal(order.status, 'rejected');
    assert.equal(order.reason?.text, 'The note is empty.');
    assert.deepEqual(
      it.ehr.tasks.get(order.key)?.map((task) => task.status),
      ['received', 'rejected'],
    );
  });

  test('that meets a used-up quota holds every order of the credential until one retry', async () => {
    let quota = 0;
    const toy = toyVendor([
      (state) => {
        if (quota === 0) {
          throw new AdapterError('vendor-quota', 'The quota is used up');
        }
        return { done: { heard: state.heard } };
      },
    ]);
    let asked = 0;
    const { advance } = toy.vendor;
    toy.vendor.advance = (...args) => {
      asked++;
      return advance(...args);
    };
    const it = await build(toy);
    for (const id of ['1', '2', '3']) {
      await it.admit(id);
    }
    const engine = await it.start();
    for (const id of ['1', '2', '3']) {
      assert.equal((await it.settle(id)).status, 'held');
    }
    assert.ok(asked <= 3);
    const before = asked;
    it.clock.advance(86_400);
    engine.wake();
    assert.equal((await it.settle('2')).status, 'held');
    assert.equal(asked, before, 'a held order asks the vendor nothing');
    quota = 100;
    await requestRetry(db(), (await it.order('2')).id, { by: 'night-shift' }, it.clock.now());
    for (const id of ['1', '2', '3']) {
      assert.equal((await it.settle(id, (order) => order.status === 'completed')).status, 'completed');
    }
  });

  test('waits for a person and hears the answer once', async () => {
    const it = await build(
      toyVendor([(state) => ({ ask: { id: 'size', text: 'How large?', number: { unit: 'um' } }, next: state })]),
    );
    await it.admit('1');
    await it.start();
    const asked = await it.settle('1');
    assert.equal(asked.status, 'waiting');
    assert.equal(it.ehr.tasks.get(asked.key)?.at(-1)?.status, 'on-hold');
    assert.equal(await giveAnswer(db(), asked.id, { id: 'other', value: 1, by: 'x' }, it.clock.now()), false);
    assert.equal(await giveAnswer(db(), asked.id, { id: 'size', value: 7, by: 'night' }, it.clock.now()), true);
    assert.equal(await giveAnswer(db(), asked.id, { id: 'size', value: 8, by: 'night' }, it.clock.now()), false);
    const done = await it.settle('1', (order) => order.status === 'completed');
    assert.equal(done.question, null);
    assert.equal(it.ehr.published.get(done.key)?.[0]?.findings.items.length, 1);
  });

  test('waits for an approver beyond the limit of one order, and for tomorrow beyond that of a day', async () => {
    const moves = [0, 1].map((at) => () => ({ effect: 'bill', key: `bill/${at}` }));
    const toy = toyVendor(moves, { effects: { bill: {} } });
    const it = await build(toy, { limits: { perOrder: 1, perDay: 2 } });
    await it.admit('1');
    await it.start();
    const asked = await it.settle('1');
    assert.equal(asked.question?.id, 'limit/per-order');
    assert.equal(asked.question?.role, 'approver');
    assert.deepEqual(toy.ledger, ['bill/0']);
    await giveAnswer(db(), asked.id, { id: 'limit/per-order', value: 'proceed', by: 'chief' }, it.clock.now());
    await it.settle('1', (order) => order.status === 'completed');
    assert.deepEqual(toy.ledger, ['bill/0', 'bill/1']);

    await it.admit('2');
    const tomorrow = await it.settle('2', (order) => order.status === 'waiting');
    assert.match(tomorrow.question?.id ?? '', /^limit\/per-day\//);
    assert.equal(toy.ledger.length, 2);
    const next = await it.settle('2', (order) => order.question?.id === 'limit/per-order');
    assert.ok(next.createdAt.getUTCDate() < it.clock.now().getUTCDate(), 'a day later it went on by itself');
  });

  test('whose call bills nothing is sent again after several doubts, without a person', async () => {
    let lost = 3;
    const after = (): void => {
      if (lost-- > 0) {
        throw new AdapterError('vendor-timeout', 'no answer', { kind: 'ambiguous' });
      }
    };
    const toy = toyVendor([() => ({ effect: 'create', key: 'create/0' })], {
      effects: { create: { bills: 0, after } },
    });
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'completed');
    assert.deepEqual(toy.ledger, Array(4).fill('create/0'));
  });

  test('whose call’s answer was lost is sent once more, and held at the second doubt until a person says so', async () => {
    let lost = 2;
    const toy = toyVendor([() => ({ effect: 'bill', key: 'bill/0' })], {
      effects: {
        bill: {
          after() {
            if (lost-- > 0) {
              throw new AdapterError('vendor-timeout', 'no answer');
            }
          },
        },
      },
    });
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    const held = await it.settle('1');
    assert.equal(held.status, 'held');
    assert.equal(held.reason?.code, 'effect-unknown');
    assert.equal(toy.ledger.length, 2);
    assert.equal((await it.events('1')).filter((event) => event === 'effect-unknown').length, 2);
    await requestRetry(db(), held.id, { by: 'night-shift' }, it.clock.now());
    assert.equal((await it.settle('1', (order) => order.status === 'completed')).status, 'completed');
    assert.equal(toy.ledger.length, 3);
  });

  test('is looked up at a vendor that can be asked, and not sent again', async () => {
    const toy: Toy = toyVendor([() => ({ effect: 'bill', key: 'bill/0' })], {
      effects: {
        bill: {
          after() {
            throw new AdapterError('vendor-timeout', 'no answer');
          },
          lookup: async (_state, _context, key) => (toy.ledger.includes(key) ? { took: key } : undefined),
        },
      },
    });
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'completed');
    assert.deepEqual(toy.ledger, ['bill/0']);
  });

  test('has what its vendor tells of its work on its timeline, line by line', async () => {
    const tell = ['40 cases of 212 fit.', '38 of them have the slides that are wanted.'];
    const it = await build(toyVendor([(state) => ({ next: { ...state, at: 1 }, status: 'FOUND', tell })]));
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    const timeline = await readTimeline(db(), order.id);
    const from = timeline.findIndex(({ event }) => event === 'vendor-status');
    assert.deepEqual(
      timeline.slice(from + 1, from + 3).map(({ event, who, detail }) => ({ event, who, detail })),
      tell.map((text) => ({ event: 'vendor-note', who: 'adapter', detail: { text } })),
    );
    assert.equal(timeline.filter(({ event }) => event === 'vendor-note').length, 2);
  });

  test('cancelled by a person is cancelled at the vendor and told', async () => {
    const toy = toyVendor([(state) => ({ next: state, after: 3600 })], { cancel: true });
    const it = await build(toy);
    await it.admit('1');
    const engine = await it.start();
    const working = await it.settle('1', (order) => order.status === 'working' && order.taskShown !== null);
    await requestCancel(db(), working.id, { by: 'night', text: 'Wrong patient.' }, it.clock.now());
    engine.wake();
    const order = await it.settle('1');
    assert.equal(order.status, 'cancelled');
    assert.equal(order.reason?.text, 'Wrong patient.');
    assert.deepEqual(toy.cancelled, [order.key]);
    assert.equal(it.ehr.tasks.get(order.key)?.at(-1)?.status, 'cancelled');
  });

  test('whose note changed is done anew as the next generation; an unchanged one is not', async () => {
    const it = await build(toyVendor([]));
    await it.admit('1');
    await it.start();
    const first = await it.settle('1');
    await tellOrder(db(), first.id, { source: 'notification', version: '2' }, it.clock.now());
    await it.settle('1', (order) => order.news === null && order.nextAt === null);
    assert.equal((await it.order('1')).generation, 1);

    it.ehr.reading = (id) => noteReading(id, 'another note altogether', '3');
    await tellOrder(db(), first.id, { source: 'notification', version: '3' }, it.clock.now());
    const second = await it.settle('1', (order) => order.generation === 2 && order.status === 'completed');
    assert.equal(second.key, `${first.key}~2`);
    assert.equal(it.ehr.tasks.size, 2);
    assert.equal(it.ehr.published.get(second.key)?.length, 1);
  });

  test('deleted while the vendor works is cancelled', async () => {
    const it = await build(toyVendor([(state) => ({ next: state, after: 3600 })]));
    await it.admit('1');
    await it.start();
    const working = await it.settle('1', (order) => order.status === 'working');
    it.ehr.reading = () => undefined;
    await tellOrder(db(), working.id, { source: 'notification', gone: true }, it.clock.now());
    assert.equal((await it.settle('1')).status, 'cancelled');
  });

  test('that turns out to be a draft leaves no trace in the EHR', async () => {
    const it = await build(toyVendor([]));
    it.ehr.reading = (id) => ({ ...noteReading(id, 'draft'), notYet: 'preliminary' });
    await it.admit('1');
    await it.start();
    await assert.rejects(
      it.settle('1', () => false),
      /There is no order/,
    );
    assert.equal(it.ehr.tasks.size, 0);
  });

  test('of a vendor that is down opens the breaker, which one order at a time probes', async () => {
    let down = true;
    let calls = 0;
    const it = await build(
      toyVendor([
        (state) => {
          calls++;
          if (down) {
            throw new AdapterError('vendor-unreachable', 'down');
          }
          return { done: { heard: state.heard } };
        },
      ]),
    );
    await it.admit('1');
    await it.start();
    const held = await it.settle('1', (order) => order.status === 'held' && order.heldUntil !== null);
    assert.equal(held.reason?.code, 'vendor-unreachable');
    assert.equal(calls, 5);
    down = false;
    assert.equal((await it.settle('1')).status, 'completed');
  });

  test('waits for an EHR that is down as long as it takes, and is not left to an operator', async () => {
    const it = await build(toyVendor([]));
    downFor(it.ehr, 40);
    await it.admit('1');
    await it.start();
    const order = await it.settle('1', ({ status }) => status === 'completed' || status === 'held');
    assert.equal(order.status, 'completed');
  });

  test('held by an open breaker sleeps through its turns without a word to the EHR', async () => {
    let down = true;
    const it = await build(
      toyVendor([
        (state) => {
          if (down) {
            throw new AdapterError('vendor-unreachable', 'down');
          }
          return { done: { heard: state.heard } };
        },
      ]),
    );
    const ids = ['1', '2', '3', '4', '5', '6'];
    for (const id of ids) {
      await it.admit(id);
    }
    const engine = await it.start();
    for (const id of ids) {
      await it.settle(id, ({ status }) => status === 'held');
    }
    for (let minute = 0; minute < 20; minute++) {
      it.clock.advance(60);
      engine.wake();
      await until('a quiet engine', () => engine.busy() === 0);
    }
    const versions = [...it.ehr.tasks.values()].map((tasks) => tasks.length);
    // A probe resumes and is held again; the others stay as they were told once.
    assert.ok(Math.min(...versions) <= 5, `every order was written again and again: ${versions}`);
    down = false;
    for (const id of ids) {
      assert.equal((await it.settle(id, ({ status }) => status === 'completed')).status, 'completed');
    }
  });

  test('cancelled before it was read stays so when its note is touched', async () => {
    const it = await build(toyVendor([]));
    await it.admit('1');
    const order = await it.order('1');
    await requestCancel(db(), order.id, { by: 'night', text: 'No.' }, it.clock.now());
    await it.start();
    await it.settle('1', ({ status, nextAt }) => status === 'cancelled' && nextAt === null);
    await tellOrder(db(), order.id, { source: 'notification', version: '2' }, it.clock.now());
    const after = await it.settle('1', ({ news, nextAt }) => news === null && nextAt === null);
    assert.deepEqual([after.generation, after.status], [1, 'cancelled']);
  });

  test('whose result was forgotten is not run again by a retry', async () => {
    const toy = toyVendor([() => ({ effect: 'bill', key: 'bill/0' })], { effects: { bill: {} } });
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    const done = await it.settle('1');
    await forgetOrderData(db(), 'site', new Date(it.clock.now().getTime() + 1000));
    await requestRetry(db(), done.id, { by: 'night' }, it.clock.now());
    const after = await it.settle('1', ({ retry, nextAt }) => retry === null && nextAt === null);
    assert.deepEqual([after.status, after.run, toy.ledger.length], ['completed', 1, 1]);
    assert.ok((await it.events('1')).includes('retry-refused'));
  });

  test('failed by the vendor runs anew on an operator’s retry', async () => {
    let tries = 0;
    const it = await build(
      toyVendor([
        (state) =>
          tries++ === 0
            ? { fail: { code: 'vendor-rejected', text: 'The vendor could not read it.' } }
            : { done: { heard: state.heard } },
      ]),
    );
    await it.admit('1');
    await it.start();
    const failed = await it.settle('1');
    assert.equal(failed.status, 'failed');
    await requestRetry(db(), failed.id, { by: 'night' }, it.clock.now());
    const done = await it.settle('1', (order) => order.status === 'completed');
    assert.equal(done.run, 2);
    assert.equal(it.ehr.tasks.size, 1);
  });

  test('whose step cannot be stored comes again later and later, and is held in the end', async () => {
    let steps = 0;
    const toy = toyVendor([]);
    toy.vendor.advance = async (_state, context) => {
      steps++;
      // A defect: no JSON can be made of it.
      await context.parts.put([{ name: 'part', data: undefined }]);
      return { next: { at: 0, heard: [] } };
    };
    const it = await build(toy);
    await it.admit('1');
    const began = it.clock.now().getTime();
    await it.start();
    const held = await it.settle('1');
    assert.equal(held.status, 'held');
    assert.equal(held.reason?.code, 'unexpected');
    assert.ok(steps <= 31, `${steps} steps`);
    assert.ok(it.clock.now().getTime() - began > 1_000_000);
  });

  test('publishes what there is so far, then goes on', async () => {
    const it = await build(toyVendor([() => ({ publish: { heard: [1] }, next: { at: 1, heard: [1, 2] }, after: 10 })]));
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    assert.deepEqual(
      it.ehr.published.get(order.key)?.map((publication) => publication.findings.items.length),
      [1, 2],
    );
  });
});
