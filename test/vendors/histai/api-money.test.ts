/** Cohorts are created and paid for once, or not at all, whatever becomes of an answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import {
  addSlides,
  createCohort,
  listCohorts,
  pay,
  readCohortStatus,
  removeSlides,
  searchCases,
} from '../../../src/vendors/histai/api.ts';
import { listTransactions, readBalance } from '../../../src/vendors/histai/api-billing.ts';
import { topUp } from '../../../src/vendors/histai/top-up.ts';
import { approvalOf, host, KEY, lockOf, site, thrownBy } from './api-site.ts';

const OTHER_KEY = '0b0f4f1c-35d4-4e0e-8a55-70a7a3f3b9d2';

for (const errorShape of ['code', 'nested', 'errorCode', 'detail'] as const) {
  test(`a paid cohort is told from one that cannot be paid yet (${errorShape})`, async (context) => {
    const { caller, built, pass, charges, cohort } = await site(context, { errorShape, secondsUntilBuilt: 2 });
    const id = await built();
    assert.deepEqual(await pay(caller, id, KEY), { refused: 'COHORT_STATUS_INVALID' });
    pass(2);
    const price = (await cohort(id))?.totalPriceUsd;
    const paid = await pay(caller, id, KEY);
    assert.ok(!('refused' in paid));
    assert.deepEqual([paid.status, paid.amountUsd], ['PAID', price]);
    assert.deepEqual(await pay(caller, id, KEY), paid, 'the same key says the same');
    assert.deepEqual(await pay(caller, id, OTHER_KEY), { refused: 'COHORT_ALREADY_PAID' });
    assert.deepEqual(await addSlides(caller, id, [{ caseId: 'c', slideIds: ['s'] }]), {
      refused: 'COHORT_STATUS_INVALID',
    });
    assert.equal(charges(), 1);
  });
}

test('a payment whose answer is lost is in doubt; the same key finds out, and charges once', async (context) => {
  for (const fault of [
    'pay-then-500',
    'pay-then-hang-up',
    'pay-not-charged-500',
    '5xx-burst',
    'malformed-json',
  ] as const) {
    const { caller, built, set, charges } = await site(context);
    const id = await built();
    set(fault);
    const error = await thrownBy(pay(caller, id, KEY));
    assert.equal(error.kind, 'ambiguous', fault);
    assert.doesNotMatch(`${error.message} ${error.orderer}`, new RegExp(`${id}|${KEY}|http`));
    assert.equal(await readCohortStatus(caller, id), /not-charged|burst/.test(fault) ? 'UNPAID' : 'PAID');
    assert.ok(!('refused' in (await pay(caller, id, KEY))));
    assert.equal(charges(), 1, fault);
  }
});

test('a payment that says nothing more than that it was taken is taken', async (context) => {
  const { status, amountUsd } = z
    .record(z.string(), z.unknown())
    .parse(await pay(await host(context, 204, ''), 'x', KEY));
  assert.deepEqual([status, amountUsd], [undefined, undefined]);
});

test('a payment without a key that is a UUID is never sent', async (context) => {
  const { caller, built, account, charges } = await site(context);
  const id = await built();
  const before = account()?.calls.length;
  const error = await thrownBy(pay(caller, id, 'approval 1'));
  assert.deepEqual([error.code, error.kind, error.remedy], ['vendor-rejected', 'permanent', 'hold']);
  assert.equal(account()?.calls.length, before);
  assert.equal(charges(), 0);
});

test('too little money is told, and tops nothing up', async (context) => {
  const { caller, built, account } = await site(context, { balanceUsd: 1 });
  assert.deepEqual(await pay(caller, await built(), KEY), { refused: 'INSUFFICIENT_FUNDS' });
  assert.deepEqual(account()?.billed, {});
  assert.equal((await readBalance(caller)).balance, 1);
});

test('the card is charged only where the site allows it, by an approval of its own, and never twice', async (context) => {
  const lock = lockOf();
  const shut = await site(context);
  const error = await thrownBy(topUp(shut.caller, approvalOf(100), lock));
  assert.deepEqual([error.code, error.kind], ['vendor-rejected', 'permanent']);
  assert.equal(shut.account()?.calls.length, 0);
  const open = await site(context, {}, { allowTopUp: true });
  const wrong = [
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, 10.001].map((amountUsd) => approvalOf(amountUsd)),
    approvalOf(10, { by: ' ' }),
    approvalOf(10, { expires: '2026-11-22T09:00:00Z' }),
    approvalOf(10, { at: '2026-11-22T09:00:01Z' }),
  ];
  for (const approval of wrong) {
    assert.equal((await thrownBy(topUp(open.caller, approval, lock))).kind, 'permanent');
  }
  assert.equal(open.account()?.calls.length, 0);
  const approval = approvalOf(10.05);
  open.set('topup-then-500');
  // Its answer is lost; the account's history tells.
  await topUp(open.caller, approval, lock);
  const again = await Promise.all(Array.from({ length: 5 }, () => thrownBy(topUp(open.caller, approval, lock))));
  assert.ok(again.every(({ code }) => code === 'vendor-rejected'));
  assert.deepEqual(open.account()?.billed, { topups: 1, topup_usd: 10.05 });
  const { items } = await listTransactions(open.caller);
  assert.deepEqual([items[0]?.type, items[0]?.amountUsd], ['TOPUP', 10.05]);
});

test('a charge to the card that nobody knows of is not sent again', async (context) => {
  const { caller, account, set } = await site(context, {}, { allowTopUp: true });
  const lock = lockOf();
  const approval = approvalOf(20);
  set('5xx-burst');
  const error = await thrownBy(topUp(caller, approval, lock));
  assert.equal(error.kind, 'ambiguous');
  assert.equal((await thrownBy(topUp(caller, approval, lock))).code, 'vendor-rejected');
  assert.equal(account()?.billed.topups, undefined);
});

test('a cohort whose creation is in doubt is found by its name', async (context) => {
  for (const [fault, there] of [
    ['create-then-500', 1],
    ['create-then-hang-up', 1],
    ['create-not-created-500', 0],
  ] as const) {
    const { caller, chosen, set } = await site(context);
    const cases = await chosen();
    set(fault);
    assert.equal((await thrownBy(createCohort(caller, 'order 7f', cases))).kind, 'ambiguous');
    const { items } = await listCohorts(caller);
    assert.equal(items.filter(({ name }) => name === 'order 7f').length, there);
  }
});

test('a cohort that is refused for its name, its cases or a slide that is gone is not created', async (context) => {
  const { caller, chosen } = await site(context);
  const cases = await chosen();
  const rows = [
    [createCohort(caller, ' ', cases), 'INVALID_NAME'],
    [createCohort(caller, 'x'.repeat(201), cases), 'INVALID_NAME'],
    [createCohort(caller, 'n', [...cases, ...cases]), 'DUPLICATE_CASES'],
    [createCohort(caller, 'n', []), 'INVALID_PARAMETERS'],
    [createCohort(caller, 'n', [{ caseId: 'none', slideIds: ['s'] }]), 'NOT_FOUND'],
  ] as const;
  for (const [call, code] of rows) {
    const error = await thrownBy(call);
    assert.deepEqual([error.code, error.kind], ['vendor-rejected', 'permanent']);
    assert.ok(error.message.includes(code), error.message);
  }
  assert.equal((await listCohorts(caller)).items.length, 0);
});

test('exactly the slides that are named are in a cohort, and can be added and removed', async (context) => {
  const { caller, chosen, built, cohort } = await site(context);
  const cases = await chosen();
  const id = await built();
  assert.deepEqual((await cohort(id))?.cases, cases);
  const { items } = await searchCases(caller, { organ: ['Breast'] }, { size: 1 });
  const more = items.map(({ caseId, slides }) => ({ caseId, slideIds: slides.map(({ slideId }) => slideId) }));
  assert.equal(await addSlides(caller, id, more), undefined);
  assert.deepEqual((await cohort(id))?.cases, [...cases, ...more]);
  assert.equal(await removeSlides(caller, id, cases), undefined);
  assert.deepEqual((await cohort(id))?.cases, more);
});
