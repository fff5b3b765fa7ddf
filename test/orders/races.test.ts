import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { admitOrder } from '../../src/orders/store/admit-order.ts';
import { releaseCredential } from '../../src/orders/store/credentials.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { giveAnswer, requestRetry, tellOrder } from '../../src/orders/store/tell-order.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';
import { until } from '../support/until.ts';

onEveryDatabase('what happens while a step runs', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  const build = async (toy: Toy): Promise<Rig> => {
    database = await open();
    rig = await engineRig({ database, vendor: toy.vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    return rig;
  };
  const db = (): Database => database ?? assert.fail('no database');

  afterEach(async () => {
    await rig?.stop();
    await database?.close();
    rig = undefined;
    database = undefined;
  });

  test('an answer given while the Task is written is heard', async () => {
    const question = { id: 'q', text: 'Which?', choices: { a: 'A', b: 'B' } };
    const it = await build(toyVendor([(state) => ({ ask: question, next: state })]));
    const { saveTask } = it.ehr;
    let given = false;
    it.ehr.saveTask = async (view, known) => {
      if (view.status === 'on-hold' && !given) {
        given = await giveAnswer(db(), (await it.order('1')).id, { id: 'q', value: 'b', by: 'dr' }, it.clock.now());
      }
      return saveTask(view, known);
    };
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'completed');
    assert.equal(given, true);
  });

  test('news that comes while older news is read is looked at too', async () => {
    const it = await build(toyVendor([(state) => ({ next: { ...state, at: 1 }, after: 3600 })]));
    await it.admit('1');
    await it.start();
    const waiting = await it.settle('1', (order) => order.status === 'working' && order.taskSaid === null, {
      jump: false,
    });
    const { readOrder } = it.ehr;
    let withdrawn = false;
    it.ehr.readOrder = async (order) => {
      const reading = withdrawn ? undefined : await readOrder(order);
      if (!withdrawn) {
        withdrawn = true;
        await tellOrder(db(), waiting.id, { source: 'notification', version: '3' }, it.clock.now());
      }
      return reading;
    };
    await tellOrder(db(), waiting.id, { source: 'notification', version: '2' }, it.clock.now());
    const order = await it.settle('1', ({ status }) => status === 'cancelled', { jump: false });
    assert.equal(order.reason?.code, 'deleted');
  });

  test('a draft that is signed while it is read is not forgotten', async () => {
    const it = await build(toyVendor([]));
    const { readOrder } = it.ehr;
    let signed = false;
    it.ehr.readOrder = async (order) => {
      const reading = await readOrder(order);
      if (signed || !reading) {
        return reading;
      }
      signed = true;
      await tellOrder(db(), (await it.order('1')).id, { source: 'notification', version: '2' }, it.clock.now());
      return { ...reading, notYet: 'preliminary' };
    };
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'completed');
  });

  test('a credential released while the Task of a held order is written lets that order go on', async () => {
    let refused = true;
    const it = await build(
      toyVendor([
        (state) => {
          if (refused) {
            throw new AdapterError('vendor-unauthorized', 'The key is refused');
          }
          return { done: { heard: state.heard } };
        },
      ]),
    );
    const { saveTask } = it.ehr;
    it.ehr.saveTask = async (view, known) => {
      if (view.status === 'on-hold' && refused) {
        refused = false;
        await releaseCredential(db(), it.route.credential, it.clock.now());
      }
      return saveTask(view, known);
    };
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1', ({ status }) => status === 'completed')).status, 'completed');
  });

  for (const code of ['ehr-unreachable', 'ehr-forbidden', 'ehr-protocol'] as const) {
    test(`news of a completed order is no storm and no new end while the EHR says ${code}`, async () => {
      const it = await build(toyVendor([]));
      await it.admit('1');
      await it.start();
      const done = await it.settle('1');
      const { readOrder } = it.ehr;
      let reads = 0;
      it.ehr.readOrder = async () => {
        reads++;
        throw new AdapterError(code, 'no');
      };
      await tellOrder(db(), done.id, { source: 'notification', version: '2' }, it.clock.now());
      await until('the first read', () => reads > 0);
      const after = await until(
        'it rests',
        async () => {
          const order = await it.order('1');
          return order.nextAt !== null && order.nextAt > it.clock.now() ? order : undefined;
        },
        5,
      );
      assert.equal(after.status, 'completed');
      const before = reads;
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.equal(reads, before, 'time stands, so nothing is read again');
      assert.equal(reads, 1);
      it.ehr.readOrder = readOrder;
      const settled = await it.settle('1', (order) => order.news === null && order.nextAt === null);
      assert.equal(settled.status, 'completed');
      assert.equal(it.ehr.published.get(done.key)?.length, 1);
    });
  }

  test('an order of a route that was away for long goes on when the route is back', async () => {
    const it = await build(toyVendor([]));
    const routes = it.services.sites.get('site')?.routes ?? assert.fail('no site');
    routes.delete('route');
    await it.admit('1');
    const engine = await it.start();
    for (let day = 0; day < 40; day++) {
      await until('it was looked at', async () => ((await it.order('1')).nextAt ?? 0) > it.clock.now());
      it.clock.advance(3600);
      engine.wake();
    }
    routes.set('route', it.route);
    assert.equal((await it.settle('1')).status, 'completed');
  });

  test('answers that are lost in a row open the breaker', async () => {
    let down = true;
    const toy = toyVendor([(state) => ({ effect: 'send', key: `k/${state.at}` })], {
      effects: {
        send: {
          after() {
            if (down) {
              throw new AdapterError('vendor-timeout', 'no answer');
            }
          },
        },
      },
    });
    const it = await build(toy);
    const ids = Array.from({ length: 12 }, (_, index) => `${index + 1}`);
    for (const id of ids) {
      await it.admit(id);
    }
    await it.start();
    for (const id of ids) {
      await it.settle(id, ({ status, nextAt }) => status === 'held' || (nextAt ?? 0) > it.clock.now(), { jump: false });
    }
    assert.ok(toy.ledger.length < 12, `sent ${toy.ledger.length}`);
    down = false;
    for (const id of ids) {
      assert.equal((await it.settle(id)).status, 'completed');
    }
  });

  test('a long wait for the birth of the Task is not counted against the vendor', async () => {
    let failures = 1;
    const it = await build(
      toyVendor([
        (state) => {
          if (failures-- > 0) {
            throw new AdapterError('vendor-error', 'down');
          }
          return { done: { heard: state.heard } };
        },
      ]),
    );
    const { saveTask } = it.ehr;
    let down = 40;
    it.ehr.saveTask = async (...args) => {
      if (down-- > 0) {
        throw new AdapterError('ehr-unreachable', 'down');
      }
      return saveTask(...args);
    };
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'completed');
  });

  test('a run that failed after it had published a part is run anew on a retry', async () => {
    let fails = true;
    const it = await build(
      toyVendor([
        (state) => ({ publish: { heard: [1] }, next: { ...state, at: 1 } }),
        (state) => (fails ? { fail: { code: 'vendor-rejected', text: 'no' } } : { done: { heard: state.heard } }),
      ]),
    );
    await it.admit('1');
    await it.start();
    const failed = await it.settle('1');
    assert.equal(failed.status, 'failed');
    fails = false;
    await requestRetry(db(), failed.id, { by: 'night-shift' }, it.clock.now());
    const order = await it.settle('1', ({ status }) => status === 'completed');
    assert.equal(order.run, 2);
  });

  test('an engine that is stopped while it looks hands back what it claimed', async () => {
    const it = await build(toyVendor([]));
    await it.admit('1');
    const looked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow: Database = {
      ...db(),
      async query<Row>(text: string, params?: readonly unknown[]) {
        const rows = await db().query<Row>(text, params);
        if (text.startsWith('update orders set lease_until = $1, leased_by')) {
          looked.resolve();
          await goOn.promise;
        }
        return rows;
      },
    };
    it.services.database = slow;
    const engine = await it.start();
    await looked.promise;
    const stopped = engine.stop(1);
    goOn.resolve();
    await stopped;
    const order = await it.order('1');
    assert.deepEqual([order.leg, order.claims], ['read', 0]);
    assert.equal(await admitOrder(db(), { ...order, events: [] }, it.clock.now()), false);
  });
});
