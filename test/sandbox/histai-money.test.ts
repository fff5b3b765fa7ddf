/** What a cohort costs, and that it is paid for once. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { z } from 'zod';
import { priceOf } from '../../sandbox/histai/price.ts';
import { assertRefused, CASES, COHORTS, OTHER, paid, serveHistai, TOPUP } from './serve-histai.ts';

test('the price by both readings of the table', () => {
  const prices = [
    [2, 1, 50, 50],
    [99, 0, 495, 495],
    [100, 0, 400, 400],
    [80, 30, 1280, 1600],
    [999, 1, 3 * 999 + 27, 4 * 999 + 40],
    [10_000, 1, 20_023, 20_040],
    [0, 0, 0, 0],
  ];
  for (const [he = 0, other = 0, total, kind] of prices) {
    assert.deepEqual(
      [priceOf({ he, other }, 'total'), priceOf({ he, other }, 'kind')],
      [total, kind],
      `${he} + ${other}`,
    );
  }
});

test('a cohort of more than 99 slides costs what the chosen reading says, in the currency of the account', async (t) => {
  const [total, kind] = [await serveHistai(t), await serveHistai(t, { priceReading: 'kind', currency: 'EUR' })];
  const cases = (await total.search({})).slice(0, 45).map(({ caseId }) => ({ caseId }));
  const a = await total.cohort(await total.built(cases));
  const b = await kind.cohort(await kind.built(cases));
  const { heSlideCount: he, otherSlideCount: other } = a;
  assert.ok(he + other >= 100 && he < 100 && other < 100, `${he} + ${other}`);
  assert.deepEqual([a.totalPriceUsd, b.totalPriceUsd], [he * 4 + other * 32, he * 5 + other * 40]);
  assert.deepEqual([a.currency, b.currency], ['USD', 'EUR']);
  assert.match((await kind.call('GET', '/v1/billing/balance')).text, /"currency":"EUR"/);
});

test('a key charges once, says the same again, and is for one cohort only', async (t) => {
  const vendor = await serveHistai(t);
  const [id, second] = [await vendor.built(), await vendor.built()];
  const { totalPriceUsd: price } = await vendor.cohort(id);
  const key = randomUUID();
  const first = await vendor.pay(id, key);
  assert.equal(first.status, 200);
  assert.deepEqual(paid.parse(first.json()), {
    ...{
      cohortId: id,
      status: 'PAID',
      amountUsd: price,
      balanceUsd: 5000 - price,
      paidDate: '2026-11-22T09:00:04.000Z',
    },
  });
  vendor.pass(3600);
  for (const again of [key, key.toUpperCase()]) {
    const repeated = await vendor.pay(id, again);
    assert.deepEqual([repeated.status, repeated.json()], [200, first.json()]);
  }
  assertRefused(await vendor.pay(id), 409, 'COHORT_ALREADY_PAID');
  assertRefused(await vendor.pay(second, key), 400, 'INVALID_PARAMETERS');
  assert.deepEqual([await vendor.status(id), await vendor.status(second)], ['PAID', 'UNPAID']);
  assert.equal((await vendor.cohort(id)).paidDate, '2026-11-22T09:00:04.000Z');

  const { billed, bills, endpoints, calls, submissions } = vendor.account();
  assert.deepEqual(billed, { charges: 1, usd: price });
  assert.deepEqual(
    bills.map(({ keys, units }) => ({ keys, units })),
    [{ keys: { cohort_id: id, idempotency_key: key }, units: { charges: 1, usd: price } }],
  );
  assert.equal(endpoints['POST /v1/datahub/cohorts/{cohortId}/pay'], 5);
  assert.deepEqual(calls.find(({ endpoint }) => endpoint.endsWith('/pay'))?.keys, {
    cohort_id: id,
    idempotency_key: key,
  });
  assert.deepEqual(
    Object.values(submissions).map(({ received, bills }) => [received, bills]),
    [[2, 1]],
  );
  assert.equal(await vendor.balance(), 5000 - price);
});

test('keys that come at once charge once', async (t) => {
  const vendor = await serveHistai(t);
  const id = await vendor.built();
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 8 }, () => vendor.pay(id, key)));
  assert.deepEqual(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size, 1);
  assert.equal(vendor.charges(), 1);
});

test('payment wants a UUID as its key, a cohort that is built, and enough money', async (t) => {
  const vendor = await serveHistai(t, { balanceUsd: 4 });
  const id = await vendor.built();
  assertRefused(await vendor.call('POST', `${COHORTS}/${id}/pay`), 400, 'INVALID_PARAMETERS');
  assertRefused(await vendor.pay(id, 'not-a-uuid'), 400, 'INVALID_PARAMETERS');
  const key = randomUUID();
  assertRefused(await vendor.pay(id, key), 402, 'INSUFFICIENT_FUNDS');
  const [one] = await vendor.search({});
  const created = await vendor.create([{ caseId: one?.caseId ?? '' }]);
  const { cohortId } = z.object({ cohortId: z.string() }).parse(created.json());
  assertRefused(await vendor.pay(cohortId), 409, 'COHORT_STATUS_INVALID');
  assert.deepEqual([vendor.charges(), await vendor.balance()], [0, 4]);
  await vendor.call('POST', TOPUP, { json: { amountUsd: 1000 } });
  assert.equal((await vendor.pay(id, key)).status, 200, 'the same key after more money');
  assert.equal(vendor.charges(), 1);
});

test('a top-up charges each time it is called; history and balance agree', async (t) => {
  const vendor = await serveHistai(t);
  for (const amountUsd of [100, 100, 12.5]) {
    assert.equal((await vendor.call('POST', TOPUP, { json: { amountUsd } })).status, 200);
  }
  for (const json of [{}, { amountUsd: 0 }, { amountUsd: -5 }, { amountUsd: '100' }, []]) {
    assertRefused(await vendor.call('POST', TOPUP, { json }), 400, 'INVALID_PARAMETERS');
  }
  assert.equal((await vendor.pay(await vendor.built())).status, 200);
  const { billed, bills } = vendor.account();
  assert.deepEqual([billed.topups, billed.topup_usd, bills.length], [3, 212.5, 4]);
  const transaction = z.object({
    id: z.uuid(),
    type: z.enum(['TOPUP', 'PURCHASE']),
    amountUsd: z.number(),
    createdDate: z.iso.datetime(),
  });
  const { content } = await vendor.read(z.object({ content: z.array(transaction) }), '/v1/billing/history');
  assert.deepEqual(
    content.map(({ type }) => type),
    ['PURCHASE', 'TOPUP', 'TOPUP', 'TOPUP', 'TOPUP'],
  );
  const sum = content.reduce((sum, { type, amountUsd }) => sum + (type === 'TOPUP' ? amountUsd : -amountUsd), 0);
  assert.equal(await vendor.balance(), sum);
  assertRefused(await vendor.call('GET', '/v1/billing/history?page=x'), 400, 'INVALID_PARAMETERS');
  const others = await vendor.call('GET', '/v1/billing/balance', { key: OTHER });
  assert.deepEqual(others.json(), { balance: 5000, currency: 'USD' });
  const card = z.tuple([z.looseObject({ id: z.string(), last4: z.string(), default: z.boolean() })]);
  await vendor.read(card, '/v1/billing/payment-methods');
});

test('cohorts and payments in snake case', async (t) => {
  const vendor = await serveHistai(t, { casing: 'snake', envelope: 'cases', secondsUntilBuilt: 0 });
  const list = z
    .object({ cases: z.array(z.object({ case_id: z.string() })) })
    .parse((await vendor.call('GET', CASES)).json());
  const created = await vendor.create([{ caseId: list.cases[0]?.case_id }]);
  const cohort = z.object({
    cohort_id: z.string(),
    total_price_usd: z.number(),
    he_slide_count: z.int(),
    status: z.literal('UNPAID'),
  });
  const { cohort_id: id } = cohort.parse(created.json());
  const detail = await vendor.read(
    cohort.extend({ cases: z.array(z.object({ slide_ids: z.array(z.string()) })) }),
    `${COHORTS}/${id}`,
  );
  assert.equal(detail.cases.length, 1);
  await vendor.read(z.object({ cohorts: z.tuple([cohort]) }), COHORTS);
  const answer = await vendor.pay(id);
  z.object({ cohort_id: z.string(), amount_usd: z.number(), balance_usd: z.number(), paid_date: z.string() }).parse(
    answer.json(),
  );
});
