/** What stands between an order and a charge, on the real engine: one approval, one key, one charge, whatever breaks. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, type TestContext, test } from 'node:test';
import type { Database } from '../../../src/orders/store/database.ts';
import type { VendorHttp } from '../../../src/vendors/http.ts';
import { onEveryDatabase } from '../../support/databases.ts';
import { type CohortOptions, cohortOrder } from './flow-support.ts';

onEveryDatabase('the purchase of a cohort', ({ open }) => {
  let database: Database;
  beforeEach(async () => {
    database = await open();
  });
  afterEach(() => database.close());

  const order = (t: TestContext, more: Omit<CohortOptions, 'database'> = {}) => cohortOrder(t, { database, ...more });

  test('waits for a person, who is told what it is and what it costs, and then happens once', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    assert.equal(asked.status, 'waiting', asked.reason?.text);
    const question = asked.question ?? assert.fail();
    assert.equal(question.role, 'approver');
    assert.deepEqual(Object.keys(question.choices ?? {}), ['decline']);
    const slides = it.datahub.ledger().billed;
    assert.deepEqual(slides, {}, 'nothing may be billed before the answer');
    for (const words of [
      /3 cases with \d+ slides \(H&E \d+, HER2 \d+\)/,
      /cannot be undone or refunded/,
      /dla/,
      /balance/,
    ]) {
      assert.match(question.text, words);
    }
    const amount = question.number?.exactly ?? assert.fail();
    assert.ok(question.text.includes(`for ${amount.toFixed(2)} USD`), question.text);
    const done = await it.approve(asked);
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.equal(it.charges(), 1);
    assert.equal(it.datahub.ledger().billed.usd, amount);
  });

  test('does not happen where it is declined, and the orderer is told so', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    await it.answer(asked, 'decline');
    const ended = await it.rest();
    assert.equal(ended.status, 'cancelled');
    assert.equal(ended.reason?.code, 'not-approved');
    assert.match(ended.reason?.text ?? '', /declined; nothing was bought\. The cohort .* stays unpaid at HistAI\./);
    assert.equal(it.charges(), 0);
  });

  test('does not happen where nobody answers in time', async (t) => {
    const it = await order(t, { settings: { approval: { waitDays: 2 } } });
    await it.place();
    it.rig.clock.advance(2 * 86_400);
    const ended = await it.rig.settle('1', ({ leg }) => leg === 'ended');
    assert.equal(ended.status, 'cancelled');
    assert.match(ended.reason?.text ?? '', /Nobody approved the purchase in time; nothing was bought\./);
    assert.equal(it.charges(), 0);
  });

  test('needs an approval anew where the one given is too old before it can be used', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    await it.rig.stop();
    await it.answer(asked);
    it.rig.clock.advance(15 * 60);
    await it.rig.start();
    const again = await it.rest();
    assert.equal(again.status, 'waiting');
    assert.notEqual(again.question?.id, asked.question?.id);
    assert.match(again.question?.text ?? '', /too old/);
    assert.equal(it.charges(), 0);
    assert.equal(await it.answer({ ...again, question: asked.question }), false, 'an answer to the earlier question');
    assert.equal((await it.approve(again)).status, 'completed');
    assert.equal(it.charges(), 1);
  });

  test('needs an approval anew where the price has changed since', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    it.set('price-changed');
    await it.answer(asked);
    const again = await it.rest();
    assert.equal(again.status, 'waiting');
    assert.match(again.question?.text ?? '', /has changed since it was approved/);
    assert.match(again.question?.text ?? '', /ATTENTION: the price asked is none of these/);
    assert.equal(again.question?.number?.exactly, (asked.question?.number?.exactly ?? 0) + 7);
    assert.equal(it.charges(), 0);
    assert.equal((await it.approve(again)).status, 'completed');
    assert.equal(it.charges(), 1);
  });

  test('goes back to the approver where the balance is too low, and never tops it up', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    it.set('insufficient-funds');
    await it.answer(asked);
    const again = await it.rest();
    assert.equal(again.status, 'waiting');
    assert.match(again.question?.text ?? '', /balance of the account is too low: nothing was bought/);
    assert.equal((await it.approve(again)).status, 'completed');
    assert.deepEqual([it.charges(), it.datahub.ledger().billed.topups], [1, undefined]);
  });

  for (const fault of ['pay-then-500', 'pay-then-hang-up', 'pay-not-charged-500'] as const) {
    test(`is charged once although ${fault}`, async (t) => {
      const it = await order(t);
      const asked = await it.place();
      it.set(fault);
      const done = await it.approve(asked);
      assert.equal(done.status, 'completed', done.reason?.text);
      assert.equal(it.charges(), 1);
      const keys = it.datahub.ledger().calls.flatMap(({ keys }) => keys?.idempotency_key ?? []);
      assert.equal(new Set(keys).size, 1, 'one approval, one key');
    });
  }

  for (const point of ['effect-started', 'effect-sent', 'effect-answered'] as const) {
    test(`is charged once although the process dies at ${point}`, async (t) => {
      const it = await order(t);
      const died = Promise.withResolvers<void>();
      let isDead = false;
      const engine: { halt?: () => void } = {};
      const asked = await it.place('1');
      await it.rig.stop();
      const started = await it.rig.start(async (at, { effect }) => {
        if (at === point && effect === 'pay' && !isDead) {
          isDead = true;
          engine.halt?.();
          died.resolve();
          await new Promise(() => {});
        }
      });
      engine.halt = () => started.halt();
      await it.answer(asked);
      started.wake();
      await died.promise;
      it.rig.clock.advance(10);
      await it.rig.start();
      const done = await it.rest();
      assert.equal(done.status, 'completed', done.reason?.text);
      assert.equal(it.charges(), 1);
    });
  }

  test('is charged once although it is approved ten times at once, with two processes at work', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    await it.rig.start();
    const taken = await Promise.all(Array.from({ length: 10 }, () => it.answer(asked)));
    assert.equal(taken.filter(Boolean).length, 1);
    const done = await it.rest();
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.equal(it.charges(), 1);
  });

  test('that is under way when the order is cancelled is told of, and is charged once', async (t) => {
    const cancelling: { now?: () => Promise<unknown> } = {};
    const around = (http: VendorHttp): VendorHttp => ({
      async request(request) {
        if (request.path.endsWith('/pay')) {
          await cancelling.now?.();
        }
        return http.request(request);
      },
    });
    const it = await order(t, { around });
    const asked = await it.place();
    cancelling.now = () => it.cancel(asked);
    await it.answer(asked);
    const ended = await it.rig.settle('1', ({ leg }) => leg === 'ended');
    assert.equal(ended.status, 'cancelled');
    assert.equal(it.charges(), 1);
    assert.match(
      ended.reason?.text ?? '',
      /^It is not wanted any more\. The cohort .* had been bought for [\d.]+ USD by then/,
    );
  });

  test('that somebody else has made meanwhile is not made again', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    const id = /\(([0-9a-f-]{36})\)/.exec(asked.question?.text ?? '')?.[1];
    const { baseUrl, apiKey } = it.datahub.settings;
    const paid = await fetch(`${baseUrl}/v1/datahub/cohorts/${id}/pay`, {
      method: 'POST',
      headers: { 'X-API-KEY': apiKey, 'Idempotency-Key': '6f1de58c-1a45-4f0e-9c55-2f5c4b7a1d10' },
    });
    assert.equal(paid.status, 200);
    const done = await it.approve(asked);
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.equal(it.charges(), 1);
  });

  /** Takes a case out of a cohort, as somebody in the vendor's portal may. */
  async function takeOut({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }, id: string): Promise<void> {
    const headers = { 'X-API-KEY': apiKey, 'Content-Type': 'application/json' };
    const url = `${baseUrl}/v1/datahub/cohorts/${id}`;
    const cohort = await (await fetch(url, { headers })).json();
    const body = JSON.stringify(cohort.cases.slice(0, 1));
    assert.ok((await fetch(`${url}/slides`, { method: 'DELETE', headers, body })).ok);
  }

  test('of a cohort that was changed after its approval does not happen, and no other is made', async (t) => {
    const it = await order(t);
    const asked = await it.place();
    await takeOut(it.datahub.settings, /\(([0-9a-f-]{36})\)/.exec(asked.question?.text ?? '')?.[1] ?? '');
    await it.answer(asked);
    const odd = await it.rest();
    assert.match(odd.question?.id ?? '', /^other-content\//);
    assert.deepEqual(Object.keys(odd.question?.choices ?? {}), ['end'], 'a payment may be on its way to the first');
    await it.answer(odd, 'end');
    assert.equal((await it.rest()).status, 'cancelled');
    assert.deepEqual([it.charges(), it.datahub.cohorts()], [0, 1]);
  });

  test('of a cohort that was changed before anybody was asked is offered for a new one', async (t) => {
    const early: { settings?: { baseUrl: string; apiKey: string } } = {};
    const around = (http: VendorHttp): VendorHttp => ({
      async request(request) {
        const id = /cohorts\/([0-9a-f-]{36})$/.exec(request.path)?.[1];
        const { settings } = early;
        delete early.settings;
        if (id !== undefined && settings) {
          await takeOut(settings, id);
        } else if (settings) {
          early.settings = settings;
        }
        return http.request(request);
      },
    });
    const it = await order(t, { around });
    early.settings = it.datahub.settings;
    const odd = await it.place();
    assert.match(odd.question?.id ?? '', /^other-content\//);
    await it.answer(odd, 'rebuild');
    const anew = await it.rest();
    assert.match(anew.question?.id ?? '', /^purchase\//);
    assert.equal((await it.approve(anew)).status, 'completed');
    assert.deepEqual([it.charges(), it.datahub.cohorts()], [1, 2]);
  });
});
