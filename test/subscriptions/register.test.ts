import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, Resource, Subscription } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { Capabilities, FhirClient, TypeCapabilities } from '../../src/fhir/types.ts';
import { silentLog } from '../../src/log.ts';
import { registerSubscriptions } from '../../src/subscriptions/register.ts';
import { fakeClient, SECRET, siteConfig } from './doubles.ts';

const PUBLIC = 'https://adapter.hospital.example';
const ENDPOINT = `${PUBLIC}/notify/general`;

function capabilities(software: string, types: string[] = ['Subscription']): Capabilities {
  const able: TypeCapabilities = {
    interactions: [],
    conditionalCreate: false,
    updateCreate: false,
    versioning: 'versioned',
    searchParams: [],
  };
  return {
    fhirVersion: '4.0.1',
    software,
    transaction: true,
    batch: true,
    atomic: true,
    types: Object.fromEntries(types.map((type) => [type, able])),
  };
}

/** A server that keeps Subscriptions; `change` is what it makes of each one that it takes. */
function server(software: string, change: (one: Subscription) => Subscription = (one) => one) {
  const kept = new Map<string, Resource>();
  const writes: string[] = [];
  let next = 1;
  const save = (id: string, resource: Resource): Resource => {
    const versionId = String(Number(kept.get(`Subscription/${id}`)?.meta?.versionId ?? 0) + 1);
    const stored = { ...resource, id, meta: { ...resource.meta, versionId } };
    kept.set(`Subscription/${id}`, stored.resourceType === 'Subscription' ? change(stored) : stored);
    return stored;
  };
  const client: FhirClient = fakeClient(kept, {
    capabilities: async () => capabilities(software),
    create: async <T extends Resource>(resource: T) => {
      writes.push('create');
      const id = String(next);
      next += 1;
      return save(id, resource) as T;
    },
    update: async <T extends Resource>(resource: T & { id: string }) => {
      writes.push('update');
      return save(resource.id, resource) as T;
    },
    remove: async (type, id) => {
      writes.push('remove');
      kept.delete(`${type}/${id}`);
    },
  });
  const all = () => [...kept.values()].filter((one): one is Subscription => one.resourceType === 'Subscription');
  return { client, kept, writes, all };
}

const options = (client: FhirClient, subscriptions: object = {}, routes?: object[]) => ({
  config: siteConfig(subscriptions, routes),
  publicUrl: PUBLIC,
  client,
  log: silentLog,
  written: new Map<string, string>(),
  now: () => new Date('2026-03-01T12:00:00Z'),
  wait: async () => {},
});

test('Medplum: one active Subscription for each search without its status, with secret, retries and interactions', async () => {
  const { client, all, writes } = server('Medplum');
  const result = await registerSubscriptions(options(client));
  assert.deepEqual(
    result.subscriptions.map(({ state, status, problem }) => [state, status, problem]),
    [['created', 'active', undefined]],
  );
  const [subscription] = all();
  assert.equal(subscription?.criteria, 'DocumentReference?type=http://loinc.org|11506-3');
  assert.deepEqual(subscription?.channel, {
    type: 'rest-hook',
    endpoint: ENDPOINT,
    payload: 'application/fhir+json',
    header: [`Authorization: Bearer ${SECRET}`],
  });
  const values = subscription?.extension?.map((one) => one.valueString ?? one.valueInteger ?? one.valueCode);
  assert.deepEqual(values, [SECRET, SECRET, 18, 'create', 'update', 'delete']);
  assert.deepEqual(subscription?.meta?.tag, [{ system: 'urn:fhir-ai-adapter:deployment', code: `${PUBLIC}/general` }]);
  const again = await registerSubscriptions(options(client));
  assert.deepEqual(again.subscriptions[0]?.state, 'kept');
  assert.deepEqual(writes, ['create']);
});

test('HAPI: created as requested, with deletes, and waited for until the server has made it active', async () => {
  const { client, kept, all } = server('HAPI FHIR Server');
  let waited = 0;
  const wait = async () => {
    waited += 1;
    const [one] = all();
    if (waited === 3 && one) {
      kept.set(`Subscription/${one.id}`, { ...one, status: 'active' });
    }
  };
  const result = await registerSubscriptions({ ...options(client), wait });
  assert.deepEqual(
    [waited, result.subscriptions[0]?.status, result.subscriptions[0]?.problem],
    [3, 'active', undefined],
  );
  assert.equal(all()[0]?.channel.payload, 'application/fhir+json');
  assert.equal(all()[0]?.extension?.[0]?.valueBoolean, true);
  const bare = server('HAPI', (one) => ({ ...one, status: 'active' }));
  const routes = [{ id: 'all', on: 'ServiceRequest?status=active', vendor: 'healthsage' }];
  await registerSubscriptions(options(bare.client, {}, routes));
  assert.equal(bare.all()[0]?.criteria, 'ServiceRequest?');
  assert.equal((await registerSubscriptions(options(bare.client, {}, routes))).subscriptions[0]?.state, 'kept');
});

test('HAPI: one that stays requested is reported after a minute, not waited for again and not written again', async () => {
  const { client, writes } = server('HAPI');
  let waited = 0;
  const wait = async () => {
    waited += 1;
  };
  const result = await registerSubscriptions({ ...options(client), wait });
  assert.equal(waited, 60);
  assert.match(result.subscriptions[0]?.problem ?? '', /switched off/);
  const again = await registerSubscriptions({ ...options(client), wait });
  assert.equal(waited, 60);
  assert.match(again.subscriptions[0]?.problem ?? '', /switched off/);
  assert.deepEqual(writes, ['create']);
});

test('what a server switched off is switched on again, what differs is mended', async () => {
  const { client, kept, all, writes } = server('Medplum');
  await registerSubscriptions(options(client));
  const [one] = all();
  assert.ok(one);
  kept.set(`Subscription/${one.id}`, { ...one, status: 'off', error: 'Automatically disabled' });
  assert.equal((await registerSubscriptions(options(client))).subscriptions[0]?.state, 'reactivated');
  assert.deepEqual([all().length, all()[0]?.status, all()[0]?.error], [1, 'active', undefined]);
  const other = await registerSubscriptions(options(client, { secret: ['another-secret', SECRET] }));
  assert.equal(other.subscriptions[0]?.state, 'mended');
  assert.deepEqual(all()[0]?.channel.header, ['Authorization: Bearer another-secret']);
  assert.deepEqual(writes, ['create', 'update', 'update']);
});

test('a server that changes what we write is reported and not written to for ever', async () => {
  const { client, writes } = server('Medplum', (one) => ({ ...one, extension: [] }));
  const same = options(client);
  for (let run = 0; run < 3; run += 1) {
    const result = await registerSubscriptions(same);
    assert.match(result.subscriptions[0]?.problem ?? '', /extension/);
  }
  assert.deepEqual(writes, ['create']);
});

test('our strays and duplicates go, everybody else’s stays', async () => {
  const { client, kept, all } = server('Medplum');
  await registerSubscriptions(options(client));
  const [ours] = all();
  assert.ok(ours);
  const add = (id: string, change: Partial<Subscription>) => kept.set(`Subscription/${id}`, { ...ours, id, ...change });
  add('duplicate', {});
  add('no-longer-wanted', { criteria: 'ServiceRequest?code=1' });
  add('made-by-hand', { meta: {} });
  add('other-deployment', {
    meta: { tag: [{ system: 'urn:fhir-ai-adapter:deployment', code: 'https://other/general' }] },
  });
  add('other-endpoint', { channel: { ...ours.channel, endpoint: 'https://other.example/hook' } });
  const result = await registerSubscriptions(options(client));
  assert.equal(result.removed, 2);
  assert.deepEqual(
    all()
      .map(({ id }) => id)
      .sort(),
    ['1', 'made-by-hand', 'other-deployment', 'other-endpoint'],
  );
});

test('where we may not register, an administrator is told what to create, without the secret', async () => {
  const { client, writes } = server('Medplum');
  const result = await registerSubscriptions(options(client, { register: false }));
  assert.equal(result.instructions.length, 1);
  assert.equal(result.instructions[0]?.channel?.endpoint, ENDPOINT);
  assert.doesNotMatch(JSON.stringify(result), new RegExp(SECRET));
  assert.deepEqual(writes, []);
});

test('a server without Subscriptions, one that forbids them and one that is down are reported, never thrown', async () => {
  const { client } = server('Medplum');
  const without = { ...client, capabilities: async () => capabilities('Medplum', ['Patient']) };
  assert.match((await registerSubscriptions(options(without))).problem ?? '', /does not offer/);
  const forbid = async () => {
    throw new AdapterError('ehr-forbidden', 'The server forbids it');
  };
  const forbidden = await registerSubscriptions(options({ ...client, create: forbid }));
  assert.match(forbidden.subscriptions[0]?.problem ?? '', /ehr-forbidden/);
  const down = await registerSubscriptions(options({ ...client, capabilities: forbid }));
  assert.match(down.problem ?? '', /ehr-forbidden/);
  assert.match((await registerSubscriptions({ ...options(client), publicUrl: undefined })).problem ?? '', /publicUrl/);
  assert.equal((await registerSubscriptions(options(client, { dialect: 'none' }))).problem, undefined);
});

test('a server that does not know the search by endpoint is asked for all', async () => {
  const { client, kept, all } = server('Medplum');
  await registerSubscriptions(options(client));
  const queries: string[] = [];
  const pages = async function* (query: string): AsyncGenerator<Bundle> {
    queries.push(query);
    if (query.includes('url=')) {
      throw new AdapterError('ehr-rejected', 'unknown search word');
    }
    yield { resourceType: 'Bundle', type: 'searchset', entry: [...kept.values()].map((resource) => ({ resource })) };
  };
  const result = await registerSubscriptions(options({ ...client, pages }));
  assert.equal(result.subscriptions[0]?.state, 'kept');
  assert.equal(queries.length, 2);
  assert.equal(all().length, 1);
});
