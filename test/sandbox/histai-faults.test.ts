/** Each fault of the HistAI simulator: it is set, what it says happens, and no more often than it was set. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { ErrorCode } from '../../sandbox/histai/errors.ts';
import { HISTAI_FAULTS, type HistaiFault } from '../../sandbox/histai/faults.ts';
import { assertRefused, CASES, COHORTS, serveHistai, TOPUP, type Vendor } from './serve-histai.ts';

type Check = (vendor: Vendor, set: () => void) => Promise<void>;

const list = (vendor: Vendor) => vendor.call('GET', COHORTS);

/** Once refused, and the next call is taken. */
const refusedOnce =
  (status: number, code: ErrorCode): Check =>
  async (vendor, set) => {
    set();
    assertRefused(await list(vendor), status, code);
    assert.equal((await list(vendor)).status, 200);
  };

const someCase = async (vendor: Vendor) =>
  (await vendor.search({ organ: ['Lung'] })).slice(0, 1).map(({ caseId }) => ({ caseId }));

async function fileOf(vendor: Vendor) {
  const id = await vendor.exported();
  const [file] = await vendor.files(id);
  assert.ok(file);
  const { url } = await vendor.file(id, file.fileId);
  return { id, url, path: `${COHORTS}/${id}/export/files/${file.fileId}`, size: file.sizeBytes };
}

/** A payment that was taken although its answer is lost: the key finds it, and nothing is charged again. */
const chargedOnce =
  (lose: (vendor: Vendor, id: string, key: string) => Promise<void>): Check =>
  async (vendor, set) => {
    const [id, key] = [await vendor.built(), randomUUID()];
    set();
    await lose(vendor, id, key);
    assert.deepEqual([await vendor.status(id), vendor.charges()], ['PAID', 1]);
    assert.equal((await vendor.pay(id, key)).status, 200);
    assertRefused(await vendor.pay(id), 409, 'COHORT_ALREADY_PAID');
    assert.equal(vendor.charges(), 1);
  };

/** A payment that was not taken. */
const notCharged =
  (status: number, code: ErrorCode): Check =>
  async (vendor, set) => {
    const [id, key, before] = [await vendor.built(), randomUUID(), await vendor.balance()];
    set();
    assertRefused(await vendor.pay(id, key), status, code);
    assert.deepEqual([await vendor.status(id), vendor.charges(), await vendor.balance()], ['UNPAID', 0, before]);
    assert.equal((await vendor.pay(id, key)).status, 200);
    assert.equal(vendor.charges(), 1);
  };

const CHECKS: Record<HistaiFault, Check> = {
  async '5xx-burst'(vendor, set) {
    const cases = await someCase(vendor);
    set();
    assert.equal((await vendor.create(cases)).status, 503);
    assert.deepEqual(await vendor.cohorts(), []);
  },
  async 'rate-limit'(vendor, set) {
    set();
    const answer = await list(vendor);
    assertRefused(answer, 429, 'RATE_LIMITED');
    const headers = ['retry-after', 'x-ratelimit-limit', 'x-ratelimit-remaining'].map((name) =>
      answer.headers.get(name),
    );
    assert.deepEqual(headers, ['7', '120', '0']);
    assert.equal((await list(vendor)).status, 200);
  },
  async slow(vendor, set) {
    set();
    const began = performance.now();
    assert.equal((await list(vendor)).status, 200);
    assert.ok(performance.now() - began >= 99);
  },
  async 'malformed-json'(vendor, set) {
    set();
    const answer = await vendor.call('GET', CASES);
    assert.equal(answer.status, 200);
    assert.throws(() => answer.json(), SyntaxError);
    assert.ok((await vendor.call('GET', CASES)).json());
  },
  'invalid-key': refusedOnce(401, 'INVALID_API_KEY'),
  'api-key-not-allowed': refusedOnce(403, 'API_KEY_NOT_ALLOWED'),
  'subscription-required': refusedOnce(402, 'SUBSCRIPTION_REQUIRED'),
  'storage-overage': refusedOnce(402, 'STORAGE_OVERAGE'),
  async 'filter-ignored'(vendor, set) {
    set();
    assert.equal((await vendor.search({ organ: ['Ovary'] })).length, 360);
    assert.ok((await vendor.search({ organ: ['Ovary'] })).length < 360);
  },
  async 'create-then-500'(vendor, set) {
    const cases = await someCase(vendor);
    set();
    assertRefused(await vendor.create(cases, 'lost'), 500, 'INTERNAL_ERROR');
    assert.deepEqual(
      (await vendor.cohorts()).map(({ name }) => name),
      ['lost'],
    );
    assert.equal((await vendor.create(cases)).status, 201);
  },
  async 'create-not-created-500'(vendor, set) {
    const cases = await someCase(vendor);
    set();
    assertRefused(await vendor.create(cases), 500, 'INTERNAL_ERROR');
    assert.deepEqual(await vendor.cohorts(), []);
    assert.equal((await vendor.create(cases)).status, 201);
  },
  async 'create-then-hang-up'(vendor, set) {
    const cases = await someCase(vendor);
    set();
    await assert.rejects(vendor.create(cases, 'lost'), TypeError);
    assert.deepEqual(
      (await vendor.cohorts()).map(({ name }) => name),
      ['lost'],
    );
    assert.equal((await vendor.create(cases)).status, 201);
  },
  async 'list-empty-once'(vendor, set) {
    await vendor.built();
    set();
    assert.deepEqual([(await vendor.cohorts()).length, (await vendor.cohorts()).length], [0, 1]);
  },
  async 'build-failed'(vendor, set) {
    set();
    const id = await vendor.built();
    assert.equal(await vendor.status(id), 'FAILED');
    assertRefused(await vendor.pay(id), 409, 'COHORT_STATUS_INVALID');
    assert.equal(await vendor.status(await vendor.built()), 'UNPAID');
  },
  async 'never-built'(vendor, set) {
    const before = await vendor.built();
    set();
    const id = await vendor.built();
    vendor.pass(86_400);
    assert.deepEqual([await vendor.status(before), await vendor.status(id)], ['UNPAID', 'BUILDING']);
    vendor.level('never-built', 0);
    assert.equal(await vendor.status(id), 'UNPAID');
  },
  async 'price-changed'(vendor, set) {
    const id = await vendor.built();
    const { totalPriceUsd: price } = await vendor.cohort(id);
    set();
    for (let times = 0; times < 2; times++) {
      assert.equal((await vendor.cohort(id)).totalPriceUsd, price + 7);
    }
    assert.equal((await vendor.cohorts())[0]?.totalPriceUsd, price + 7);
    await vendor.pay(id);
    assert.equal(vendor.account().billed.usd, price + 7);
  },
  'insufficient-funds': notCharged(402, 'INSUFFICIENT_FUNDS'),
  'pay-not-charged-500': notCharged(500, 'INTERNAL_ERROR'),
  'pay-then-500': chargedOnce(async (vendor, id, key) => {
    assertRefused(await vendor.pay(id, key), 500, 'INTERNAL_ERROR');
  }),
  'pay-then-hang-up': chargedOnce(async (vendor, id, key) => {
    await assert.rejects(vendor.pay(id, key), TypeError);
  }),
  async 'topup-then-500'(vendor, set) {
    const before = await vendor.balance();
    set();
    assertRefused(await vendor.call('POST', TOPUP, { json: { amountUsd: 100 } }), 500, 'INTERNAL_ERROR');
    assert.deepEqual([vendor.account().billed.topups, await vendor.balance()], [1, before + 100]);
    assert.equal((await vendor.call('POST', TOPUP, { json: { amountUsd: 100 } })).status, 200);
    assert.equal(vendor.account().billed.topups, 2);
  },
  async 'export-never-ready'(vendor, set) {
    set();
    const id = await vendor.exported();
    vendor.pass(86_400);
    assert.equal(await vendor.exportStatus(id), 'PREPARING');
    assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/manifest`), 409, 'EXPORT_NOT_READY');
    vendor.level('export-never-ready', 0);
    assert.equal(await vendor.exportStatus(id), 'READY');
  },
  async 'export-failed'(vendor, set) {
    set();
    const id = await vendor.exported();
    assert.equal(await vendor.exportStatus(id), 'FAILED');
    assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/files`), 404, 'NOT_FOUND');
    assert.equal(await vendor.exportStatus(await vendor.exported()), 'READY');
  },
  async 'window-expired'(vendor, set) {
    const { path } = await fileOf(vendor);
    set();
    assertRefused(await vendor.call('GET', path), 410, 'EXPORT_WINDOW_EXPIRED');
    assert.equal((await vendor.call('GET', path)).status, 200);
  },
  async 'link-expired'(vendor, set) {
    const { url } = await fileOf(vendor);
    set();
    const answer = await vendor.get(url);
    assert.deepEqual([answer.status, /<Code>AccessDenied</.test(answer.text)], [403, true]);
    assert.equal((await vendor.get(url)).status, 200);
  },
  async 'storage-cut'(vendor, set) {
    const { url, size } = await fileOf(vendor);
    set();
    const answer = await fetch(url);
    assert.deepEqual([answer.status, answer.headers.get('content-length')], [200, String(size)]);
    let got = 0;
    await assert.rejects(async () => {
      for await (const piece of answer.body ?? []) {
        got += piece.length;
      }
    }, TypeError);
    assert.ok(got > 0 && got < size, `${got} of ${size}`);
    const rest = await vendor.get(url, { Range: `bytes=${got}-` });
    assert.deepEqual([rest.status, rest.bytes.length], [206, size - got]);
  },
  async 'wrong-size'(vendor, set) {
    const { url, size } = await fileOf(vendor);
    set();
    const answer = await vendor.get(url);
    assert.deepEqual([answer.status, answer.bytes.length], [200, size - 100]);
    assert.equal((await vendor.get(url)).bytes.length, size);
  },
};

for (const fault of HISTAI_FAULTS) {
  const { name, what } = fault;
  const lasts = 'unit' in fault;
  test(`${name}: ${what}`, async (t) => {
    const vendor = await serveHistai(t);
    await CHECKS[name](vendor, () => (lasts ? vendor.level(name, 1) : vendor.set(name)));
  });
}
