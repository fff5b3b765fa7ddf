/** The webhooks: who gets one, with which credentials, how often, and what stands in it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { assertShape, COMPANY, fixture, serveHautai, type Vendor } from './serve-hautai.ts';

interface Call {
  method: string;
  path: string;
  authorization: string | undefined;
  body: string;
}

const payload = z.looseObject({
  application_name: z.string(),
  image_batch_id: z.uuid(),
  results: z.record(z.string(), z.looseObject({ all_algorithms_calculated: z.boolean() }).nullable()),
});

/** Somebody who listens, and says when `count` calls have come. */
async function listener(t: TestContext) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    calls.push({ method, path, authorization: headers.authorization, body: await text(request) });
    response.end();
    server.emit('call');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}/hooks/haut?site=a`,
    calls,
    async heard(count: number): Promise<Call[]> {
      while (calls.length < count) {
        await once(server, 'call', { signal: AbortSignal.timeout(5_000) });
      }
      return calls.splice(0);
    },
  };
}

const HOOKS = `${COMPANY}/datasets/${HAUTAI_DEFAULTS.datasetId}/webhooks/`;
const setUp = async (vendor: Vendor, url: string, others: object = {}) => {
  const answer = await vendor.call('POST', HOOKS, { ...Object(fixture('webhook_create_request')), url, ...others });
  assert.equal(answer.status, 201, answer.text);
  assertShape(answer.json(), fixture('webhook_create_201'));
};
const withAllApplications = (vendor: Vendor) =>
  vendor.call('POST', `${COMPANY}/applications/product_recommendations/attach-to-dataset/?resolve_dependencies=true`, {
    dataset_id: HAUTAI_DEFAULTS.datasetId,
  });

/** Computes a batch and lets its time pass as the plan says. */
async function computed(vendor: Vendor): Promise<string> {
  const batch = await vendor.uploaded();
  await vendor.compute(batch);
  for (const { run, milliseconds } of vendor.planned()) {
    vendor.pass(milliseconds / 1000);
    run();
  }
  return batch;
}

test('merged, one call says that all applications of the batch are done', async (t) => {
  const [vendor, heard] = [await serveHautai(t), await listener(t)];
  await withAllApplications(vendor);
  await setUp(vendor, heard.url);
  const batch = await computed(vendor);
  const [call] = await heard.heard(1);
  assert.deepEqual(
    [call?.method, call?.path, call?.authorization],
    ['POST', '/hooks/haut?site=a', 'Bearer example-shared-secret'],
  );
  const body = z
    .object({ image_batch_id: z.uuid(), applications: z.array(payload) })
    .parse(JSON.parse(call?.body ?? ''));
  assert.deepEqual([body.image_batch_id, body.applications.length], [batch, 3]);
  assert.ok((call?.body.length ?? 0) < 1_000_000);
});

test('not merged, each application has a call of its own', async (t) => {
  const [vendor, heard] = [await serveHautai(t), await listener(t)];
  await withAllApplications(vendor);
  await setUp(vendor, heard.url, { merge_webhooks: false });
  const batch = await computed(vendor);
  const bodies = (await heard.heard(3)).map(({ body }) => payload.parse(JSON.parse(body)));
  assert.equal(new Set(bodies.map(({ application_name }) => application_name)).size, 3);
  assert.ok(bodies.every((body) => body.image_batch_id === batch));
});

test('the credentials go where the settings say; a GET has no body', async (t) => {
  const [vendor, heard] = [await serveHautai(t), await listener(t)];
  const settings = { authorization_key: 'user', authorization_value: 'pass word' };
  await setUp(vendor, heard.url, { ...settings, authorization: 'query', method: 'get' });
  await computed(vendor);
  const [asked] = await heard.heard(1);
  assert.deepEqual([asked?.method, asked?.path, asked?.body], ['GET', '/hooks/haut?site=a&user=pass+word', '']);
  await setUp(vendor, heard.url, { ...settings, authorization: 'basic' });
  await computed(vendor);
  const [basic] = await heard.heard(1);
  assert.equal(basic?.authorization, `Basic ${Buffer.from('user:pass word').toString('base64')}`);
});

test('it is sent twice, not at all, or before its time, as the faults say', async (t) => {
  const [vendor, heard] = [await serveHautai(t), await listener(t)];
  await setUp(vendor, heard.url, { merge_webhooks: false });
  vendor.set('webhook-duplicate');
  await computed(vendor);
  assert.equal(new Set((await heard.heard(2)).map(({ body }) => body)).size, 1);

  vendor.set('webhook-missing');
  const unheard = await computed(vendor);
  vendor.set('webhook-timeout-partial');
  const early = await computed(vendor);
  const [call] = await heard.heard(1);
  const body = payload.parse(JSON.parse(call?.body ?? ''));
  assert.notEqual(body.image_batch_id, unheard);
  assert.equal(body.image_batch_id, early);
  assert.equal(body.results.face_skin_metrics_3?.all_algorithms_calculated, false);
});

test('nobody is told of a dataset without a receiver, with one that is off, or of a batch that is gone', async (t) => {
  const [vendor, heard] = [await serveHautai(t), await listener(t)];
  await computed(vendor);
  await setUp(vendor, heard.url, { enabled: false });
  await computed(vendor);
  await setUp(vendor, heard.url);
  const subject = await vendor.subject();
  await vendor.compute(await vendor.uploaded(undefined, subject));
  const [gone] = vendor.planned();
  await vendor.call('DELETE', `${COMPANY}/datasets/${HAUTAI_DEFAULTS.datasetId}/subjects/${subject}/`);
  gone?.run();
  const last = await computed(vendor);
  const calls = await heard.heard(1);
  assert.deepEqual(
    calls.map(({ body }) => body.includes(last)),
    [true],
  );
});

test('a receiver that nobody reaches, and settings that mean nothing, harm nobody', async (t) => {
  const vendor = await serveHautai(t);
  await setUp(vendor, 'http://127.0.0.1:9/nobody');
  assert.ok(await vendor.block(await computed(vendor)));
  for (const wrong of [{ url: 'nowhere' }, { authorization: 'digest' }, { authorization_key: '' }, { method: 'put' }]) {
    const answer = await vendor.call('POST', HOOKS, { ...Object(fixture('webhook_create_request')), ...wrong });
    assert.equal(answer.status, 400, JSON.stringify(wrong));
  }
});
