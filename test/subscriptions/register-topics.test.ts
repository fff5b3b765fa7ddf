import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { BACKPORT, FILTER } from '../../src/subscriptions/register/shape.ts';
import { readTopic } from '../../src/subscriptions/register/topic-reading.ts';
import { chooseTopic } from '../../src/subscriptions/register/topics.ts';
import { registerSubscriptions } from '../../src/subscriptions/register.ts';
import { SECRET } from './doubles.ts';
import { activated, capabilities, ENDPOINT, registerOptions, subscriptionServer, TAG } from './subscription-server.ts';

const TOPIC = 'http://hospital.example/SubscriptionTopic/documents';
const NOTE = 'DocumentReference?type=http://loinc.org|11506-3';
const backport = { dialect: 'backport', topics: { DocumentReference: TOPIC } };
const xver = (name: string) => `http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.${name}`;

function basicTopic(url: string, type: string, filters: string[] = []): object {
  return {
    resourceType: 'Basic',
    id: 'topic',
    code: { coding: [{ system: 'http://hl7.org/fhir/fhir-types', code: 'SubscriptionTopic' }] },
    extension: [
      { url: xver('url'), valueUri: url },
      {
        url: xver('resourceTrigger').replace('5.0', '4.3'),
        extension: [
          { url: 'resource', valueUri: `http://hl7.org/fhir/StructureDefinition/${type}` },
          { url: 'supportedInteraction', valueCode: 'create' },
          { url: 'supportedInteraction', valueCode: 'update' },
        ],
      },
      ...filters.map((name) => ({
        url: xver('canFilterBy'),
        extension: [
          { url: 'resource', valueUri: type },
          { url: 'filterParameter', valueString: name },
        ],
      })),
    ],
  };
}

test('backport: topic, filter, content, heartbeat, secret and the signing header at the creation', async () => {
  const { client, log, all } = subscriptionServer('Some EHR', { change: activated });
  const result = await registerSubscriptions(registerOptions(client, { ...backport, heartbeat: 60 }));
  assert.deepEqual(result.subscriptions, [{ criteria: NOTE, state: 'created', id: '1', status: 'active' }]);
  assert.deepEqual(log[0]?.headers, { 'X-Hub-Secret': SECRET });
  assert.deepEqual(log[0]?.resource, {
    resourceType: 'Subscription',
    meta: { tag: [TAG], profile: [`${BACKPORT}backport-subscription`] },
    status: 'requested',
    reason: 'fhir-ai-adapter: orders for AI vendors',
    criteria: TOPIC,
    _criteria: { extension: [{ url: FILTER, valueString: NOTE }] },
    channel: {
      type: 'rest-hook',
      endpoint: ENDPOINT,
      payload: 'application/fhir+json',
      header: [`Authorization: Bearer ${SECRET}`],
      extension: [
        { url: `${BACKPORT}backport-heartbeat-period`, valueUnsignedInt: 60 },
        { url: `${BACKPORT}backport-max-count`, valuePositiveInt: 20 },
      ],
      _payload: { extension: [{ url: `${BACKPORT}backport-payload-content`, valueCode: 'id-only' }] },
    },
  });
  assert.equal((await registerSubscriptions(registerOptions(client, backport))).subscriptions[0]?.state, 'kept');
  assert.equal(all().length, 1);
});

test('backport: two searches of one topic are two Subscriptions with a filter each', async () => {
  const { client, all, writes } = subscriptionServer('Some EHR', { change: activated });
  const routes = ['11506-3', '34117-2'].map((code) => ({
    id: `notes-${code}`,
    on: `DocumentReference?status=current&type=http://loinc.org|${code}`,
    vendor: 'healthsage',
  }));
  for (let run = 0; run < 2; run += 1) {
    const result = await registerSubscriptions(registerOptions(client, backport, routes));
    assert.deepEqual(
      result.subscriptions.map(({ problem }) => problem),
      [undefined, undefined],
    );
  }
  assert.deepEqual(
    all().map((one) => one._criteria?.extension?.[0]?.valueString),
    [NOTE, 'DocumentReference?type=http://loinc.org|34117-2'],
  );
  assert.deepEqual(writes(), ['create', 'create']);
});

test('backport: the topic is found in a Basic, and only by what it can be narrowed by', async () => {
  const others = [
    basicTopic('http://x.example/orders', 'ServiceRequest'),
    basicTopic(TOPIC, 'DocumentReference', ['category']),
  ];
  const can = capabilities('Some EHR', {}, ['Subscription', 'Basic']);
  const { client, all } = subscriptionServer('Some EHR', { change: activated, others, can });
  await registerSubscriptions(registerOptions(client, { dialect: 'backport' }));
  assert.equal(all()[0]?.criteria, TOPIC);
  assert.equal(all()[0]?._criteria, undefined);
});

test('R4B: the topic is found as a SubscriptionTopic; one with a condition comes after one without', async () => {
  const topic = (url: string, trigger: object) => ({
    resourceType: 'SubscriptionTopic',
    url,
    status: 'active',
    resourceTrigger: [{ resource: 'DocumentReference', ...trigger }],
  });
  const others = [
    topic('http://x.example/a-signed', { fhirPathCriteria: "%current.docStatus = 'final'" }),
    topic('http://x.example/b-created', { supportedInteraction: ['create'] }),
    topic(TOPIC, { supportedInteraction: ['create', 'update', 'delete'] }),
    { ...topic('http://x.example/0-old', {}), status: 'retired' },
  ];
  const can = capabilities('Some EHR', { fhirVersion: '4.3.0' });
  const { client, all } = subscriptionServer('Some EHR', { change: activated, others, can });
  await registerSubscriptions(registerOptions(client, { dialect: 'backport' }));
  assert.deepEqual(all()[0]?.criteria, TOPIC);
});

test('a topic that the server only names is taken by its name, unless several could be meant', () => {
  const named = [
    'http://x.example/SubscriptionTopic/service-request-changed|1.1',
    'http://x.example/SubscriptionTopic/lab',
  ];
  assert.deepEqual(chooseTopic('ServiceRequest', [], named), {
    url: 'http://x.example/SubscriptionTopic/service-request-changed',
  });
  const several = chooseTopic('ServiceRequest', [], [...named, 'http://x.example/ServiceRequest.signed']);
  assert.match('problem' in several ? several.problem : '', /2 topics.*subscriptions\.topics\.ServiceRequest/);
});

test('no topic: said with what to configure, and nothing that stands is removed meanwhile', async () => {
  const { client, all, set } = subscriptionServer('Some EHR', { change: activated });
  await registerSubscriptions(registerOptions(client, backport));
  set('1', { criteria: 'http://hospital.example/another-topic' });
  const result = await registerSubscriptions(registerOptions(client, { dialect: 'backport' }));
  assert.equal(result.subscriptions[0]?.state, 'failed');
  assert.match(result.subscriptions[0]?.problem ?? '', /set subscriptions\.topics\.DocumentReference/);
  assert.deepEqual([result.removed, all().length], [0, 1]);
});

test('a server that is down does not pass for one without topics', async () => {
  const { client } = subscriptionServer('Some EHR');
  const can = capabilities('Some EHR', {}, ['Subscription', 'Basic']);
  const result = await registerSubscriptions(
    registerOptions(
      {
        ...client,
        capabilities: async () => can,
        // biome-ignore lint/correctness/useYield: it fails before the first page
        async *pages() {
          throw new AdapterError('ehr-unreachable', 'The FHIR server cannot be reached');
        },
      },
      { dialect: 'backport' },
    ),
  );
  assert.match(result.problem ?? '', /ehr-unreachable/);
});

test('a topic that refuses the filter is subscribed to without one, by all its searches, and not offered it at every look', async () => {
  const { client, all, log } = subscriptionServer('Some EHR', {
    change: (one) => {
      if (one._criteria) {
        throw new AdapterError('ehr-rejected', 'The FHIR server refused POST Subscription (422)');
      }
      return activated(one);
    },
  });
  const routes = ['1', '2'].map((code) => ({
    id: `r${code}`,
    on: `DocumentReference?type=${code}`,
    vendor: 'healthsage',
  }));
  const options = registerOptions(client, backport, routes);
  for (let run = 0; run < 3; run += 1) {
    const { subscriptions } = await registerSubscriptions(options);
    assert.deepEqual(
      subscriptions.map(({ status, problem }) => [status, problem]),
      [
        ['active', undefined],
        ['active', undefined],
      ],
    );
  }
  assert.equal(all().length, 1);
  // Refused with filter, then without: once; nothing at the next looks.
  assert.deepEqual(
    log.map(({ what, resource }) => [what, resource?._criteria !== undefined]),
    [
      ['create', true],
      ['create', false],
    ],
  );
});

test('a topic Subscription with the older of two secrets is made anew, so that its signatures change too', async () => {
  const { client, all, log } = subscriptionServer('athenahealth', { change: activated });
  await registerSubscriptions(registerOptions(client, { ...backport, secret: 'older-secret' }));
  const rotated = registerOptions(client, { ...backport, secret: ['newer-secret', 'older-secret'] });
  assert.equal((await registerSubscriptions(rotated)).subscriptions[0]?.state, 'created');
  assert.equal((await registerSubscriptions(rotated)).subscriptions[0]?.state, 'kept');
  assert.deepEqual(
    log.map(({ what, headers }) => [what, headers?.['X-Hub-Secret']]),
    [
      ['create', 'older-secret'],
      ['remove', undefined],
      ['create', 'newer-secret'],
    ],
  );
  assert.deepEqual(all()[0]?.channel?.header, ['Authorization: Bearer newer-secret']);
});

test('in error it is asked for again as requested, and the server’s reason is kept', async () => {
  const { client, set, log } = subscriptionServer('Some EHR', { change: activated });
  await registerSubscriptions(registerOptions(client, backport));
  set('1', { status: 'error', error: 'Connection\nrefused' });
  const { subscriptions } = await registerSubscriptions(registerOptions(client, backport));
  assert.deepEqual(subscriptions[0]?.state, 'reactivated');
  assert.equal(subscriptions[0]?.was, 'error: Connection refused');
  assert.equal(log.at(-1)?.resource?.status, 'requested');
});

test('left requested for more than an hour it is asked for again, and said in words all the while', async () => {
  const { client, set, writes } = subscriptionServer('Some EHR');
  await registerSubscriptions(registerOptions(client, backport));
  const look = async (now: string) =>
    registerSubscriptions({ ...registerOptions(client, backport), now: () => new Date(now) });
  set('1', { meta: { tag: [TAG], versionId: '1', lastUpdated: '2026-03-01T12:00:00Z' } });
  assert.match((await look('2026-03-01T12:50:00Z')).subscriptions[0]?.problem ?? '', /not made it active.*handshake/);
  assert.deepEqual(writes(), ['create']);
  const later = await look('2026-03-01T13:10:00Z');
  assert.deepEqual([later.subscriptions[0]?.state, writes()], ['reactivated', ['create', 'update']]);
});

test('R5: topic, filters, channel and header as R5 has them; compared and mended by the same', async () => {
  const { client, all, set, writes } = subscriptionServer('R5 server', { change: activated });
  const routes = [
    {
      id: 'notes',
      on: 'DocumentReference?status=current&type:not=http://loinc.org%7C11506-3&date=ge2026-01-01',
      vendor: 'healthsage',
    },
  ];
  const r5 = { dialect: 'r5', topics: { DocumentReference: TOPIC }, content: 'full-resource', heartbeat: 30 };
  await registerSubscriptions(registerOptions(client, r5, routes));
  const { id: _, meta: __, ...sent } = all()[0] ?? {};
  assert.deepEqual(sent, {
    resourceType: 'Subscription',
    status: 'active',
    reason: 'fhir-ai-adapter: orders for AI vendors',
    topic: TOPIC,
    filterBy: [
      {
        resourceType: 'DocumentReference',
        filterParameter: 'type',
        modifier: 'not',
        value: 'http://loinc.org|11506-3',
      },
      { resourceType: 'DocumentReference', filterParameter: 'date', comparator: 'ge', value: '2026-01-01' },
    ],
    channelType: { system: 'http://terminology.hl7.org/CodeSystem/subscription-channel-type', code: 'rest-hook' },
    endpoint: ENDPOINT,
    parameter: [{ name: 'Authorization', value: `Bearer ${SECRET}` }],
    contentType: 'application/fhir+json',
    content: 'full-resource',
    heartbeatPeriod: 30,
    maxCount: 20,
  });
  set('1', { content: 'empty' });
  const options = registerOptions(client, r5, routes);
  assert.equal((await registerSubscriptions(options)).subscriptions[0]?.state, 'mended');
  assert.equal((await registerSubscriptions(options)).subscriptions[0]?.state, 'kept');
  assert.equal(all()[0]?.content, 'full-resource');
  assert.deepEqual(writes(), ['create', 'update']);
});

test('whatever a resource holds, reading it for a topic does not fail', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('Basic', 'SubscriptionTopic'), (value, resourceType) => {
      const base = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
      readTopic(value, 'https://ehr.example');
      readTopic({ ...base, resourceType }, 'https://ehr.example');
      readTopic({ resourceType, url: TOPIC, resourceTrigger: value, canFilterBy: value }, 'https://ehr.example');
      const extension = [
        { url: 'constructor', extension: value },
        { url: xver('url'), valueUri: value },
      ];
      readTopic({ resourceType, extension, modifierExtension: value }, 'https://ehr.example');
    }),
  );
});
