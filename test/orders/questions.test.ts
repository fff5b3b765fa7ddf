/** Questions that end, calls that are only tried so often, and orders that nobody wanted in the end. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import type { Order } from '../../src/orders/order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { giveAnswer, requestRetry } from '../../src/orders/store/tell-order.ts';
import { wrongAnswer } from '../../src/orders/wrong-answer.ts';
import type { Step } from '../../src/vendors/contract.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr, noteReading } from '../support/memory-ehr.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';

const PRICE = {
  text: 'Pay 50 USD?',
  number: { unit: 'USD', exactly: 50 },
  choices: { decline: 'Do not' },
  role: 'approver' as const,
};

onEveryDatabase('a question', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;

  const build = async (toy: Toy): Promise<Rig> => {
    database = await open();
    rig = await engineRig({ database, vendor: toy.vendor, ehr: memoryEhr((id) => noteReading(id, 'a note')) });
    await rig.admit('1');
    return rig;
  };
  afterEach(async () => {
    await rig?.stop();
    await database?.close();
  });

  const isWaiting = ({ status }: Order) => status === 'waiting';

  /** Asks for an hour, and then ends the order as cancelled. */
  const patient = (): Toy => {
    let expires = '';
    return toyVendor([
      (state, { now }): Step<typeof state, never> => {
        if (expires === '') {
          expires = new Date(now().getTime() + 3_600_000).toISOString();
        }
        return now().toISOString() < expires
          ? { ask: { id: 'price', ...PRICE, expires }, next: state }
          : { cancel: { code: 'not-approved', text: 'Nobody approved it in time.' } };
      },
    ]);
  };

  test('that nobody answers in time is taken back to the vendor, which ends the order as cancelled', async () => {
    const it = await build(patient());
    const engine = await it.start();
    await it.settle('1', isWaiting, { jump: false });
    it.clock.advance(3_590);
    engine.wake();
    await it.settle('1', isWaiting, { jump: false });
    it.clock.advance(10);
    engine.wake();
    const order = await it.settle('1', ({ status, leg }) => status === 'cancelled' && leg === 'ended');
    assert.equal(order.reason?.text, 'Nobody approved it in time.');
    assert.equal(it.ehr.tasks.get(order.key)?.at(-1)?.status, 'cancelled');
    assert.equal(it.ehr.published.get(order.key), undefined);
  });

  test('that is answered in time is heard with who and when', async () => {
    const heard: unknown[] = [];
    const toy = patient();
    const { advance } = toy.vendor;
    toy.vendor.advance = (state, context) => {
      heard.push(...(context.answer ? [context.answer] : []));
      return advance(state, context);
    };
    const it = await build(toy);
    await it.start();
    const asked = await it.settle('1', isWaiting, { jump: false });
    const now = it.clock.now();
    assert.ok(database && (await giveAnswer(database, asked.id, { id: 'price', value: 50, by: 'chief' }, now)));
    await it.settle('1', ({ status }) => status === 'completed');
    assert.deepEqual(heard[0], { to: 'question', id: 'price', value: 50, by: 'chief', at: now.toISOString() });
  });

  test('of a call: it is sent so often at most while the vendor says that it has not come, then a person looks', async () => {
    const effect = {
      most: 3,
      lookup: async () => undefined,
      after() {
        throw new AdapterError('vendor-timeout', 'No answer', { kind: 'ambiguous' });
      },
    };
    const toy = toyVendor([() => ({ effect: 'pay', key: 'pay/1' })], { effects: { pay: effect } });
    const it = await build(toy);
    const engine = await it.start();
    for (let look = 0; look < 8; look++) {
      it.clock.advance(60);
      engine.wake();
      await it.settle('1');
    }
    const held = await it.settle('1', ({ status }) => status === 'held');
    assert.equal(held.reason?.code, 'effect-unknown');
    assert.deepEqual(toy.ledger, ['pay/1', 'pay/1', 'pay/1']);
    assert.ok(database);
    await requestRetry(database, held.id, { by: 'night-shift' }, it.clock.now());
    await it.settle('1', () => toy.ledger.length === 4);
  });
});

test('an amount has to be typed as it is, or one of the words given', () => {
  const question = { id: 'price', ...PRICE };
  const wrong = (value: string | number) => wrongAnswer(question, { question: 'price', value });
  assert.equal(wrong(50), undefined);
  assert.equal(wrong('decline'), undefined);
  assert.match(wrong(49) ?? '', /exactly 50 \(USD\)/);
  assert.match(wrong(50.01) ?? '', /exactly 50/);
  for (const value of ['50', 'yes', 'toString', '']) {
    assert.match(wrong(value) ?? '', /decline/, value);
  }
  assert.match(wrongAnswer(question, { question: 'other', value: 50 }) ?? '', /another question/);
});
