import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SubscriptionsConfig } from '../../src/config/schema.ts';
import type { Hint, IncomingNotification, Reading } from '../../src/orders/types.ts';
import { readNotification } from '../../src/subscriptions/dialects/index.ts';
import { readStatus } from '../../src/subscriptions/dialects/subscription-status.ts';
import { note, notification } from './doubles.ts';

type Dialect = SubscriptionsConfig['dialect'];
const FHIR_JSON = { 'content-type': 'application/fhir+json;charset=UTF-8' };

/** Reads it as `auto` and as the dialects named: all say the same. */
function read(json: unknown, dialects: Dialect[] = [], more: Partial<IncomingNotification> = {}): Reading {
  const came = notification({ headers: FHIR_JSON, json, ...more });
  const reading = readNotification('auto', came);
  for (const dialect of dialects) {
    assert.deepEqual(readNotification(dialect, came), reading, dialect);
  }
  return reading;
}

const order = (id: string, fields: Partial<Hint> = {}): Hint => ({
  type: 'ServiceRequest',
  id,
  interaction: 'unknown',
  ...fields,
});

const resource = (id: string, versionId: string) => ({
  resourceType: 'ServiceRequest' as const,
  id,
  meta: { versionId, lastUpdated: '2026-03-01T10:00:00Z' },
  status: 'active' as const,
  intent: 'order' as const,
  subject: { reference: 'Patient/1' },
});

const statusRequest = {
  request: { method: 'GET', url: 'https://ehr.example/fhir/Subscription/sub-1/$status' },
  response: { status: '200' },
};

/** The Backport IG's status on R4; `events` are the parts of each event. */
function parameters(kind: string, events: object[][] = [], more: object[] = []) {
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'subscription', valueReference: { reference: 'https://ehr.example/fhir/Subscription/sub-1' } },
      { name: 'topic', valueCanonical: 'https://ehr.example/SubscriptionTopic/orders' },
      { name: 'status', valueCode: kind === 'handshake' ? 'requested' : 'active' },
      { name: 'type', valueCode: kind },
      { name: 'events-since-subscription-start', valueString: String(events.length) },
      ...events.map((part) => ({ name: 'notification-event', part })),
      ...more,
    ],
  };
}

const event = (focus: string, number = '1') => [
  { name: 'event-number', valueString: number },
  { name: 'timestamp', valueInstant: '2026-03-01T10:00:00.000Z' },
  { name: 'focus', valueReference: { reference: focus } },
];

/** SubscriptionStatus of R4B and R5. */
function status(kind: string, notificationEvent: object[] = [], more: object = {}) {
  return {
    resourceType: 'SubscriptionStatus',
    status: 'active',
    type: kind,
    eventsSinceSubscriptionStart: String(notificationEvent.length),
    subscription: { reference: 'Subscription/sub-1' },
    topic: 'https://ehr.example/SubscriptionTopic/orders',
    ...(notificationEvent.length > 0 && { notificationEvent }),
    ...more,
  };
}

const statusEvent = (focus: string, more: object = {}) => ({
  eventNumber: '1',
  timestamp: '2026-03-01T10:00:00Z',
  focus: { reference: focus },
  ...more,
});

function bundle(type: string, first: object, entries: object[] = [], ofFirst: object = statusRequest) {
  return {
    resourceType: 'Bundle',
    id: '3945182f-d315-4dbf-9259-09d863c7e7da',
    type,
    timestamp: '2026-03-01T10:00:01Z',
    entry: [{ fullUrl: 'urn:uuid:b21e4fae-ce73-45cb-8e37-1e203362b2ae', resource: first, ...ofFirst }, ...entries],
  };
}

const put = (id: string, body?: object, method = 'PUT') => ({
  fullUrl: `https://ehr.example/fhir/ServiceRequest/${id}`,
  request: { method, url: method === 'POST' ? 'ServiceRequest' : `ServiceRequest/${id}` },
  ...(body && { resource: body }),
});

/** The three senders of the IG's own bundle: R4, R4B and native R5. */
const STANDARD: { name: string; dialect: Dialect; make(kind: string, foci?: string[], entries?: object[]): object }[] =
  [
    {
      name: 'Backport on R4',
      dialect: 'backport',
      make: (kind, foci = [], entries) =>
        bundle(
          'history',
          parameters(
            kind,
            foci.map((focus) => event(focus)),
          ),
          entries,
        ),
    },
    {
      name: 'Backport on R4B',
      dialect: 'backport',
      make: (kind, foci = [], entries) =>
        bundle(
          'history',
          status(
            kind,
            foci.map((focus) => statusEvent(focus)),
            { eventsInNotification: foci.length },
          ),
          entries,
        ),
    },
    {
      name: 'native R5',
      dialect: 'r5',
      make: (kind, foci = [], entries) =>
        bundle(
          'subscription-notification',
          status(
            kind,
            foci.map((focus) => statusEvent(focus)),
          ),
          entries,
        ),
    },
  ];

for (const { name, dialect, make } of STANDARD) {
  test(`${name}: handshake, heartbeat and query-status tell nothing`, () => {
    for (const kind of ['handshake', 'heartbeat', 'query-status']) {
      assert.deepEqual(read(make(kind), [dialect]), { nothing: kind });
    }
  });

  test(`${name}: id-only names resources, a batch many, each once`, () => {
    const foci = ['ServiceRequest/1', 'https://other.example/base/ServiceRequest/2/_history/7', 'ServiceRequest/1'];
    const named = { hints: [order('1'), order('2', { version: '7' })] };
    assert.deepEqual(read(make('event-notification', foci), [dialect]), named);
    const entries = [put('1', undefined, 'POST'), put('2'), put('1')];
    assert.deepEqual(read(make('event-notification', foci, entries), [dialect]), {
      hints: [order('1', { interaction: 'create' }), order('2', { interaction: 'update', version: '7' })],
    });
  });

  test(`${name}: full-resource brings the resource where it has its version`, () => {
    const whole = resource('1', '3');
    const reading = read(make('event-notification', ['ServiceRequest/1'], [put('1', whole)]), [dialect]);
    assert.deepEqual(reading, { hints: [order('1', { interaction: 'update', version: '3', resource: whole })] });
    const { meta: _, ...bare } = whole;
    const unversioned = read(make('event-notification', ['ServiceRequest/1'], [put('1', bare)]), [dialect]);
    assert.deepEqual(unversioned, { hints: [order('1', { interaction: 'update' })] });
    const context = put('1', { ...resource('9', '1'), resourceType: 'Patient' });
    const beside = read(make('event-notification', ['ServiceRequest/1'], [put('1', whole), context]), [dialect]);
    assert.deepEqual(beside, reading, 'what is no focus did not change');
    const gone = read(make('event-notification', ['ServiceRequest/1'], [put('1', whole, 'DELETE')]), [dialect]);
    assert.deepEqual(gone, { hints: [order('1', { interaction: 'delete' })] });
  });

  test(`${name}: empty content asks for a sweep`, () => {
    const empty = make('event-notification', ['']);
    assert.deepEqual(read(empty, [dialect]), { sweep: true });
    assert.deepEqual(read(make('event-notification'), [dialect]), { sweep: true });
  });
}

test('an event that names no resource leaves a sweep beside the others', () => {
  const focusless = [{ name: 'event-number', valueString: '2' }];
  const mixed = bundle('history', parameters('event-notification', [event('ServiceRequest/1'), focusless]));
  assert.deepEqual(read(mixed, ['backport']), { hints: [order('1')], sweep: true });
});

test('a Subscription in error has not delivered something: sweep', () => {
  const error = { name: 'error', valueCodeableConcept: { text: 'no response' } };
  assert.deepEqual(read(bundle('history', parameters('heartbeat', [], [error])), ['backport']), { sweep: true });
  const failing = status('heartbeat', [], { status: 'error', error: [{ text: 'no response' }] });
  assert.deepEqual(read(bundle('subscription-notification', failing), ['r5']), { sweep: true });
  const event1 = status('event-notification', [statusEvent('ServiceRequest/1')], { status: 'error' });
  assert.deepEqual(read(bundle('history', event1)), { hints: [order('1')], sweep: true });
});

test('answers to $status and $events are read like notifications', () => {
  assert.deepEqual(read(bundle('searchset', parameters('query-status'), [], {}), ['backport']), {
    nothing: 'query-status',
  });
  const events = bundle('history', parameters('query-event', [event('ServiceRequest/1', '22')]));
  assert.deepEqual(read(events, ['backport']), { hints: [order('1')] });
  assert.deepEqual(read(bundle('history', parameters('query-event'))), { nothing: 'query-event' });
});

test('numbers come as text or integers, times as instants or days (valueDate), foci as references or URLs', () => {
  const numbers = [
    { valueString: '12' },
    { valueInteger: 12 },
    { valueUnsignedInt: 12 },
    { valueDecimal: 12 },
    { valueInteger64: '12' },
  ];
  for (const number of numbers) {
    const more = { name: 'events-since-subscription-start', ...number };
    const of = { resourceType: 'Parameters', parameter: [{ name: 'type', valueCode: 'heartbeat' }, more] };
    assert.equal(readStatus(of)?.total, 12n);
    const part = [
      { name: 'event-number', ...number },
      { name: 'focus', valueUrl: 'https://ehr.example/ServiceRequest/1' },
    ];
    const parsed = readStatus(parameters('event-notification', [part]))?.events;
    assert.deepEqual(parsed, [{ number: 12n, focus: { type: 'ServiceRequest', id: '1' }, focusIsUri: true }]);
  }
  for (const total of ['9007199254740993', 3, '0']) {
    const read5 = readStatus({ ...status('heartbeat'), eventsSinceSubscriptionStart: total });
    assert.equal(read5?.total, BigInt(total));
    assert.deepEqual(read5?.subscription, { type: 'Subscription', id: 'sub-1' });
  }
  for (const odd of [-1, 1.5, 'twelve', null, '1e3', {}]) {
    assert.equal(readStatus({ ...status('heartbeat'), eventsSinceSubscriptionStart: odd })?.total, undefined);
  }
  for (const time of [{ valueInstant: 'x' }, { valueDateTime: '2026' }, { valueDate: '2026-03-01' }, {}]) {
    const focus = { name: 'focus', valueReference: { reference: 'ServiceRequest/1', type: 'ServiceRequest' } };
    const part = [{ name: 'timestamp', ...time }, focus];
    assert.deepEqual(read(bundle('history', parameters('event-notification', [part]))), { hints: [order('1')] });
  }
});

test('athenahealth: SubscriptionStatus on R4, event ids, AuditEvents, and identifiers of its own API', () => {
  const first = statusEvent('ServiceRequest/a-432.E-528595', { id: 'cb6cc377-ee38-31ba-9482-f93f821cd169' });
  const identifier = { system: 'urn:athenahealth:athenanet:order:432', value: '528595' };
  const focus = { reference: 'ServiceRequest/a-432.E-528595', identifier };
  const audit = {
    fullUrl: 'urn:uuid:5a0b5d3c-4a4c-4a58-9d4d-0a2f4a6b6f10',
    resource: { resourceType: 'AuditEvent', id: 'a-1', meta: { versionId: '1' } },
    request: { method: 'POST', url: 'AuditEvent' },
  };
  const twice = [
    { ...first, focus },
    { ...first, focus, eventNumber: '2' },
  ];
  const headers = { 'content-type': 'application/json' };
  const named = bundle('history', status('event-notification', twice, { eventsInNotification: 2 }), [audit, audit]);
  assert.deepEqual(read(named, ['backport'], { headers }), { hints: [order('a-432.E-528595')] });
  const whole = resource('a-432.E-528595', '2');
  const doubled = bundle('history', status('event-notification', twice), [put('a-432.E-528595', whole), audit]);
  const hint = order('a-432.E-528595', { interaction: 'update', version: '2', resource: whole });
  assert.deepEqual(read(doubled, ['backport']), { hints: [hint] }, 'one event told twice has one resource');
  const only = { ...first, id: 'd0', focus: { identifier } };
  const unnamed = bundle('history', status('event-notification', [only]), [audit]);
  assert.deepEqual(read(unnamed, ['backport'], { headers }), { sweep: true });
  const both = bundle('history', status('event-notification', [first, only]), [audit]);
  assert.deepEqual(read(both, ['backport']), { hints: [order('a-432.E-528595')], sweep: true });
});

test("Microsoft's branch: the focus is a URI, the time a dateTime, and nothing says FHIR", () => {
  const part = [
    { name: 'timestamp', valueDateTime: '2026-03-01T10:00:00+00:00' },
    { name: 'focus', valueUri: 'https://ehr.example/ServiceRequest/1' },
  ];
  const whole = resource('1', '2');
  const body = bundle('history', parameters('event-notification', [part]), [put('1', whole, 'POST')]);
  const plain = { 'content-type': 'text/plain; charset=utf-8' };
  const hint = order('1', { interaction: 'create', version: '2', resource: whole });
  assert.deepEqual(read(body, ['backport'], { headers: plain }), { hints: [hint] });
  assert.deepEqual(read(body, ['backport'], { headers: {} }), { hints: [hint] });
  const handshake = bundle('history', parameters('handshake'));
  assert.deepEqual(read(handshake, ['backport'], { headers: plain }), { nothing: 'handshake' });
});

test('HAPI topics: bare fullUrl, doubled type (Type/Type/id), a day as time, a status without request', () => {
  const part = [
    { name: 'event-number', valueString: '1' },
    { name: 'timestamp', valueDate: '2026-03-01' },
    { name: 'focus', valueReference: { reference: 'ServiceRequest/ServiceRequest/1' } },
  ];
  const created = { fullUrl: '1/_history/1', request: { method: 'POST', url: 'ServiceRequest' } };
  const r4 = bundle('history', parameters('event-notification', [part]), [created], {});
  assert.deepEqual(read(r4, ['hapi', 'backport']), { hints: [order('1', { interaction: 'create', version: '1' })] });
  const whole = resource('1', '4');
  const updated = { fullUrl: '1', request: { method: 'PUT', url: 'ServiceRequest/1' }, resource: whole };
  const full = { hints: [order('1', { interaction: 'update', version: '4', resource: whole })] };
  const event5 = status('event-notification', [statusEvent('ServiceRequest/1', { eventNumber: 7 })]);
  assert.deepEqual(read(bundle('subscription-notification', event5, [updated], {}), ['hapi', 'r5']), full);
  assert.deepEqual(read(bundle('history', event5, [updated], {}), ['hapi', 'backport']), full);
  assert.deepEqual(read(bundle('transaction', event5, [updated], {}), ['hapi']), full, 'of older releases');
  const deleted = { fullUrl: '1', request: { method: 'DELETE', url: 'ServiceRequest/1' } };
  const gone = bundle('history', parameters('event-notification', [part]), [deleted], {});
  assert.deepEqual(read(gone, ['hapi', 'backport']), { hints: [order('1', { interaction: 'delete' })] });
  const empty = bundle('history', parameters('event-notification', [part.slice(0, 2)]), [], {});
  assert.deepEqual(read(empty, ['hapi', 'backport']), { sweep: true });
});

test('of several versions in one notification the newest counts; where nobody can say which, it is read again', () => {
  const foci = [event('ServiceRequest/1'), event('ServiceRequest/1', '2')];
  const of = (...entries: object[]) => read(bundle('history', parameters('event-notification', foci), entries));
  const newer = order('1', { interaction: 'update', version: '10', resource: resource('1', '10') });
  assert.deepEqual(of(put('1', resource('1', '10')), put('1', resource('1', '9'), 'POST')), { hints: [newer] });
  const opaque = of(put('1', resource('1', 'b7')), put('1', resource('1', 'a1')));
  assert.deepEqual(opaque, { hints: [order('1')] });
  const second = of(put('1', resource('1', '2')), put('1'));
  assert.deepEqual(second, { hints: [order('1', { interaction: 'update', version: '2' })] }, 'one did not come along');
  const back = of(put('1', undefined, 'DELETE'), put('1', resource('1', '3')));
  assert.deepEqual(back, { hints: [order('1', { interaction: 'delete' })] }, 'a read tells whether it came back');
});

test('a focus of a newer version than the resource beside it is read again', () => {
  const foci = [event('ServiceRequest/1/_history/5')];
  const reading = read(bundle('history', parameters('event-notification', foci), [put('1', resource('1', '4'))]));
  assert.deepEqual(reading, { hints: [order('1', { version: '5' })] });
});

test('what names no resource safely is never made a hint', () => {
  const odd = [
    'ServiceRequest/..',
    '#contained',
    'urn:uuid:5a0b5d3c',
    'ServiceRequest?identifier=x|1',
    'ServiceRequest',
  ];
  for (const focus of [...odd, 'servicerequest/1', '1', '/', `ServiceRequest/${'a'.repeat(65)}`, 'x'.repeat(5000)]) {
    const body = bundle('history', parameters('event-notification', [event(focus)]));
    assert.deepEqual(read(body), { sweep: true }, focus.slice(0, 40));
  }
});

test('a dialect takes its own only, and a Bundle that nobody knows is set aside', () => {
  const r4 = notification({ json: bundle('history', parameters('heartbeat')) });
  const r5 = notification({ json: bundle('subscription-notification', status('heartbeat')) });
  for (const dialect of ['medplum', 'hapi', 'r5'] as const) {
    assert.ok('unknown' in readNotification(dialect, r4), dialect);
  }
  for (const dialect of ['medplum', 'hapi', 'backport'] as const) {
    assert.ok('unknown' in readNotification(dialect, r5), dialect);
  }
  const unknown = [
    bundle('history', parameters('explosion')),
    bundle('history', resource('1', '1')),
    bundle('document', parameters('event-notification', [event('ServiceRequest/1')])),
    { resourceType: 'Bundle', id: 'b', type: 'collection', entry: [{ resource: note('1') }] },
    parameters('event-notification', [event('ServiceRequest/1')]),
    status('heartbeat'),
    { resourceType: 'Bundle', type: 'history', entry: 'none' },
  ];
  for (const json of unknown) {
    assert.ok('unknown' in read(json), JSON.stringify(json).slice(0, 80));
  }
});

test('a notification of 5,000 events is read in a moment', () => {
  const ids = Array.from({ length: 5000 }, (_, index) => String(index));
  const of = (events: object) =>
    bundle(
      'history',
      events,
      ids.map((id) => put(id, resource(id, '2'))),
    );
  const bodies = [
    of(
      parameters(
        'event-notification',
        ids.map((id) => event(`ServiceRequest/${id}`, id)),
      ),
    ),
    of(
      status(
        'event-notification',
        ids.map((id) => statusEvent(`ServiceRequest/${id}`, { id: `e-${id}` })),
      ),
    ),
  ];
  for (const json of bodies) {
    const came = notification({ json });
    const started = performance.now();
    const reading = readNotification('auto', came);
    const took = performance.now() - started;
    assert.ok('hints' in reading && reading.hints.length === 5000 && reading.hints.every((hint) => hint.resource));
    assert.ok(took < 1000, `${took} ms`);
  }
});

test('more events at once than are read one by one ask for a sweep', () => {
  const events = Array.from({ length: 10_001 }, (_, id) => ({ focus: { reference: `ServiceRequest/${id}` } }));
  const parts = events.map(({ focus }) => event(focus.reference));
  const entries = events.map((_, id) => put(String(id)));
  const bodies = [
    bundle('history', status('event-notification', events)),
    bundle('history', parameters('event-notification', parts)),
    bundle('history', parameters('event-notification', [event('ServiceRequest/1')]), entries),
    { resourceType: 'Bundle', type: 'transaction', entry: entries },
  ];
  for (const json of bodies) {
    assert.deepEqual(read(json), { sweep: true });
  }
});

test('no Bundle makes a dialect throw or give a reference that is none', () => {
  const odd = fc.oneof(
    fc.constantFrom('ServiceRequest/1', 'ServiceRequest', 'a/../b', '1', ''),
    fc.string(),
    fc.jsonValue(),
  );
  const focus = fc.oneof(odd, fc.record({ reference: odd, identifier: odd }, { requiredKeys: [] }));
  const part = fc.record(
    { name: fc.constantFrom('focus', 'event-number', 'x'), valueReference: focus, valueUri: odd },
    { requiredKeys: [] },
  );
  const kind = fc.oneof(fc.constantFrom('event-notification', 'handshake', 'heartbeat', 'query-status'), odd);
  const name = fc.constantFrom('type', 'notification-event', 'subscription', 'status', 'error');
  const parameter = fc.record(
    { name, valueCode: kind, part: fc.oneof(fc.array(part), odd) },
    { requiredKeys: ['name'] },
  );
  const statusEvents = fc.array(fc.record({ id: odd, eventNumber: odd, focus }, { requiredKeys: [] }));
  const first = fc.oneof(
    odd,
    fc.record({ resourceType: fc.constant('Parameters'), parameter: fc.oneof(fc.array(parameter), odd) }),
    fc.record(
      {
        resourceType: fc.constant('SubscriptionStatus'),
        type: kind,
        status: odd,
        notificationEvent: statusEvents,
        error: odd,
      },
      { requiredKeys: ['resourceType'] },
    ),
  );
  const request = fc.oneof(odd, fc.record({ method: fc.oneof(fc.constantFrom('PUT', 'DELETE'), odd), url: odd }));
  const whole = fc.record({ resourceType: fc.constantFrom('ServiceRequest', 'AuditEvent', '?'), id: odd, meta: odd });
  const item = fc.record(
    { fullUrl: odd, request, resource: fc.oneof(first, whole), response: odd },
    { requiredKeys: [] },
  );
  const type = fc.oneof(fc.constantFrom('history', 'subscription-notification', 'transaction', 'searchset'), odd);
  const json = fc.record({
    resourceType: fc.constant('Bundle'),
    type,
    entry: fc.oneof(fc.array(fc.oneof(item, odd), { maxLength: 6 }), odd),
  });
  const dialect = fc.constantFrom<Dialect[]>('auto', 'backport', 'r5', 'hapi', 'medplum');
  fc.assert(
    fc.property(dialect, json, (name, body) => {
      const reading = readNotification(name, notification({ json: body }));
      const hints = 'hints' in reading ? reading.hints : [];
      for (const hint of hints) {
        assert.match(hint.type, /^[A-Z][A-Za-z]+$/);
        assert.match(hint.id, /^(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}$/);
        assert.ok(hint.version === undefined || /^[A-Za-z0-9\-.]{1,64}$/.test(hint.version));
        assert.ok(hint.resource === undefined || hint.resource.id === hint.id);
      }
      assert.equal(new Set(hints.map((hint) => `${hint.type}/${hint.id}`)).size, hints.length);
    }),
    { numRuns: 400 },
  );
});
