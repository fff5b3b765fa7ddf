import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, BundleEntry, Condition, Device, Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { faultsOf, serveEhr, until } from './serve-ehr.ts';

const NOTE = 'urn:uuid:0a9c6a8e-7a2f-4b0c-9a55-0f6f2f1f6a01';

const post = (resource: NonNullable<BundleEntry['resource']>, fullUrl?: string): BundleEntry => ({
  ...(fullUrl && { fullUrl }),
  request: { method: 'POST', url: resource.resourceType },
  resource,
});
const bundle = (...entry: BundleEntry[]): Bundle => ({ resourceType: 'Bundle', type: 'transaction', entry });

const patient: Patient = { resourceType: 'Patient', name: [{ family: 'First' }] };
const condition: Condition = { resourceType: 'Condition', subject: { reference: NOTE } };
const invalid: BundleEntry = {
  request: { method: 'POST', url: 'Patient' },
  resource: { resourceType: 'Patient', birthDate: 'tomorrow' },
};

for (const manner of ['medplum', 'hapi'] as const) {
  test(`${manner}: a transaction that fails leaves nothing, and one OperationOutcome with a 4xx`, async (t) => {
    const { call, ehr } = await serveEhr(t, { manner });
    const failed = await call('POST', '', bundle(post(patient, NOTE), post(condition), invalid));
    assert.ok(failed.status === 400 || failed.status === 422);
    assert.equal(failed.json.resourceType, 'OperationOutcome');
    assert.equal((await ehr.search('Patient')).total, 0);
    assert.equal((await ehr.search('Condition')).total, 0);
    assert.equal((await call('GET', '/Patient/_history')).json.total, 0);
  });

  test(`${manner}: an update under a stale version takes the whole transaction back`, async (t) => {
    const { call, ehr } = await serveEhr(t, { manner });
    const { id } = await ehr.create({ ...patient });
    await ehr.update({ ...patient, id, active: true });
    const before = await ehr.read('Patient', id);
    const stale: BundleEntry = {
      request: { method: 'PUT', url: `Patient/${id}`, ifMatch: 'W/"0"' },
      resource: { ...patient, id, active: false },
    };
    const failed = await call('POST', '', bundle(post({ resourceType: 'Device' }), stale));
    assert.equal(failed.status, 412);
    assert.deepEqual(await ehr.read('Patient', id), before);
    assert.equal((await ehr.search('Device')).total, 0);
  });

  test(`${manner}: references between entries are resolved, in extensions and against the order too`, async (t) => {
    const { call, ehr } = await serveEhr(t, { manner });
    const pointing = { ...condition, extension: [{ url: 'urn:x', valueReference: { reference: NOTE } }] };
    const done = await call('POST', '', bundle(post(pointing), post(patient, NOTE)), {
      prefer: 'return=representation',
    });
    assert.equal(done.status, 200, done.text);
    assert.equal(done.json.type, 'transaction-response');
    const [first, second] = done.json.entry;
    assert.equal(first.response.status, '201 Created');
    assert.match(first.response.location, /^Condition\/[\w-]+\/_history\/[\w-]+$/);
    assert.match(first.response.etag, /^W\/".+"$/);
    const stored = await ehr.read('Condition', first.resource.id);
    const wanted = `Patient/${second.resource.id}`;
    assert.ok(stored?.resourceType === 'Condition');
    assert.equal(stored.subject.reference, wanted);
    assert.equal(stored.extension?.[0]?.valueReference?.reference, wanted);
  });
}

test('HAPI leaves the written resources out of its answer unless asked', async (t) => {
  const { call } = await serveEhr(t, { manner: 'hapi' });
  const done = await call('POST', '', bundle(post(patient)));
  assert.equal(done.json.entry[0].resource, undefined);
});

test('a server whose transactions are secretly batches keeps the rest and answers 200', async (t) => {
  const { call, ehr } = await serveEhr(t, { transactions: 'batch' });
  const codes = (await call('GET', '/metadata')).json.rest[0].interaction;
  assert.equal(codes[0].code, 'transaction');
  const answer = await call('POST', '', bundle(post(patient, NOTE), invalid, post(condition)));
  assert.equal(answer.status, 200);
  assert.equal(answer.json.type, 'transaction-response');
  assert.deepEqual(
    answer.json.entry.map((each: BundleEntry) => each.response?.status),
    ['201 Created', '400', '201 Created'],
  );
  assert.equal((await ehr.search('Patient')).total, 1);
});

test('a server without transactions says so', async (t) => {
  const { call, ehr } = await serveEhr(t, { transactions: 'none' });
  assert.equal((await call('POST', '', bundle(post(patient)))).status, 400);
  assert.equal((await call('POST', '', { ...bundle(post(patient)), type: 'batch' })).status, 200);
  assert.equal((await ehr.search('Patient')).total, 1);
});

test('conditional creates, conditional references and deletes work inside a transaction', async (t) => {
  const { call, ehr } = await serveEhr(t);
  const old = await ehr.create({ resourceType: 'Device' });
  const { id } = await ehr.create({ ...patient, identifier: [{ system: 'urn:x', value: '1' }] });
  const device: Device = { resourceType: 'Device', identifier: [{ system: 'urn:d', value: '1' }] };
  const submission = bundle(
    { request: { method: 'POST', url: 'Device', ifNoneExist: 'identifier=urn:d|1' }, resource: device },
    post({ resourceType: 'Condition', subject: { reference: 'Patient?identifier=urn:x|1' } }),
    { request: { method: 'DELETE', url: `Device/${old.id}` } },
  );
  const first = await call('POST', '', submission);
  assert.deepEqual(
    first.json.entry.map((each: BundleEntry) => each.response?.status),
    ['201 Created', '201 Created', '204 No Content'],
  );
  assert.equal(first.json.entry[1].resource.subject.reference, `Patient/${id}`);
  const again = await call('POST', '', bundle(...(submission.entry ?? []).slice(0, 1)));
  assert.equal(again.json.entry[0].response.status, '200 OK');
  assert.equal((await ehr.search('Device')).total, 1);
});

test('a bundle that breaks the rules is refused before anything is written', async (t) => {
  const { call, ehr } = await serveEhr(t);
  const twice = bundle(post(patient, NOTE), post({ resourceType: 'Device' }, NOTE));
  assert.equal((await call('POST', '', twice)).status, 400);
  assert.equal((await call('POST', '', bundle(post(patient), post(condition)))).status, 400, 'dangling urn:uuid');
  assert.equal((await call('POST', '', bundle(post(patient), { resource: patient }))).status, 400, 'no request');
  assert.equal((await call('POST', '', patient)).status, 400);
  assert.equal((await ehr.search('Patient')).total, 0);
});

test('transactions at the same time do not mix', async (t) => {
  const { call, ehr } = await serveEhr(t);
  const good = bundle(...Array.from({ length: 10 }, () => post(patient)));
  const bad = bundle(...Array.from({ length: 10 }, () => post({ resourceType: 'Device' })), invalid);
  await Promise.all(Array.from({ length: 10 }, (_, index) => call('POST', '', index % 2 ? good : bad)));
  assert.equal((await ehr.search('Patient')).total, 50);
  assert.equal((await ehr.search('Device')).total, 0);
});

test('a transaction whose answer is lost stands; one that was answered 503 does not; a late one comes later', async (t) => {
  const faults = faultsOf('transaction-answer-lost');
  const { call, ehr } = await serveEhr(t, { faults, faultMs: 20 });
  await assert.rejects(call('POST', '', bundle(post(patient))));
  assert.equal((await ehr.search('Patient')).total, 1);
  faults.set('transaction-not-committed-503');
  assert.equal((await call('POST', '', bundle(post(patient)))).status, 503);
  assert.equal((await ehr.search('Patient')).total, 1);
  faults.set('late-commit');
  assert.equal((await call('POST', '', bundle(post(patient)))).status, 504);
  assert.equal((await ehr.search('Patient')).total, 1);
  await until(async () => (await ehr.search('Patient')).total === 2);
});

test('a Bundle of any shape is answered with a Bundle or a 4xx, and never half written', async (t) => {
  const { call, ehr } = await serveEhr(t);
  const url = fc.constantFrom('Patient', 'Patient/1', 'Patient?_id=1', 'Device', 'Nonsense', '', 'Patient/1/_history');
  const resource = fc.oneof(
    fc.constantFrom(patient, { resourceType: 'Device' }, { resourceType: 'Patient', x: 1 }),
    fc.jsonValue(),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'JUMP');
  const entry = fc.oneof(fc.record({ request: fc.record({ method, url }), resource }), fc.jsonValue());
  const property = fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (entries) => {
    const before = (await ehr.search('Patient')).total;
    const { status, json } = await call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: entries });
    assert.ok(status === 200 || (status >= 400 && status < 500), `${status}`);
    assert.equal(json.resourceType, status === 200 ? 'Bundle' : 'OperationOutcome');
    if (status !== 200) {
      assert.equal((await ehr.search('Patient')).total, before);
    }
  });
  await fc.assert(property, { numRuns: 200 });
});
