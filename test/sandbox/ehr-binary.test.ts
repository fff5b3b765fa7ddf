import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentReference } from '@medplum/fhirtypes';
import { faultsOf, serveEhr, serveEndpoint, until } from './serve-ehr.ts';

const bytes = new Uint8Array([0, 255, 10, 13, 128]);

const note = (url: string): DocumentReference => ({
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment: { contentType: 'text/plain', url } }],
});

test('a Binary goes in and comes out as raw bytes, or as a resource', async (t) => {
  const { call, base } = await serveEhr(t);
  const made = await call('POST', '/Binary', new Blob([bytes]), { 'content-type': 'application/pdf' });
  assert.equal(made.status, 201);
  assert.equal(made.json.contentType, 'application/pdf');
  const raw = await fetch(`${base}/Binary/${made.json.id}`);
  assert.equal(raw.headers.get('content-type'), 'application/pdf');
  assert.deepEqual(new Uint8Array(await raw.arrayBuffer()), bytes);
  const resource = await call('GET', `/Binary/${made.json.id}`, undefined, { accept: 'application/fhir+json' });
  assert.deepEqual(Buffer.from(resource.json.data, 'base64'), Buffer.from(bytes));
  const json = await call('POST', '/Binary', { resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' });
  assert.equal(json.status, 201);
  assert.equal((await call('GET', `/Binary/${json.json.id}`)).text, 'hi');
  const updated = await call('PUT', `/Binary/${json.json.id}`, 'ho', { 'content-type': 'text/plain' });
  assert.equal(updated.status, 200, updated.text);
  assert.equal((await call('GET', `/Binary/${json.json.id}`)).text, 'ho');
});

test('twelve megabytes go in raw, two inline', async (t) => {
  const { call, base } = await serveEhr(t);
  const large = await call('POST', '/Binary', new Blob([new Uint8Array(12_000_000)]), {
    'content-type': 'application/pdf',
  });
  assert.equal(large.status, 201);
  const back = await fetch(`${base}/Binary/${large.json.id}`);
  assert.equal((await back.arrayBuffer()).byteLength, 12_000_000);
  const data = Buffer.alloc(2_000_000).toString('base64');
  const inline = { ...note('x'), content: [{ attachment: { contentType: 'text/plain', data } }] };
  assert.equal((await call('POST', '/DocumentReference', inline)).status, 201);
});

test('an attachment is read under a signed URL that differs each time, needs no token, and is stored as Binary', async (t) => {
  const { call, ehr, origin } = await serveEhr(t, { tokens: ['good'] });
  const headers = { authorization: 'Bearer good' };
  const binary = await ehr.create({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' });
  const made = (await call('POST', '/DocumentReference', note(`Binary/${binary.id}`), headers)).json;
  const read = async () => (await call('GET', `/DocumentReference/${made.id}`, undefined, headers)).json;
  const urlOf = (resource: DocumentReference) => resource.content[0]?.attachment.url ?? '';
  const [one, other] = [urlOf(await read()), urlOf(await read())];
  assert.ok(one.startsWith(`${origin}/storage/binary/${binary.id}/`));
  assert.notEqual(one, other);
  const fetched = await call('GET', one);
  assert.deepEqual([fetched.status, fetched.text, fetched.headers.get('content-type')], [200, 'hi', 'text/plain']);
  assert.equal((await call('GET', one, undefined, headers)).status, 400, 'the token has no business there');
  assert.equal((await call('GET', one.replace(/Expires=\d+/, 'Expires=9999999999'))).status, 403);
  const found = (await call('GET', '/DocumentReference', undefined, headers)).json.entry[0].resource;
  assert.ok(urlOf(found).includes('/storage/'));
  const back = await read();
  const written = await call('PUT', `/DocumentReference/${made.id}`, { ...back, description: 'seen' }, headers);
  assert.equal(written.status, 200);
  const stored = await ehr.read('DocumentReference', made.id);
  assert.ok(stored?.resourceType === 'DocumentReference');
  assert.equal(urlOf(stored), `Binary/${binary.id}`);
});

test('a presigned URL expires, and can be asked for anew', async (t) => {
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const faults = faultsOf();
  const { call, ehr } = await serveEhr(t, { now: () => new Date(clock), limits: { presignedSeconds: 60 }, faults });
  const { id } = await ehr.create({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' });
  const fresh = async () => (await call('GET', `/Binary/${id}/$presigned-url`)).json.parameter[0].valueUri;
  const url = await fresh();
  assert.equal((await call('GET', url)).status, 200);
  faults.set('storage-expired');
  assert.equal((await call('GET', url)).status, 403);
  clock += 61_000;
  assert.equal((await call('GET', url)).status, 403);
  assert.equal((await call('GET', await fresh())).status, 200);
});

test('a notification carries presigned URLs too; HAPI leaves URLs as they are', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { ehr, origin } = await serveEhr(t);
  const { id } = await ehr.create({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' });
  await ehr.create({
    resourceType: 'Subscription',
    status: 'active',
    reason: 'test',
    criteria: 'DocumentReference',
    channel: { type: 'rest-hook', endpoint: endpoint.url },
  });
  await ehr.create(note(`Binary/${id}`));
  await until(() => endpoint.received.length === 1);
  assert.ok(JSON.parse(endpoint.received[0]?.body ?? '').content[0].attachment.url.startsWith(`${origin}/storage/`));
  const hapi = await serveEhr(t, { manner: 'hapi' });
  const binary = await hapi.ehr.create({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' });
  const made = await hapi.call('POST', '/DocumentReference', note(`Binary/${binary.id}`));
  assert.equal(made.json.content[0].attachment.url, `Binary/${binary.id}`);
});
