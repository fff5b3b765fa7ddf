import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveEhr, serveEndpoint, until } from './serve-ehr.ts';
import {
  BACKPORT,
  backport,
  heartbeat,
  maxCount,
  order,
  said,
  statusOf,
  subscribed,
  TOPIC,
} from './topic-subscriptions.ts';

test('topics are advertised in the CapabilityStatement and as Basics', async (t) => {
  const { call } = await serveEhr(t, { manner: 'backport' });
  const { rest } = (await call('GET', '/metadata')).json;
  const entry = rest[0].resource.find(({ type }: { type: string }) => type === 'Subscription');
  const url = `${BACKPORT}/capabilitystatement-subscriptiontopic-canonical`;
  assert.deepEqual(entry.extension[0], { url, valueCanonical: TOPIC });
  assert.equal(entry.extension.length, 3);
  const code = encodeURIComponent('http://hl7.org/fhir/fhir-types|SubscriptionTopic');
  const found = (await call('GET', `/Basic?code=${code}`)).json;
  assert.equal(found.total, 3);
  assert.equal(found.entry[0].resource.extension[0].valueUri, TOPIC);
  assert.equal((await call('GET', '/SubscriptionTopic')).status, 404);
});

test('a handshake is sent with the headers of the Subscription, and makes it active', async (t) => {
  const { endpoint, id, ehr } = await subscribed(t, {}, backport);
  const [handshake] = endpoint.received;
  assert.ok(handshake);
  assert.equal(handshake.method, 'POST');
  assert.equal(handshake.headers['content-type'], 'application/fhir+json');
  assert.equal(handshake.headers.authorization, 'Bearer s:e:c');
  const { type, kind, total, events, first } = said(handshake);
  assert.deepEqual([type, kind, total, events], ['history', 'handshake', '0', []]);
  assert.match(first.fullUrl, /^urn:uuid:/);
  assert.equal(first.request.method, 'GET');
  assert.match(first.request.url, new RegExp(`/Subscription/${id}/\\$status$`));
  assert.equal(first.response.status, '200');
  assert.deepEqual(
    ehr.deliveries().map(({ interaction, accepted }) => [interaction, accepted]),
    [['handshake', true]],
  );
});

test('a handshake that fails sets error with a reason, and asking again repeats it', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 401 }, { status: 200 }]);
  const server = await serveEhr(t, { manner: 'backport' });
  const { json } = await server.call('POST', '/Subscription', backport(endpoint.url));
  await until(async () => (await statusOf(server, json.id)) === 'error');
  const failed = await server.ehr.read('Subscription', json.id);
  assert.ok(failed?.resourceType === 'Subscription' && failed.error);
  assert.equal(endpoint.received.length, 1);
  await server.ehr.update({ ...failed, status: 'requested' });
  await until(async () => (await statusOf(server, json.id)) === 'active');
});

test('the handshake may be over before the create is answered', async (t) => {
  const endpoint = await serveEndpoint(t);
  const { call } = await serveEhr(t, { manner: 'backport', topics: { handshakeFirst: true } });
  const made = await call('POST', '/Subscription', backport(endpoint.url));
  assert.equal(endpoint.received.length, 1);
  assert.equal(made.json.status, 'requested', 'the answer is the version that was written');
  assert.equal((await call('GET', `/Subscription/${made.json.id}`)).json.status, 'active');
});

test('creates, updates and deletes are events, numbered from 1, with the focus and the request', async (t) => {
  const { ehr, events, base } = await subscribed(t, {}, backport);
  const made = await ehr.create(order);
  await ehr.update({ ...made, priority: 'stat' });
  await ehr.remove('ServiceRequest', made.id);
  await ehr.create({ resourceType: 'Patient' });
  await until(() => events().length === 3);
  const all = events().map(said);
  assert.deepEqual(
    all.map(({ total, events: [event] }) => [total, event.eventNumber, event.focus.reference]),
    ['1', '2', '3'].map((number) => [number, number, `ServiceRequest/${made.id}`]),
  );
  const url = `ServiceRequest/${made.id}`;
  assert.deepEqual(
    all.map(({ rest }) => rest.map((entry: { request: object; resource?: object }) => [entry.request, entry.resource])),
    [
      [[{ method: 'POST', url: 'ServiceRequest' }, undefined]],
      [[{ method: 'PUT', url }, undefined]],
      [[{ method: 'DELETE', url }, undefined]],
    ],
  );
  assert.equal(all[0]?.rest[0].fullUrl, `${base}/${url}`);
});

for (const [content, focus, resources] of [
  ['empty', false, undefined],
  ['id-only', true, 0],
  ['full-resource', true, 1],
] as const) {
  test(`content ${content} brings as much as it says`, async (t) => {
    const { ehr, events } = await subscribed(t, {}, (url) => backport(url, { content }));
    const { id } = await ehr.create({ ...order, priority: 'asap' });
    await until(() => events().length === 1);
    const [notice] = events();
    assert.ok(notice);
    const { events: told, rest, total } = said(notice);
    assert.equal(total, '1');
    assert.equal(Boolean(told[0].focus), focus);
    assert.equal(notice.body.includes(TOPIC), content !== 'empty');
    const whole = rest.filter((entry: { resource?: { id: string; priority: string } }) => entry.resource?.id === id);
    assert.deepEqual([rest.length > 0, whole.length], [resources !== undefined, resources ?? 0]);
    assert.equal(notice.body.includes('asap'), content === 'full-resource');
  });
}

test('filters narrow the topic, each one further', async (t) => {
  const filters = ['ServiceRequest?status=active', 'priority=stat,asap'];
  const { ehr, events } = await subscribed(t, {}, (url) => backport(url, { filters }));
  await ehr.create({ ...order, priority: 'routine' });
  await ehr.create({ ...order, priority: 'stat', status: 'draft' });
  const { id } = await ehr.create({ ...order, priority: 'stat' });
  await until(() => events().length === 1);
  const { total, events: told } = said(events()[0] ?? { body: '' });
  assert.deepEqual([total, told[0].focus.reference], ['1', `ServiceRequest/${id}`]);
});

test('what happens at once comes in one notification, up to the greatest count', async (t) => {
  const { call, events } = await subscribed(t, {}, (url) => backport(url, { channel: [maxCount(2)] }));
  const entry = [1, 2, 3].map(() => ({ resource: order, request: { method: 'POST', url: 'ServiceRequest' } }));
  const done = await call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
  assert.equal(done.status, 200);
  await until(() => events().length === 2);
  assert.deepEqual(
    events().map((each) => [
      said(each).total,
      said(each).events.map((one: { eventNumber: string }) => one.eventNumber),
    ]),
    [
      ['2', ['1', '2']],
      ['3', ['3']],
    ],
  );
});

test('heartbeats carry the total and count nothing, on demand and by the period', async (t) => {
  const { ehr, endpoint, events, id } = await subscribed(t, { retryUnit: 1 }, (url) =>
    backport(url, { channel: [heartbeat(20)] }),
  );
  await ehr.create(order);
  await until(() => events().length === 1);
  await ehr.heartbeat();
  const beats = () => endpoint.received.filter((each) => said(each).kind === 'heartbeat');
  assert.deepEqual(beats().map((each) => [said(each).total, said(each).events])[0], ['1', []]);
  const before = beats().length;
  await until(() => beats().length > before + 1);
  const standing = await ehr.read('Subscription', id);
  assert.ok(standing?.resourceType === 'Subscription');
  await ehr.update({ ...standing, status: 'off' });
  const then = beats().length;
  await ehr.heartbeat();
  assert.equal(beats().length, then);
});

test('a notification that fails for good sets error; events count on, and $events brings them', async (t) => {
  const answers = [{ status: 200 }, { status: 500 }, { status: 500 }, { status: 500 }, { status: 200 }];
  const endpoint = await serveEndpoint(t, answers);
  const server = await serveEhr(t, { manner: 'backport' });
  const { id } = (await server.call('POST', '/Subscription', backport(endpoint.url))).json;
  await until(async () => (await statusOf(server, id)) === 'active');
  const first = await server.ehr.create(order);
  await until(async () => (await statusOf(server, id)) === 'error');
  assert.equal(endpoint.received.length, 4, 'tried three times');
  const second = await server.ehr.create({ ...order, priority: 'stat' });
  const status = (await server.call('GET', `/Subscription/${id}/$status`)).json;
  assert.equal(status.type, 'searchset');
  const { kind, total } = said({ body: JSON.stringify(status) });
  assert.deepEqual([kind, total], ['query-status', '2']);
  assert.match(JSON.stringify(status), /"valueCode":"error".*"name":"error"/);
  const all = (await server.call('GET', `/Subscription/${id}/$events`)).json;
  const seen = said({ body: JSON.stringify(all) });
  assert.deepEqual([all.type, seen.kind, seen.total], ['history', 'query-event', '2']);
  assert.deepEqual(
    seen.events.map((event: { focus: { reference: string } }) => event.focus.reference),
    [`ServiceRequest/${first.id}`, `ServiceRequest/${second.id}`],
  );
  const query = 'eventsSinceNumber=2&eventsUntilNumber=5&content=full-resource';
  const late = (await server.call('GET', `/Subscription/${id}/$events?${query}`)).json;
  assert.deepEqual([late.entry.length, late.entry[1].resource.id], [2, second.id]);
  const standing = await server.ehr.read('Subscription', id);
  assert.ok(standing?.resourceType === 'Subscription');
  await server.ehr.update({ ...standing, status: 'requested' });
  await until(async () => (await statusOf(server, id)) === 'active');
  await server.ehr.create(order);
  await until(() => said(endpoint.received.at(-1) ?? { body: '{}' }).kind === 'event-notification');
  assert.equal(said(endpoint.received.at(-1) ?? { body: '' }).total, '3');
});

test('what waits behind a notification that fails for good is not sent, but counted', async (t) => {
  const endpoint = await serveEndpoint(t, [{ status: 200 }, { status: 500 }]);
  const { call, ehr } = await serveEhr(t, { manner: 'backport' });
  const { id } = (await call('POST', '/Subscription', backport(endpoint.url))).json;
  await until(async () => (await call('GET', `/Subscription/${id}`)).json.status === 'active');
  await Promise.all([1, 2, 3].map(() => ehr.create(order)));
  await until(async () => (await call('GET', `/Subscription/${id}`)).json.status === 'error');
  await ehr.create(order);
  assert.equal(endpoint.received.length, 4, 'the handshake, and one notification three times');
  const status = (await call('GET', `/Subscription/${id}/$status`)).text;
  assert.equal(said({ body: status }).total, '4');
});

test('$status answers for several by id and by status, also by POST, and refuses what is not there', async (t) => {
  const { call, id, endpoint } = await subscribed(t, {}, backport);
  const other = (await call('POST', '/Subscription', backport(`${endpoint.url}/other`))).json.id;
  const totalOf = async (query: string) => (await call('GET', `/Subscription/$status${query}`)).json.total;
  assert.equal(await totalOf(''), 2);
  assert.equal(await totalOf(`?id=${id}`), 1);
  assert.equal(await totalOf(`?id=${id}&id=${other}`), 2);
  assert.equal(await totalOf('?status=off&status=error'), 0);
  const parameter = [{ name: 'id', valueId: other }];
  const posted = await call('POST', '/Subscription/$status', { resourceType: 'Parameters', parameter });
  assert.equal(posted.json.total, 1);
  assert.equal((await call('GET', '/Subscription/none/$status')).status, 404);
  assert.equal((await call('GET', `/Subscription/${id}/$events?eventsSinceNumber=x`)).status, 400);
});

test('a Subscription to an unknown topic, a filter nobody can evaluate, or no content is refused by field', async (t) => {
  const { call } = await serveEhr(t, { manner: 'backport' });
  const url = 'http://127.0.0.1:1/hook';
  const wishes: [object, RegExp][] = [
    [backport(url, { topic: 'http://sandbox.example/fhir/SubscriptionTopic/none' }), /Subscription\.criteria/],
    [backport(url, { filters: ['ServiceRequest?colour=red'] }), /colour/],
    [backport(url, { filters: ['Task?status=requested'] }), /Task/],
    [backport(url, { content: 'everything' }), /content/],
    [backport('mailto:someone'), /endpoint/],
  ];
  for (const [body, why] of wishes) {
    const { status, text } = await call('POST', '/Subscription', body);
    assert.ok(status === 422 || status === 400, String(status));
    assert.match(text, why);
  }
});

for (const [counter, expected] of [
  ['steady', ['1', '2']],
  ['zero', ['0', '0']],
  ['relative', ['1', '1']],
  ['restarts', ['1', '1']],
] as const) {
  test(`event numbers: ${counter}`, async (t) => {
    const { ehr, events } = await subscribed(t, { topics: { counter } }, backport);
    await ehr.create(order);
    await until(() => events().length === 1);
    ehr.restart();
    await ehr.create(order);
    await until(() => events().length === 2);
    assert.deepEqual(
      events().map((each) => said(each).total),
      expected,
    );
  });
}
