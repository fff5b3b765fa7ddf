import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { HEMATO_FAULTS } from '../../sandbox/hemato/faults.ts';
import type { HematoOptions } from '../../sandbox/hemato/routes.ts';
import { fixture, SMEAR, serveHemato } from './serve-hemato.ts';

type Vendor = Awaited<ReturnType<typeof serveHemato>>;
type FaultName = (typeof HEMATO_FAULTS)[number]['name'];

const report = z.object({
  results: z.looseObject({
    feature_statistics: z.record(z.string(), z.strictObject({ value: z.string(), unit: z.string() })),
    morphological_findings: z.record(z.string(), z.object({ count: z.string(), heat_map: z.array(z.unknown()) })),
    diagnostic_report: z.object({ differential_diagnosis: z.array(z.unknown()) }),
    pathology_report: z.string(),
  }),
});
const empty = z.object({ results: z.strictObject({ pbs_study_id: z.string(), report: z.strictObject({}) }) });
const callback = z.strictObject({ pbs_stody_id: z.uuid(), report_status: z.literal('ready'), progress: z.literal(1) });

const bills = (vendor: Vendor) => vendor.account()?.billed.studies ?? 0;
const hello = async (vendor: Vendor) => (await vendor.call('POST', '/auth/hello')).status;
const readReport = async (vendor: Vendor, id: string) => report.parse((await vendor.report(id)).json()).results;

/** A study with its picture, whose tasks nobody has asked for. */
async function filled(vendor: Vendor): Promise<string> {
  const id = await vendor.study();
  await vendor.upload(id);
  return id;
}

/** Receives callbacks on a port of its own; `next` settles with the next one, and `all` has them all. */
async function receiver(test: TestContext) {
  const all: unknown[] = [];
  const waiting: ((id: string) => void)[] = [];
  const server = createServer(async (request, response) => {
    const body = await json(request);
    all.push(body);
    response.end();
    waiting.shift()?.(callback.parse(body).pbs_stody_id);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    all,
    url: `http://127.0.0.1:${port}/callbacks/token`,
    next: () => new Promise<string>((resolve) => waiting.push(resolve)),
  };
}

/** Asks for a study's tasks, to be told at a URL; gives the study's id. */
async function told(vendor: Vendor, url: string): Promise<string> {
  const id = await filled(vendor);
  assert.equal((await vendor.tasks(id, ['pbs_v1'], { callback_url: url })).status, 202);
  return id;
}

/** One check a fault: it is set once, and what it says happens once. */
const CHECKS: Record<FaultName, (vendor: Vendor, t: TestContext) => Promise<void>> = {
  async 'token-expired'(vendor) {
    const refused = await vendor.create();
    assert.deepEqual([refused.status, refused.json()], [401, fixture('error_401')]);
    assert.equal((await vendor.create()).status, 201);
  },
  async 'unauthorized-forever'(vendor) {
    assert.deepEqual([await hello(vendor), await hello(vendor)], [401, 401]);
    assert.equal((await vendor.login()).status, 202);
    vendor.faults.setLevel('hemato', 'unauthorized-forever', 0);
    assert.equal(await hello(vendor), 200);
  },
  async 'region-403'(vendor) {
    const refused = await vendor.create();
    assert.deepEqual([refused.status, refused.json()], [403, fixture('error_403')]);
    assert.equal(await hello(vendor), 200);
  },
  async 'rate-limit-429'(vendor) {
    const refused = await vendor.create();
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '2']);
    assert.equal(await hello(vendor), 200);
  },
  async slow(vendor) {
    const begun = performance.now();
    assert.equal((await vendor.call('GET', '/heartbeat', { authorization: null })).status, 200);
    assert.ok(performance.now() - begun >= 95);
  },
  async 'study-created-answer-lost'(vendor) {
    await vendor.token();
    await assert.rejects(vendor.create(), TypeError);
    assert.match(vendor.account()?.calls.at(-1)?.keys?.pbs_study_id ?? '', /^[0-9a-f-]{36}$/);
    assert.equal((await vendor.create()).status, 201);
  },
  async 'no-type-400'(vendor) {
    const id = await vendor.study();
    const refused = await vendor.upload(id);
    assert.deepEqual([refused.status, refused.json()], [400, fixture('file_upload_400_unknown_type')]);
    assert.equal((await vendor.upload(id)).status, 201);
  },
  async 'upload-500'(vendor) {
    const id = await vendor.study();
    const refused = await vendor.upload(id);
    assert.deepEqual([refused.status, refused.json()], [500, fixture('error_500')]);
    assert.equal((await vendor.status(id)).report_status, 'created');
    assert.equal((await vendor.upload(id)).status, 201);
  },
  async 'upload-cut'(vendor) {
    const id = await vendor.study();
    await assert.rejects(vendor.upload(id), TypeError);
    assert.equal((await vendor.status(id)).report_status, 'created');
    assert.equal((await vendor.upload(id)).status, 201);
  },
  async 'tasks-taken-then-500'(vendor) {
    const id = await filled(vendor);
    assert.equal((await vendor.tasks(id)).status, 500);
    assert.equal(bills(vendor), 1);
    assert.equal((await vendor.status(id)).report_status, 'processing');
  },
  async 'tasks-taken-then-timeout'(vendor) {
    const id = await filled(vendor);
    await assert.rejects(vendor.tasks(id), TypeError);
    assert.equal(bills(vendor), 1);
    assert.equal((await vendor.status(id)).report_status, 'processing');
  },
  async 'tasks-not-taken-500'(vendor) {
    const id = await filled(vendor);
    assert.equal((await vendor.tasks(id)).status, 500);
    assert.equal(bills(vendor), 0);
    assert.equal((await vendor.status(id)).report_status, 'uploading');
    assert.equal((await vendor.tasks(id)).status, 202);
  },
  async 'never-ready'(vendor) {
    const id = await vendor.done();
    vendor.turn(3_000);
    assert.deepEqual((await vendor.status(id)).progress, 0.95);
    empty.parse((await vendor.report(id)).json());
    vendor.faults.setLevel('hemato', 'never-ready', 0);
    assert.equal((await vendor.status(id)).report_status, 'ready');
  },
  async 'failed-study'(vendor) {
    const id = await vendor.done();
    const { report_status, progress } = await vendor.status(id);
    assert.deepEqual([report_status, progress, bills(vendor)], ['failed', 0.5, 0]);
    empty.parse((await vendor.report(id)).json());
    assert.equal((await vendor.status(await vendor.done())).report_status, 'ready');
  },
  async 'status-path-404'(vendor) {
    const id = await vendor.done();
    assert.equal((await vendor.call('GET', `/pbs/${id}/status`)).status, 404);
    assert.equal((await vendor.status(id)).report_status, 'ready');
  },
  async 'study-lost-404'(vendor) {
    const id = await vendor.done();
    for (const path of ['status', 'status', 'report']) {
      assert.deepEqual((await vendor.call('GET', `/pbs/${id}/${path}`)).json(), fixture('error_404'));
    }
  },
  async 'not-ready-empty-report'(vendor) {
    const id = await vendor.done();
    assert.equal((await vendor.status(id)).report_status, 'ready');
    empty.parse((await vendor.report(id)).json());
    await readReport(vendor, id);
  },
  async 'placeholder-values'(vendor) {
    const id = await vendor.done();
    for (let look = 0; look < 2; look++) {
      const { feature_statistics, morphological_findings } = await readReport(vendor, id);
      assert.ok(Object.values(feature_statistics).every(({ value, unit }) => value === 'x' && unit === 'y'));
      assert.ok(Object.values(morphological_findings).every(({ count }) => count === 'x'));
    }
    const { feature_statistics } = await readReport(vendor, await vendor.done());
    assert.match(feature_statistics['rbc-density']?.value ?? '', /^\d\.\d+$/);
  },
  async 'negative-result'(vendor) {
    const id = await vendor.done();
    const { morphological_findings, diagnostic_report } = await readReport(vendor, id);
    assert.ok(Object.values(morphological_findings).every((one) => one.count === '0' && one.heat_map.length === 0));
    assert.deepEqual(diagnostic_report.differential_diagnosis, []);
    const { morphological_findings: next } = await readReport(vendor, await vendor.done());
    assert.equal(next['ring trophozoite']?.count, '3');
  },
  async 'revised-report'(vendor) {
    vendor.set('revised-report', 0);
    const id = await vendor.done();
    const first = await readReport(vendor, id);
    vendor.set('revised-report');
    const revised = await readReport(vendor, id);
    assert.deepEqual(await readReport(vendor, id), revised);
    assert.notDeepEqual(revised.feature_statistics, first.feature_statistics);
    assert.equal(revised.morphological_findings['ring trophozoite']?.count, '2');
    assert.match(revised.pathology_report, /Revision 1/);
    assert.equal(bills(vendor), 1);
  },
  async 'malformed-json'(vendor) {
    const id = await vendor.done();
    for (const path of ['status', 'report']) {
      vendor.set('malformed-json');
      const cut = await vendor.call('GET', `/pbs/${id}/${path}`);
      assert.equal(cut.status, 200);
      assert.throws(cut.json, SyntaxError);
    }
    await readReport(vendor, id);
  },
  async 'callback-duplicate'(vendor, t) {
    const hook = await receiver(t);
    const both = Promise.all([hook.next(), hook.next()]);
    const id = await told(vendor, hook.url);
    assert.deepEqual(await both, [id, id]);
  },
  async 'callback-late'(vendor, t) {
    const hook = await receiver(t);
    const next = hook.next();
    const begun = performance.now();
    const id = await told(vendor, hook.url);
    assert.equal(await next, id);
    assert.ok(performance.now() - begun >= 145, 'the time until it is ready, and as much as it is late');
  },
  async 'callback-missing'(vendor, t) {
    const hook = await receiver(t);
    await told(vendor, hook.url);
    const next = hook.next();
    const id = await told(vendor, hook.url);
    assert.equal(await next, id);
    assert.equal(hook.all.length, 1);
  },
  async 'callback-forged'(vendor, t) {
    const hook = await receiver(t);
    const [forged, real] = [hook.next(), hook.next()];
    const first = await told(vendor, hook.url);
    const made = await forged;
    assert.notEqual(made, first);
    assert.equal((await vendor.call('GET', `/pbs/${made}/status`)).status, 404);
    const second = await told(vendor, hook.url);
    assert.equal(await real, second);
  },
};

for (const { name, what, ...fault } of HEMATO_FAULTS) {
  test(`${name}: ${what}`, async (t) => {
    const isCallback = name.startsWith('callback-');
    const options: HematoOptions = { slowMs: 100, secondsUntilReady: isCallback ? 0.05 : 2 };
    const vendor = await serveHemato(t, options);
    await vendor.token();
    if ('unit' in fault) {
      vendor.faults.setLevel('hemato', name, 1);
    } else {
      vendor.set(name);
    }
    await CHECKS[name](vendor, t);
    assert.deepEqual(
      vendor.faults.list().filter(({ times, level = 0 }) => times > 0 || level > 0),
      [],
    );
  });
}

test("the callback has the documents' misspelt key, and comes once; where nobody hears it, nothing happens", async (t) => {
  const calls: unknown[] = [];
  const callbackFetch: typeof fetch = async (_url, init) => {
    calls.push(callback.parse(JSON.parse(String(init?.body))));
    throw new TypeError('fetch failed');
  };
  const vendor = await serveHemato(t, { secondsUntilReady: 0, callbackFetch });
  const hook = await receiver(t);
  const id = await told(vendor, 'http://127.0.0.1:9/nobody');
  const other = await serveHemato(t, { secondsUntilReady: 0 });
  const next = hook.next();
  await told(other, hook.url);
  await next;
  assert.deepEqual(calls, [
    { ...z.record(z.string(), z.unknown()).parse(fixture('callback_ready')), pbs_stody_id: id },
  ]);
  assert.equal(hook.all.length, 1);
  assert.equal((await vendor.upload(await vendor.study(), SMEAR)).status, 201);
});
