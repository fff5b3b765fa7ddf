/** An operator's retry of a completed order, where the vendor may have a newer result by now. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { listWritten } from '../../src/orders/store/order-data.ts';
import { requestRetry } from '../../src/orders/store/tell-order.ts';
import type { Step } from '../../src/vendors/contract.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';

type State = { at: number; heard: unknown[] };
type Move = (state: State) => Step<State, { heard: unknown[] }>;

onEveryDatabase('a completed order that is retried', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  afterEach(async () => {
    await rig?.stop();
    await database?.close();
  });

  /** Completed with one finding; `later` is what the vendor does when it is asked again. */
  const completed = async (later: Move[]): Promise<{ it: Rig; db: Database; ledger: string[] }> => {
    const db = await open();
    database = db;
    const moves: Move[] = [() => ({ effect: 'submit', key: 'job' }), () => ({ done: { heard: ['first'] } }), ...later];
    const { vendor, ledger } = toyVendor(moves, { effects: { submit: {} }, again: () => ({ at: 2, heard: [] }) });
    const it = await engineRig({ database: db, vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    rig = it;
    await it.admit('1');
    await it.start();
    assert.equal((await it.settle('1')).status, 'completed');
    return { it, db, ledger };
  };
  const retried = async (it: Rig, db: Database) => {
    const { id } = await it.order('1');
    await requestRetry(db, id, { by: 'operator' }, it.clock.now());
    return it.settle('1', ({ retry, leg, nextAt }) => retry === null && leg === 'ended' && nextAt === null);
  };
  const said = (it: Rig, key: string) => it.ehr.tasks.get(key)?.map(({ status }) => status) ?? [];
  const labels = (it: Rig, key: string) =>
    it.ehr.published.get(key)?.map(({ findings }) => findings.items.map(({ part }) => part));

  test('fetches the newest result with reads alone and writes it under the same parts', async () => {
    const { it, db, ledger } = await completed([
      (state) => ({ next: { ...state, at: 3 }, after: 60 }),
      () => ({ done: { heard: ['first', 'second'] } }),
    ]);
    const before = said(it, (await it.order('1')).key);
    const order = await retried(it, db);
    assert.equal(order.status, 'completed');
    assert.equal(order.run, 1);
    assert.deepEqual(ledger, ['job'], 'nothing was sent again');
    assert.deepEqual(labels(it, order.key), [['obs/0'], ['obs/0', 'obs/1']]);
    assert.deepEqual(said(it, order.key), [...before, 'completed'], 'the Task goes on saying that it is done');
    const second = it.ehr.published.get(order.key)?.[1];
    assert.deepEqual(
      second?.written.map(({ part }) => part),
      ['obs/0'],
      'it is told what it wrote before',
    );
    assert.equal((await listWritten(db, order.id)).length, 2);
  });

  for (const [what, move] of Object.entries<Move>({
    'the vendor has forgotten it': () => ({
      fail: { code: 'vendor-rejected', text: 'The vendor no longer has this result.' },
    }),
    'the vendor answers nonsense': () => {
      throw new AdapterError('vendor-protocol', 'The answer has an unknown shape');
    },
    'it would take a call that bills': () => ({ effect: 'submit', key: 'another job' }),
  })) {
    test(`writes what was stored before where ${what}`, async () => {
      const { it, db, ledger } = await completed([move]);
      const order = await retried(it, db);
      assert.equal(order.status, 'completed');
      assert.deepEqual(ledger, ['job']);
      assert.deepEqual(labels(it, order.key), [['obs/0'], ['obs/0']]);
      assert.ok((await it.events('1')).includes('not-fetched-again'));
      assert.ok(
        !said(it, order.key)
          .slice(3)
          .some((status) => status !== 'completed'),
      );
    });
  }

  test('comes again where the vendor is down, and is completed all along for its readers', async () => {
    let down = 2;
    const { it, db } = await completed([
      () => {
        down -= 1;
        if (down >= 0) {
          throw new AdapterError('vendor-unreachable', 'down');
        }
        return { done: { heard: ['first', 'second'] } };
      },
    ]);
    const before = said(it, (await it.order('1')).key);
    const order = await retried(it, db);
    assert.deepEqual(labels(it, order.key)?.[1], ['obs/0', 'obs/1']);
    assert.deepEqual(said(it, order.key), [...before, 'completed']);
  });
});
