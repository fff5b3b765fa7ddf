import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { validate } from '../../sandbox/ehr/validation.ts';
import { serveEhr, serveEndpoint, until } from './serve-ehr.ts';
import { backport, order, r5, said, subscribed, TOPIC } from './topic-subscriptions.ts';

for (const flavour of ['backport', 'microsoft'] as const) {
  test(`a notification and what advertises it are valid R4 (${flavour})`, async (t) => {
    const { ehr, events, call } = await subscribed(t, { topics: { flavour } }, (url) =>
      backport(url, { content: 'full-resource' }),
    );
    await ehr.create(order);
    await until(() => events().length === 1);
    const basics = (await call('GET', '/Basic')).json.entry ?? [];
    assert.equal(basics.length, flavour === 'backport' ? 3 : 0);
    const resources = basics.map(({ resource }: { resource: object }) => resource);
    for (const resource of [JSON.parse(events()[0]?.body ?? ''), (await call('GET', '/metadata')).json, ...resources]) {
      assert.doesNotThrow(() => validate(resource, 'hapi', 1000), JSON.stringify(resource).slice(0, 300));
    }
  });
}

test('R4B: SubscriptionStatus in a history, and topics as resources', async (t) => {
  const { ehr, events, call } = await subscribed(t, { topics: { flavour: 'r4b' } }, backport);
  assert.equal((await call('GET', '/metadata')).json.fhirVersion, '4.3.0');
  assert.equal((await call('GET', `/SubscriptionTopic?url=${TOPIC}`)).json.entry[0].resource.url, TOPIC);
  assert.equal((await call('GET', '/SubscriptionTopic/none')).status, 404);
  const { id } = await ehr.create(order);
  await until(() => events().length === 1);
  const { type, status, first } = said(events()[0] ?? { body: '' });
  assert.deepEqual([type, status.resourceType, status.eventsInNotification], ['history', 'SubscriptionStatus', 1]);
  assert.equal(first.request.method, 'GET');
  assert.equal(status.notificationEvent[0].focus.reference, `ServiceRequest/${id}`);
});

test('R5: its own Subscription, checked by hand, and a Bundle of its own', async (t) => {
  const filterBy = [{ resourceType: 'ServiceRequest', filterParameter: 'status', modifier: 'not', value: 'draft' }];
  const options = { topics: { flavour: 'r5' } } as const;
  const { ehr, events, call, endpoint, id } = await subscribed(t, options, (url) => r5(url, { filterBy }));
  assert.equal((await call('GET', '/metadata')).json.fhirVersion, '5.0.0');
  assert.equal(endpoint.received[0]?.headers.authorization, 'Bearer s:e:c');
  await ehr.create({ ...order, status: 'draft' });
  await ehr.create(order);
  await until(() => events().length === 1);
  const { type, status, total } = said(events()[0] ?? { body: '' });
  assert.deepEqual([type, status.resourceType, total], ['subscription-notification', 'SubscriptionStatus', '1']);
  assert.equal(status.eventsInNotification, undefined);
  const found = (await call('GET', `/Subscription?url=${encodeURIComponent(endpoint.url)}`)).json;
  assert.deepEqual([found.total, found.entry[0].resource.id], [1, id]);
  const wrong: [object, RegExp][] = [
    [{ ...backport(endpoint.url) }, /Subscription\.topic/],
    [r5(endpoint.url, { channelType: undefined }), /Subscription\.channelType/],
    [r5(endpoint.url, { filterBy: [{ filterParameter: 'status' }] }), /Subscription\.filterBy\.\[0\]\.value/],
    [r5(endpoint.url, { filterBy: [{ ...filterBy[0], comparator: 'eq' }] }), /scr-1/],
    [r5(endpoint.url, { content: 'all' }), /Subscription\.content/],
    [r5(endpoint.url, { heartbeatPeriod: -1 }), /Subscription\.heartbeatPeriod/],
  ];
  for (const [body, why] of wrong) {
    const refused = await call('POST', '/Subscription', body);
    assert.equal(refused.status, 422, refused.text);
    assert.match(refused.text, why);
  }
});

test('athenahealth: no handshake, ids of events, AuditEvents, relative numbers, a signature by the X-Hub-Secret', async (t) => {
  const server = { topics: { flavour: 'athenahealth' } } as const;
  const endpoint = await serveEndpoint(t);
  const { call, ehr } = await serveEhr(t, { manner: 'backport', ...server });
  const topics = (await call('GET', '/SubscriptionTopic')).json;
  const topic = topics.entry.find((each: { fullUrl: string }) => each.fullUrl.includes('ServiceRequest')).fullUrl;
  const headers = { 'x-hub-secret': 'a hub secret' };
  const full = await call('POST', '/Subscription', backport(endpoint.url, { topic, content: 'full-resource' }));
  assert.equal(full.status, 422, 'id-only is all there is');
  const made = await call('POST', '/Subscription', backport(endpoint.url, { topic }), headers);
  assert.ok(!made.text.includes('a hub secret'));
  await until(async () => (await call('GET', `/Subscription/${made.json.id}`)).json.status === 'active');
  await ehr.create(order);
  await ehr.create(order);
  await until(() => endpoint.received.length === 2);
  for (const { body, headers: sent } of endpoint.received) {
    assert.equal(sent['content-type'], 'application/json');
    const hmac = createHmac('sha256', 'a hub secret').update(body).digest('hex');
    assert.equal(sent['x-hub-signature'], `sha256=${hmac}`);
    const { status, total, events, rest } = said({ body });
    assert.deepEqual([status.resourceType, total, events[0].eventNumber], ['SubscriptionStatus', '1', '1']);
    assert.match(events[0].id, /^[0-9a-f-]{36}$/);
    assert.equal(rest.at(-1).resource.resourceType, 'AuditEvent');
  }
  assert.equal((await call('GET', `/Subscription/${made.json.id}/$status`)).status, 404);
});

test('Microsoft: the focus is a URI, nothing has a number, nothing says FHIR, and 201 is no success', async (t) => {
  const { ehr, events, base } = await subscribed(t, { topics: { flavour: 'microsoft' } }, backport);
  const { id } = await ehr.create(order);
  await until(() => events().length === 1);
  const [notice] = events();
  assert.ok(notice);
  assert.match(notice.headers['content-type'] ?? '', /^text\/plain/);
  const { events: told, total } = said(notice);
  assert.equal(total, undefined);
  assert.deepEqual([told[0].eventNumber, told[0].focus], [undefined, `${base}/ServiceRequest/${id}`]);
  assert.match(JSON.stringify(told[0].part), /valueDateTime/);
  const created = await serveEndpoint(t, [{ status: 201 }]);
  const server = await serveEhr(t, { manner: 'backport', topics: { flavour: 'microsoft' } });
  await server.call('POST', '/Subscription', backport(created.url));
  await until(() => server.ehr.deliveries().length === 1);
  assert.equal(server.ehr.deliveries()[0]?.accepted, false);
});

test('HAPI topics: no handshake, a status without request, a day as time, and only with the profile', async (t) => {
  const options = { topics: { flavour: 'hapi-topic', doubledType: true } } as const;
  const { ehr, endpoint, call } = await subscribed(t, options, backport);
  const bare = await call('POST', '/Subscription', backport(`${endpoint.url}/never`, { profile: [] }));
  await until(async () => (await call('GET', `/Subscription/${bare.json.id}`)).json.status === 'active');
  const { id } = await ehr.create(order);
  await until(() => endpoint.received.length === 1);
  const { first, events, rest } = said(endpoint.received[0] ?? { body: '' });
  assert.deepEqual([first.request, first.response], [undefined, undefined]);
  assert.equal(events[0].focus.reference, `ServiceRequest/ServiceRequest/${id}`);
  assert.match(JSON.stringify(events[0].part), /"valueDate":"\d{4}-\d\d-\d\d"/);
  assert.equal(rest[0].fullUrl, id);
  await ehr.create(order);
  await until(() => endpoint.received.length === 2);
  assert.ok(endpoint.received.every(({ path }) => !path.endsWith('/never')));
});

test('HAPI topics: an answer without a FHIR resource is a failure, and sent again', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 200, body: 'OK' }, { status: 200 }, { status: 204 }]);
  const { ehr, call } = await serveEhr(t, { manner: 'backport', topics: { flavour: 'hapi-topic' } });
  const { id } = (await call('POST', '/Subscription', backport(endpoint.url))).json;
  await until(async () => (await call('GET', `/Subscription/${id}`)).json.status === 'active');
  await ehr.create(order);
  await until(() => ehr.deliveries().some(({ accepted }) => accepted));
  assert.deepEqual(
    ehr.deliveries().map(({ accepted, attempt }) => [accepted, attempt]),
    [
      [false, 1],
      [false, 2],
      [true, 3],
    ],
  );
});
