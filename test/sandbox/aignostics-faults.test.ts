/** Each fault of the Aignostics simulator: it is set, what it says happens, and no more often than it was set. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIGNOSTICS_FAULTS, type AignosticsFault } from '../../sandbox/aignostics/faults.ts';
import { fixture } from './openapi-aignostics.ts';
import { type Output, serveAignostics, type Vendor } from './serve-aignostics.ts';

const list = (vendor: Vendor, token?: string) => vendor.call('GET', '/v1/runs?sort=-submitted_at', undefined, token);
const post = (vendor: Vendor) => vendor.call('POST', '/v1/runs', vendor.creation(['a', 'b']));
const count = async (vendor: Vendor): Promise<number> => (await list(vendor)).json().length;
const refresh = (vendor: Vendor) =>
  vendor.form('/oauth/token', {
    ...{ grant_type: 'refresh_token', client_id: 'sandbox-client', refresh_token: 'sandbox-refresh-token' },
  });

/** A finished run and its table of readouts. */
async function results(vendor: Vendor): Promise<{ id: string; artifact: Output; checksum: unknown }> {
  const id = await vendor.finished();
  const [item] = await vendor.readItems(id);
  const artifact = item?.output_artifacts.find(({ name }) => name.endsWith('slide_readouts'));
  assert.ok(artifact);
  return { id, artifact, checksum: artifact.metadata?.checksum_base64_crc32c };
}

/** How the items of the run created under a fault end, and those of the next. */
async function ends(vendor: Vendor, set: () => void) {
  set();
  const reasons = async () =>
    (await vendor.readItems(await vendor.finished(['a', 'b']))).map(({ termination_reason }) => termination_reason);
  return [await reasons(), await reasons()];
}
const SUCCEEDED = ['SUCCEEDED', 'SUCCEEDED'];

const CHECKS: Record<AignosticsFault, (vendor: Vendor, set: () => void) => Promise<void>> = {
  async 'token-expired'(vendor, set) {
    const { access_token: token } = (await refresh(vendor)).json();
    set();
    const answer = await list(vendor, token);
    assert.deepEqual([answer.status, answer.text], [401, 'Jwt is expired']);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal((await list(vendor, token)).status, 401, 'a new one has to be had');
    assert.equal((await list(vendor, (await refresh(vendor)).json().access_token)).status, 200);
  },
  async 'refresh-refused'(vendor, set) {
    set();
    for (let times = 0; times < 2; times++) {
      const answer = await refresh(vendor);
      assert.deepEqual([answer.status, answer.json().error], [403, 'invalid_grant']);
    }
    vendor.level('refresh-refused', 0);
    assert.equal((await refresh(vendor)).status, 200);
  },
  async slow(vendor, set) {
    set();
    const began = performance.now();
    assert.equal((await list(vendor)).status, 200);
    assert.ok(performance.now() - began >= 99);
  },
  async '5xx-burst'(vendor, set) {
    set();
    assert.deepEqual([(await post(vendor)).status, (await post(vendor)).status], [503, 201]);
    assert.equal(await count(vendor), 1);
  },
  async 'rate-limit'(vendor, set) {
    set();
    const answer = await list(vendor);
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '7']);
    assert.equal((await list(vendor)).status, 200);
  },
  async 'malformed-json'(vendor, set) {
    const id = await vendor.create();
    for (const path of ['/v1/runs', `/v1/runs/${id}`, `/v1/runs/${id}/items`, `/v1/runs/${id}/items/a`]) {
      set();
      const answer = await vendor.call('GET', path);
      assert.equal(answer.status, 200);
      assert.throws(() => answer.json(), SyntaxError);
      assert.ok((await vendor.call('GET', path)).json());
    }
  },
  async 'run-created-then-500'(vendor, set) {
    set();
    assert.equal((await post(vendor)).status, 500);
    vendor.pass(60);
    assert.deepEqual([await count(vendor), vendor.billed('runs'), vendor.billed('slides')], [1, 1, 2]);
    assert.equal((await post(vendor)).status, 201);
  },
  async 'run-created-then-timeout'(vendor, set) {
    set();
    await assert.rejects(post(vendor), TypeError);
    vendor.pass(60);
    assert.deepEqual([await count(vendor), vendor.billed('runs'), vendor.billed('slides')], [1, 1, 2]);
  },
  async 'run-not-created-500'(vendor, set) {
    set();
    assert.equal((await post(vendor)).status, 500);
    assert.deepEqual([await count(vendor), vendor.billed('runs')], [0, 0]);
    assert.equal((await post(vendor)).status, 201);
  },
  async 'quota-402'(vendor, set) {
    set();
    const answer = await post(vendor);
    assert.deepEqual([answer.status, answer.json()], [402, fixture('error_402')._http.body]);
    assert.deepEqual([await count(vendor), (await post(vendor)).status], [0, 201]);
  },
  async 'replica-lag-404'(vendor, set) {
    const id = await vendor.create();
    for (const path of [`/v1/runs/${id}`, `/v1/runs/${id}/items`]) {
      set();
      const statuses = [(await vendor.call('GET', path)).status, (await vendor.call('GET', path)).status];
      assert.deepEqual(statuses, [404, 200]);
    }
  },
  async 'list-empty-once'(vendor, set) {
    await vendor.create();
    set();
    assert.deepEqual([await count(vendor), await count(vendor)], [0, 1]);
  },
  async 'item-user-error'(vendor, set) {
    assert.deepEqual(await ends(vendor, set), [['USER_ERROR', 'SUCCEEDED'], SUCCEEDED]);
  },
  async 'item-system-error'(vendor, set) {
    assert.deepEqual(await ends(vendor, set), [['SYSTEM_ERROR', 'SUCCEEDED'], SUCCEEDED]);
  },
  async 'threshold-cancel'(vendor, set) {
    assert.deepEqual(await ends(vendor, set), [['USER_ERROR', 'SKIPPED'], SUCCEEDED]);
    set();
    const run = await vendor.readRun(await vendor.finished(['a']));
    assert.deepEqual([run.termination_reason, run.output], ['CANCELED_BY_SYSTEM', 'NONE'], 'one slide alone, too');
    assert.equal(run.error_code, fixture('run_canceled_by_system_200').error_code);
  },
  async 'never-done'(vendor, set) {
    const before = await vendor.create();
    set();
    const id = await vendor.create(['a', 'b']);
    vendor.pass(30 * 86_400);
    const { state, statistics } = await vendor.readRun(id);
    assert.deepEqual([state, statistics.item_processing_count], ['PROCESSING', 1]);
    assert.equal((await vendor.readRun(before)).state, 'TERMINATED', 'those before are not touched');
    vendor.level('never-done', 0);
    assert.equal((await vendor.readRun(id)).output, 'FULL');
  },
  async 'wrong-checksum'(vendor, set) {
    const { id, artifact } = await results(vendor);
    const right = await vendor.file(id, artifact);
    set();
    const wrong = await vendor.file(id, artifact);
    assert.deepEqual([wrong.status, wrong.bytes.length], [200, right.bytes.length]);
    assert.ok(!wrong.bytes.equals(right.bytes));
    assert.ok((await vendor.file(id, artifact)).bytes.equals(right.bytes));
  },
  async 'artifact-410'(vendor, set) {
    const { id, artifact } = await results(vendor);
    set();
    const path = `/v1/runs/${id}/artifacts/${artifact.output_artifact_id}/file`;
    assert.deepEqual([(await vendor.call('GET', path)).status, (await vendor.call('GET', path)).status], [410, 307]);
  },
  async 'storage-403-expired'(vendor, set) {
    const { id, artifact } = await results(vendor);
    set();
    const answer = await vendor.file(id, artifact);
    assert.deepEqual([answer.status, /<Code>ExpiredToken</.test(answer.text)], [403, true]);
    assert.equal((await vendor.file(id, artifact)).status, 200);
  },
  async 'storage-cut'(vendor, set) {
    const { id, artifact } = await results(vendor);
    set();
    await assert.rejects(vendor.file(id, artifact), TypeError);
    assert.equal((await vendor.file(id, artifact)).status, 200);
  },
};

for (const fault of AIGNOSTICS_FAULTS) {
  const { name, what } = fault;
  const lasts = 'unit' in fault;
  test(`${name}: ${what}`, async (t) => {
    const vendor = await serveAignostics(t);
    await CHECKS[name](vendor, () => (lasts ? vendor.level(name, 1) : vendor.set(name)));
  });
}
