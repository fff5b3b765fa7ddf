/** Each fault of the Haut.AI simulator: it is set, what it says happens, and no more often than it was set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { HAUTAI_FAULTS, type HautaiFault } from '../../sandbox/hautai/faults.ts';
import { assertShape, COMPANY_V3, fixture, PHOTO, SUBJECTS, serveHautai, type Vendor } from './serve-hautai.ts';

const { username, password } = HAUTAI_DEFAULTS;
const login = (vendor: Vendor) => vendor.call('POST', '/api/v1/auth/login/', { username, password }, null);
const list = (vendor: Vendor, token?: string) => vendor.call('GET', SUBJECTS, undefined, token);
const count = async (answer: { json(): unknown }) => z.object({ count: z.int() }).parse(answer.json()).count;

async function announced(vendor: Vendor) {
  const { front, image_batch_id } = await vendor.open(await vendor.subject());
  return { place: front ?? assert.fail('no place'), batch: image_batch_id };
}

async function maskOf(vendor: Vendor): Promise<string> {
  const found = await vendor.finished(await vendor.uploaded());
  return found.parameters.lines?.masks?.front?.anonymised ?? assert.fail('no mask');
}

/** A PUT that fails once, keeps nothing, and can be repeated at once. */
async function failingPut(vendor: Vendor, failing: (put: () => ReturnType<Vendor['put']>) => Promise<void>) {
  const { place, batch } = await announced(vendor);
  await failing(() => vendor.put(place, PHOTO));
  assert.equal((await vendor.compute(batch)).status, 400, 'nothing was kept');
  assert.equal((await vendor.put(place, PHOTO)).status, 200);
  assert.equal((await vendor.compute(batch)).status, 200);
}

const CHECKS: Record<HautaiFault, (vendor: Vendor, set: () => void) => Promise<void>> = {
  async 'token-expired'(vendor, set) {
    const { access_token } = z.object({ access_token: z.string() }).parse((await login(vendor)).json());
    set();
    const answer = await list(vendor, access_token);
    assert.equal(answer.status, 401);
    assertShape(answer.json(), fixture('error_401'));
    assert.equal((await list(vendor, access_token)).status, 401, 'a log-in has to be made anew');
    set();
    assert.deepEqual([(await list(vendor)).status, (await list(vendor)).status], [401, 200]);
  },
  async unauthorized(vendor, set) {
    set();
    assert.deepEqual([(await list(vendor)).status, (await list(vendor)).status], [401, 401]);
    vendor.level('unauthorized', 0);
    assert.equal((await list(vendor)).status, 200);
  },
  async 'rate-limit-429'(vendor, set) {
    set();
    const answer = await list(vendor);
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '12']);
    assert.deepEqual(answer.json(), fixture('error_429'));
    assert.equal((await list(vendor)).status, 200);
  },
  async 'login-throttled-429'(vendor, set) {
    set();
    assert.equal((await list(vendor)).status, 200, 'only log-ins');
    assert.deepEqual([(await login(vendor)).status, (await login(vendor)).status], [429, 200]);
  },
  async slow(vendor, set) {
    set();
    const began = performance.now();
    assert.equal((await list(vendor)).status, 200);
    assert.ok(performance.now() - began >= 99);
  },
  async 'subject-created-answer-lost'(vendor, set) {
    set();
    await assert.rejects(vendor.call('POST', SUBJECTS, { name: 'pseud-lost' }), TypeError);
    assert.equal(await count(await vendor.call('GET', `${SUBJECTS}?q=pseud-lost`)), 1);
    assert.ok(await vendor.subject());
  },
  async 'batch-opened-answer-lost'(vendor, set) {
    const subject = await vendor.subject();
    set();
    await assert.rejects(vendor.open(subject), TypeError);
    assert.equal(await count(await vendor.call('GET', `${COMPANY_V3}/batches/?subject_id=${subject}`)), 1);
    assert.ok(await vendor.open(subject));
  },
  async 'storage-403-expired'(vendor, set) {
    await failingPut(vendor, async (put) => {
      set();
      const answer = await put();
      assert.deepEqual([answer.status, /<Code>ExpiredToken</.test(answer.text)], [403, true]);
    });
  },
  async 'storage-500'(vendor, set) {
    await failingPut(vendor, async (put) => {
      set();
      const answer = await put();
      assert.deepEqual([answer.status, /<Code>InternalError</.test(answer.text)], [500, true]);
    });
  },
  async 'upload-cut'(vendor, set) {
    await failingPut(vendor, async (put) => {
      set();
      await assert.rejects(put(), TypeError);
    });
  },
  async 'compute-taken-then-500'(vendor, set) {
    const batch = await vendor.uploaded();
    set();
    const answer = await vendor.compute(batch);
    assert.equal(answer.status, 500);
    assert.deepEqual(answer.json(), fixture('error_500'));
    vendor.pass(2);
    assert.deepEqual([vendor.analyses(), (await vendor.block(batch)) !== undefined], [1, true]);
    assert.deepEqual([(await vendor.compute(batch)).status, vendor.analyses()], [200, 1]);
  },
  async 'compute-taken-then-timeout'(vendor, set) {
    const batch = await vendor.uploaded();
    set();
    await assert.rejects(vendor.compute(batch), TypeError);
    vendor.pass(2);
    assert.deepEqual([vendor.analyses(), (await vendor.block(batch)) !== undefined], [1, true]);
  },
  async 'compute-not-taken-500'(vendor, set) {
    const batch = await vendor.uploaded();
    set();
    assert.equal((await vendor.compute(batch)).status, 500);
    vendor.pass(60);
    assert.deepEqual([vendor.analyses(), await vendor.block(batch)], [0, undefined]);
    assert.ok(await vendor.finished(batch));
  },
  async 'plan-used-up-403'(vendor, set) {
    const batch = await vendor.uploaded();
    set();
    assert.deepEqual([(await vendor.compute(batch)).status, vendor.analyses()], [403, 0]);
    assert.equal((await vendor.compute(batch)).status, 200);
  },
  async 'results-key-missing'(vendor, set) {
    const batch = await vendor.uploaded();
    await vendor.finished(batch);
    set();
    assert.equal(await vendor.block(batch), undefined);
    assert.ok(await vendor.block(batch));
  },
  async 'partial-forever'(vendor, set) {
    const before = await vendor.uploaded();
    await vendor.finished(before);
    set();
    const batch = await vendor.uploaded();
    await vendor.compute(batch);
    vendor.pass(10_000);
    const found = await vendor.block(batch);
    assert.deepEqual([found?.all_algorithms_calculated, Object.keys(found?.parameters ?? {}).length], [false, 17]);
    assert.equal((await vendor.block(before))?.all_algorithms_calculated, true, 'those before are not touched');
    vendor.level('partial-forever', 0);
    assert.equal((await vendor.block(batch))?.all_algorithms_calculated, true);
  },
  async 'never-done'(vendor, set) {
    set();
    const batch = await vendor.uploaded();
    await vendor.compute(batch);
    vendor.pass(10_000);
    assert.deepEqual([await vendor.block(batch), vendor.analyses()], [undefined, 1]);
    vendor.level('never-done', 0);
    assert.ok(await vendor.block(batch));
  },
  async 'malformed-json'(vendor, set) {
    const batch = await vendor.uploaded();
    await vendor.finished(batch);
    set();
    const answer = await vendor.readResults(batch);
    assert.equal(answer.status, 200);
    assert.throws(() => answer.json(), SyntaxError);
    assert.ok(await vendor.block(batch));
  },
  async 'detection-error'(vendor, set) {
    set();
    const batch = await vendor.uploaded();
    const found = await vendor.finished(batch);
    const recorded = z.object({ face_skin_metrics_3: z.looseObject({}) }).parse(fixture('results_detection_error_200'));
    const { image_batch_id, subject_id } = found;
    assert.deepEqual(found, { ...recorded.face_skin_metrics_3, image_batch_id, subject_id });
    assert.deepEqual(await vendor.block(batch), found, 'it is said again');
    assert.deepEqual((await vendor.finished(await vendor.uploaded())).detection_errors, {});
  },
  async 'no-parameters'(vendor, set) {
    set();
    const found = await vendor.finished(await vendor.uploaded());
    assert.deepEqual([found.all_algorithms_calculated, found.parameters, found.detection_errors], [true, {}, {}]);
  },
  async 'scores-0-to-1'(vendor, set) {
    set();
    const share = await vendor.finished(await vendor.uploaded());
    const whole = await vendor.finished(await vendor.uploaded());
    assert.equal(share.parameters.lines?.score, (whole.parameters.lines?.score ?? 0) / 100);
    assert.ok((whole.parameters.lines?.score ?? 0) > 1);
  },
  async 'svg-with-script'(vendor, set) {
    set();
    const hostile = await vendor.get(await maskOf(vendor));
    assert.match(hostile.text, /<script>[\s\S]*<foreignObject/);
    assert.match(hostile.text, /<svg [^>]*onload=/);
    assert.doesNotMatch((await vendor.get(await maskOf(vendor))).text, /script|onload|https:\/\//);
  },
  async 'mask-expired'(vendor, set) {
    const url = await maskOf(vendor);
    set();
    const answer = await vendor.get(url);
    assert.deepEqual([answer.status, /<Code>ExpiredToken</.test(answer.text)], [403, true]);
    assert.equal((await vendor.get(url)).status, 200);
  },
  async 'mask-missing'(vendor, set) {
    const url = await maskOf(vendor);
    set();
    const answer = await vendor.get(url);
    assert.deepEqual([answer.status, /<Code>NoSuchKey</.test(answer.text)], [404, true]);
    assert.equal((await vendor.get(url)).status, 200);
  },
  // What the webhooks do is seen in hautai-webhooks.test.ts; here, that they change nothing of the results.
  'webhook-duplicate': webhooksAside,
  'webhook-missing': webhooksAside,
  'webhook-timeout-partial': webhooksAside,
};

async function webhooksAside(vendor: Vendor, set: () => void): Promise<void> {
  set();
  assert.equal(Object.keys((await vendor.finished(await vendor.uploaded())).parameters).length, 27);
}

for (const fault of HAUTAI_FAULTS) {
  const { name, what } = fault;
  const lasts = 'unit' in fault;
  test(`${name}: ${what}`, async (t) => {
    const vendor = await serveHautai(t);
    await CHECKS[name](vendor, () => (lasts ? vendor.level(name, 1) : vendor.set(name)));
  });
}
