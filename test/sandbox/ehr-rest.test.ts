import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, serveEhr } from './serve-ehr.ts';

const patient = { resourceType: 'Patient', name: [{ family: 'Müller' }] } as const;

test('a created resource is answered with its version, its time and its place', async (t) => {
  const { call, base } = await serveEhr(t);
  const made = await call('POST', '/Patient', patient);
  assert.equal(made.status, 201);
  const { id, meta } = made.json;
  assert.equal(made.headers.get('etag'), `W/"${meta.versionId}"`);
  assert.equal(made.headers.get('location'), `${base}/Patient/${id}/_history/${meta.versionId}`);
  assert.equal(made.headers.get('last-modified'), new Date(meta.lastUpdated).toUTCString());
  assert.ok(made.headers.get('date'));
  assert.match(made.headers.get('content-type') ?? '', /^application\/fhir\+json/);
  const minimal = await call('POST', '/Patient', patient, { prefer: 'return=minimal' });
  assert.deepEqual([minimal.status, minimal.text], [201, '']);
});

test('a write under a version that is no longer the newest is 412 and changes nothing', async (t) => {
  const { call } = await serveEhr(t);
  const first = (await call('POST', '/Patient', patient)).json;
  const second = await call(
    'PUT',
    `/Patient/${first.id}`,
    { ...first, active: true },
    { 'if-match': `W/"${first.meta.versionId}"` },
  );
  assert.equal(second.status, 200);
  const stale = await call(
    'PUT',
    `/Patient/${first.id}`,
    { ...first, active: false },
    { 'if-match': `W/"${first.meta.versionId}"` },
  );
  assert.equal(stale.status, 412);
  assert.equal(stale.json.resourceType, 'OperationOutcome');
  assert.equal((await call('GET', `/Patient/${first.id}`)).json.active, true);
  const unquoted = await call('PUT', `/Patient/${first.id}`, first, { 'if-match': first.meta.versionId });
  assert.equal(unquoted.status, 400);
});

test('writing what is already there makes no new version', async (t) => {
  const { call } = await serveEhr(t, { manner: 'hapi' });
  const first = (await call('POST', '/Patient', patient)).json;
  const again = await call('PUT', `/Patient/${first.id}`, first);
  assert.deepEqual([again.status, again.json.meta.versionId], [200, '1']);
});

test('what was deleted is gone, stays in its history, and can be read in its old versions', async (t) => {
  const { call } = await serveEhr(t, { manner: 'hapi' });
  const { id } = (await call('POST', '/Patient', patient)).json;
  await call('PUT', `/Patient/${id}`, { ...patient, id, active: true });
  assert.equal((await call('DELETE', `/Patient/${id}`)).status, 200);
  assert.equal((await call('GET', `/Patient/${id}`)).status, 410);
  assert.equal((await call('GET', '/Patient/never')).status, 404);
  const history = (await call('GET', `/Patient/${id}/_history`)).json;
  assert.deepEqual(
    history.entry.map((entry: { request: { method: string } }) => entry.request.method),
    ['DELETE', 'PUT', 'POST'],
  );
  assert.equal(history.entry[0].resource, undefined);
  assert.equal((await call('GET', `/Patient/${id}/_history/2`)).json.active, true);
  assert.equal((await call('GET', `/Patient/${id}/_history/9`)).status, 404);
  assert.equal((await call('GET', `/Patient/${id}/_history`)).json.entry.length, 3, 'reading leaves the order alone');
});

test('the history of a type begins at _since and comes in pages', async (t) => {
  let clock = Date.parse('2026-01-01T00:00:00Z');
  const { call } = await serveEhr(t, { now: () => new Date(clock) });
  await call('POST', '/Patient', patient);
  clock += 60_000;
  const since = new Date(clock).toISOString();
  await call('POST', '/Patient', patient);
  await call('POST', '/Patient', patient);
  const page = (await call('GET', `/Patient/_history?_since=${since}&_count=1`)).json;
  assert.equal(page.total, 2);
  const next = page.link.find((each: { relation: string }) => each.relation === 'next').url;
  const rest = (await call('GET', next)).json;
  assert.notEqual(rest.entry[0].resource.id, page.entry[0].resource.id);
  assert.equal(rest.link.length, 1);
});

test('a conditional create finds what is there, and refuses to choose between two', async (t) => {
  const { call } = await serveEhr(t);
  const named = { ...patient, identifier: [{ system: 'urn:x', value: 'a,b' }] };
  const words = { 'if-none-exist': 'identifier=urn:x|a\\,b' };
  const first = await call('POST', '/Patient', named, words);
  const again = await call('POST', '/Patient', named, words);
  assert.deepEqual([first.status, again.status, again.json.id], [201, 200, first.json.id]);
  await call('POST', '/Patient', named);
  assert.equal((await call('POST', '/Patient', named, words)).status, 412);
});

test("client-chosen ids are refused in Medplum's manner and taken in HAPI's, unless they are numbers", async (t) => {
  const medplum = await serveEhr(t);
  const own = { resourceType: 'Device', id: 'adapter' };
  assert.equal((await medplum.call('PUT', '/Device/adapter', own)).status, 404);
  const posted = await medplum.call('POST', '/Device', own);
  assert.notEqual(posted.json.id, 'adapter');
  const hapi = await serveEhr(t, { manner: 'hapi' });
  assert.equal((await hapi.call('PUT', '/Device/adapter', own)).status, 201);
  assert.equal((await hapi.call('PUT', '/Device/adapter', { ...own, status: 'active' })).status, 200);
  assert.equal((await hapi.call('PUT', '/Device/77', { ...own, id: '77' })).status, 400);
  assert.match((await hapi.call('POST', '/Device', own)).json.id, /^\d+$/);
});

test('what is not R4 is refused with every error', async (t) => {
  const bad = { resourceType: 'Observation', status: 'final', colour: 'red', issued: 'yesterday' };
  const medplum = await serveEhr(t);
  const refused = await medplum.call('POST', '/Observation', bad);
  assert.equal(refused.status, 400);
  assert.ok(refused.json.issue.length >= 3, 'missing code, unknown element, bad instant');
  const hapi = await serveEhr(t, { manner: 'hapi' });
  assert.equal((await hapi.call('POST', '/Observation', bad)).status, 422);
  assert.equal((await medplum.call('GET', '/Nonsense/1')).status, 404);
  assert.equal((await medplum.call('POST', '/Patient', '{"resourceType":')).status, 400);
  assert.equal((await medplum.call('POST', '/Patient', 'x=1', { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await medplum.call('POST', '/Patient', { resourceType: 'Device' })).status, 400);
});

test('HAPI refuses references to what is not there, and deletes of what is referred to', async (t) => {
  const { call } = await serveEhr(t, { manner: 'hapi' });
  const condition = { resourceType: 'Condition', subject: { reference: 'Patient/nobody' } };
  assert.equal((await call('POST', '/Condition', condition)).status, 400);
  const { id } = (await call('POST', '/Patient', patient)).json;
  assert.equal(
    (await call('POST', '/Condition', { ...condition, subject: { reference: `Patient/${id}` } })).status,
    201,
  );
  assert.equal((await call('DELETE', `/Patient/${id}`)).status, 409);
});

test('JSON Patch changes a resource under its version', async (t) => {
  const { call } = await serveEhr(t);
  const first = (await call('POST', '/Patient', patient)).json;
  const patch = [{ op: 'add', path: '/active', value: true }];
  const headers = { 'content-type': 'application/json-patch+json', 'if-match': `W/"${first.meta.versionId}"` };
  assert.equal((await call('PATCH', `/Patient/${first.id}`, patch, headers)).json.active, true);
  assert.equal((await call('PATCH', `/Patient/${first.id}`, patch, headers)).status, 412);
});

test('the capability statement says what the manner can do', async (t) => {
  const medplum = (await (await serveEhr(t)).call('GET', '/metadata')).json;
  const hapi = (await (await serveEhr(t, { manner: 'hapi', transactions: 'none' })).call('GET', '/metadata')).json;
  const task = (statement: typeof medplum) =>
    statement.rest[0].resource.find((each: { type: string }) => each.type === 'Task');
  assert.equal(medplum.fhirVersion, '4.0.1');
  assert.deepEqual([task(medplum).updateCreate, task(hapi).updateCreate], [false, true]);
  assert.equal(task(medplum).versioning, 'versioned-update');
  assert.ok(task(medplum).searchParam.some((each: { name: string }) => each.name === 'identifier'));
  assert.deepEqual(
    medplum.rest[0].interaction.map((each: { code: string }) => each.code),
    ['transaction', 'batch'],
  );
  assert.deepEqual(
    hapi.rest[0].interaction.map((each: { code: string }) => each.code),
    ['batch'],
  );
});

test('with tokens, only their bearers are let in', async (t) => {
  const { call } = await serveEhr(t, { tokens: ['good'] });
  assert.equal((await call('GET', '/Patient')).status, 401);
  assert.equal((await call('GET', '/Patient', undefined, { authorization: 'Bearer bad' })).status, 401);
  assert.equal((await call('GET', '/Patient', undefined, { authorization: 'Bearer good' })).status, 200);
  assert.equal((await call('GET', '/metadata')).status, 200);
});

test('a body over the limit is 413 with an OperationOutcome', async (t) => {
  const { call } = await serveEhr(t, { limits: { bodyBytes: 1000 } });
  const large = await call('POST', '/Patient', { ...patient, text: { status: 'generated', div: 'x'.repeat(2000) } });
  assert.deepEqual([large.status, large.json.resourceType], [413, 'OperationOutcome']);
});

test('unavailable and slow are faults of one request each', async (t) => {
  const faults = faultsOf('unavailable-503');
  const { call } = await serveEhr(t, { faults, faultMs: 30 });
  assert.ok(faults.described.includes('late-commit'));
  const down = await call('GET', '/Patient');
  assert.deepEqual([down.status, down.headers.get('retry-after')], [503, '1']);
  assert.equal((await call('GET', '/Patient')).status, 200);
  faults.set('slow');
  const began = performance.now();
  assert.equal((await call('GET', '/Patient')).status, 200);
  assert.ok(performance.now() - began > 25);
});

test('a body that is a bare JSON value is 400 with an OperationOutcome', async (t) => {
  const { base } = await serveEhr(t);
  const headers = { 'Content-Type': 'application/fhir+json' };
  const response = await fetch(`${base}/Patient`, { method: 'POST', headers, body: 'null' });
  assert.equal(response.status, 400);
  assert.match(await response.text(), /The body is no JSON object/);
});
