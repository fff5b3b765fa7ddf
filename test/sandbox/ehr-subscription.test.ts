import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Extension, Subscription, Task } from '@medplum/fhirtypes';
import { faultsOf, serveEhr, serveEndpoint, until } from './serve-ehr.ts';

const MEDPLUM = 'https://medplum.com/fhir/StructureDefinition';
const task: Task = { resourceType: 'Task', status: 'requested', intent: 'order' };

const subscription = (
  endpoint: string,
  extension: Extension[] = [],
  more: Partial<Subscription> = {},
): Subscription => ({
  resourceType: 'Subscription',
  status: 'active',
  reason: 'test',
  criteria: 'Task?status=requested',
  channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json', header: ['X-Site: general'] },
  extension,
  ...more,
});

const secret = {
  url: 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret',
  valueString: 'sch lüssel',
};
const hmac = (body: string): string => createHmac('sha256', 'sch lüssel').update(body).digest('hex');

test('Medplum posts the whole resource, signed over its exact bytes, with its own headers', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { ehr } = await serveEhr(t);
  const { id } = await ehr.create({
    ...subscription(endpoint.url, [secret]),
    channel: { type: 'rest-hook', endpoint: endpoint.url, header: ['X-Site: general', 'X-Url: http://cut/off'] },
  });
  const made = await ehr.create({ ...task, description: 'é 😀' });
  await until(() => endpoint.received.length === 1);
  const [notice] = endpoint.received;
  assert.ok(notice);
  assert.deepEqual([notice.method, notice.path], ['POST', '/hook']);
  assert.equal(notice.headers['content-type'], 'application/fhir+json');
  assert.equal(notice.headers['x-medplum-subscription'], id);
  assert.equal(notice.headers['x-medplum-interaction'], 'create');
  assert.equal(notice.headers['x-site'], 'general');
  assert.equal(notice.headers['x-url'], 'http');
  assert.ok(notice.headers['x-trace-id']);
  assert.equal(notice.headers['x-signature'], hmac(notice.body));
  const body = JSON.parse(notice.body);
  assert.deepEqual([body.id, body.meta.versionId, body.description], [made.id, made.meta?.versionId, 'é 😀']);
  await ehr.update({ ...made, status: 'completed' });
  await ehr.update({ ...made, priority: 'urgent' });
  await until(() => endpoint.received.length === 2);
  assert.equal(endpoint.received[1]?.headers['x-medplum-interaction'], 'update');
});

test('Medplum tells of a delete with an empty object, and its id in a header', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { ehr } = await serveEhr(t);
  await ehr.create(
    subscription(endpoint.url, [secret, { url: `${MEDPLUM}/subscription-supported-interaction`, valueCode: 'delete' }]),
  );
  const { id } = await ehr.create(task);
  await ehr.remove('Task', id);
  await until(() => endpoint.received.length === 1);
  const [notice] = endpoint.received;
  assert.equal(notice?.body, '{}');
  assert.equal(notice?.headers['x-medplum-deleted-resource'], `Task/${id}`);
  assert.equal(notice?.headers['x-signature'], hmac('{}'));
});

test('Medplum never fires a Subscription that is only requested, nor one whose criteria do not match', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { ehr } = await serveEhr(t);
  await ehr.create(subscription(`${endpoint.url}/requested`, [], { status: 'requested' }));
  await ehr.create(subscription(`${endpoint.url}/other`, [], { criteria: 'Task?status=completed' }));
  await ehr.create(
    subscription(`${endpoint.url}/path`, [
      {
        url: `${MEDPLUM}/fhir-path-criteria-expression`,
        valueString: '%previous.exists() and %current.priority != %previous.priority',
      },
    ]),
  );
  await ehr.create(subscription(`${endpoint.url}/active`));
  await ehr.create(task);
  await until(() => endpoint.received.length === 1);
  assert.equal(endpoint.received[0]?.path, '/hook/active');
});

test('Medplum tries again after a server error until it is taken', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 500 }, { status: 503 }, { status: 202 }]);
  const { ehr } = await serveEhr(t);
  await ehr.create(subscription(endpoint.url));
  await ehr.create(task);
  await until(() => ehr.deliveries().length === 3);
  assert.deepEqual(
    ehr.deliveries().map(({ status, accepted, attempt }) => [status, accepted, attempt]),
    [
      [500, false, 1],
      [503, false, 2],
      [202, true, 3],
    ],
  );
  assert.deepEqual(new Set(endpoint.received.map(({ body }) => body)).size, 1);
});

test('Medplum gives up after max-attempts, and drops an old version on retry', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 500 }]);
  const { ehr } = await serveEhr(t, { retryUnit: 20 });
  await ehr.create(subscription(endpoint.url, [{ url: `${MEDPLUM}/subscription-max-attempts`, valueInteger: 2 }]));
  const first = await ehr.create(task);
  await until(() => ehr.deliveries().length === 1);
  await ehr.update({ ...first, priority: 'stat' });
  await until(() => ehr.deliveries().length === 4);
  const versions = endpoint.received.map(({ body }) => JSON.parse(body).meta.versionId);
  assert.equal(versions.filter((version) => version === first.meta?.versionId).length, 1);
  assert.equal(versions.length, 4, 'two retries of the newer version, then nothing');
});

test('Medplum takes the success codes it is told', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 200 }, { status: 410 }]);
  const { ehr } = await serveEhr(t);
  await ehr.create(
    subscription(endpoint.url, [{ url: `${MEDPLUM}/subscription-success-codes`, valueString: '400-410' }]),
  );
  await ehr.create(task);
  await until(() => ehr.deliveries().some(({ accepted }) => accepted));
  assert.deepEqual(
    ehr.deliveries().map(({ status }) => status),
    [200, 410],
  );
});

test('a write that is taken back tells nobody', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { ehr, call } = await serveEhr(t);
  await ehr.create(subscription(endpoint.url));
  const entry = [task, { resourceType: 'Task' }].map((resource) => ({
    request: { method: 'POST', url: 'Task' },
    resource,
  }));
  assert.equal((await call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 400);
  const { id } = await ehr.create(task);
  await until(() => endpoint.received.length === 1);
  assert.equal(JSON.parse(endpoint.received[0]?.body ?? '').id, id);
});

test('HAPI makes a requested Subscription active, then puts below the endpoint under the version', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { ehr } = await serveEhr(t, { manner: 'hapi' });
  const { id } = await ehr.create(subscription(endpoint.url, [], { status: 'requested' }));
  const isActive = async () => {
    const now = await ehr.read('Subscription', id);
    return now?.resourceType === 'Subscription' && now.status === 'active';
  };
  await until(isActive);
  const made = await ehr.create(task);
  await ehr.update({ ...made, priority: 'stat' });
  await until(() => endpoint.received.length === 2);
  const [first, second] = endpoint.received;
  assert.deepEqual([first?.method, first?.path], ['PUT', `/hook/Task/${made.id}`]);
  assert.deepEqual([first?.headers['if-match'], second?.headers['if-match']], ['"1"', '"2"']);
  assert.equal(first?.headers['x-site'], 'general');
  assert.equal(JSON.parse(second?.body ?? '').priority, 'stat');
});

test('HAPI takes an answer that is not FHIR for a failure, and sends again', async (t) => {
  const endpoint = await serveEndpoint(t, [
    { status: 200, contentType: 'application/json', body: '{"ok":true}' },
    { status: 200, contentType: 'application/json', body: 'OK' },
    { status: 200, contentType: 'application/fhir+json', body: '{"resourceType":"OperationOutcome","issue":[]}' },
    { status: 200, contentType: 'text/plain', body: 'OK' },
    { status: 204 },
  ]);
  const { ehr } = await serveEhr(t, { manner: 'hapi' });
  await ehr.create(subscription(endpoint.url));
  for (let count = 0; count < 3; count += 1) {
    await ehr.create(task);
  }
  await until(() => ehr.deliveries().filter(({ accepted }) => accepted).length === 3);
  assert.deepEqual(
    ehr.deliveries().map(({ accepted }) => accepted),
    [false, false, true, true, true],
  );
});

test('HAPI gives up a minute after the first try', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 500 }]);
  const { ehr } = await serveEhr(t, { manner: 'hapi', retryUnit: 4 });
  await ehr.create(subscription(endpoint.url));
  const { id } = await ehr.create(task);
  await ehr.create({ ...task, description: 'behind it' });
  await until(() => endpoint.received.some(({ path }) => !path.endsWith(`/${id}`)));
  const tries = ehr.deliveries().filter(({ resource }) => resource === `Task/${id}`).length;
  assert.ok(tries >= 5 && tries <= 22, `${tries} tries`);
});

test('HAPI sends deletes only when asked, and nothing but a knock without a payload', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 500 }, { status: 200 }]);
  const { ehr } = await serveEhr(t, { manner: 'hapi' });
  await ehr.create(
    subscription(`${endpoint.url}/knock`, [], { channel: { type: 'rest-hook', endpoint: `${endpoint.url}/knock` } }),
  );
  const deletes = {
    url: 'http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages',
    valueBoolean: true,
  };
  const { id } = await ehr.create(task);
  await until(() => ehr.deliveries().length === 1);
  assert.deepEqual([endpoint.received[0]?.method, endpoint.received[0]?.body], ['POST', '']);
  assert.equal(ehr.deliveries()[0]?.accepted, true, 'the status is never looked at');
  await ehr.create(subscription(`${endpoint.url}/all`, [deletes], { criteria: '[Task,Patient]' }));
  await ehr.remove('Task', id);
  await until(() => endpoint.received.length === 2);
  assert.deepEqual([endpoint.received[1]?.method, endpoint.received[1]?.path], ['DELETE', `/hook/all/Task/${id}`]);
});

test('HAPI refuses a Subscription whose criteria are no search', async (t) => {
  const { call } = await serveEhr(t, { manner: 'hapi' });
  const refused = await call(
    'POST',
    '/Subscription',
    subscription('http://127.0.0.1:1/hook', [], { criteria: 'Task' }),
  );
  assert.equal(refused.status, 422);
});

test('an endpoint that is down is tried again when it is back', async (t) => {
  const { ehr } = await serveEhr(t);
  await ehr.create(subscription('http://127.0.0.1:1/hook'));
  await ehr.create(task);
  await until(() => ehr.deliveries().length >= 2);
  assert.equal(ehr.deliveries()[0]?.status, undefined);
});

test('notifications are lost, sent twice, or end the Subscription, as the faults say', async (t) => {
  const faults = faultsOf('notification-lost');
  const endpoint = await serveEndpoint(t);
  const { ehr } = await serveEhr(t, { faults });
  const { id } = await ehr.create(subscription(endpoint.url));
  await ehr.create({ ...task, description: 'lost' });
  await ehr.create({ ...task, description: 'kept' });
  await until(() => endpoint.received.length === 1);
  assert.equal(JSON.parse(endpoint.received[0]?.body ?? '').description, 'kept');
  faults.set('notification-twice');
  await ehr.create(task);
  await until(() => endpoint.received.length === 3);
  assert.equal(endpoint.received[1]?.body, endpoint.received[2]?.body);
  faults.set('subscription-off');
  await ehr.create(task);
  await until(async () => {
    const now = await ehr.read('Subscription', id);
    return now?.resourceType === 'Subscription' && now.status === 'off' && Boolean(now.error);
  });
  assert.equal(endpoint.received.length, 3);
});
