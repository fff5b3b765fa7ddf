import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IncomingNotification, Reading } from '../../src/orders/types.ts';
import { readNotification } from '../../src/subscriptions/dialects/index.ts';
import { note, notification } from './doubles.ts';

const read = (fields: Partial<IncomingNotification> & { json?: unknown }): Reading =>
  readNotification('auto', notification(fields));
const base64 = (text: string) => Buffer.from(text).toString('base64');

const STORE = 'projects/hospital/locations/europe-west3/datasets/ehr/fhirStores/main';

/** A Pub/Sub push of Google Cloud Healthcare. */
function push(action: string, data: string, more: object = {}) {
  return {
    message: {
      attributes: {
        action,
        lastUpdatedTime: 'Sun, 01 Mar 2026 10:00:00 UTC',
        payloadType: data.startsWith('{') ? 'FullResource' : 'NameOnly',
        resourceType: 'DocumentReference',
        storeName: STORE,
        ...more,
      },
      data: base64(data),
      messageId: '7059101534826397',
      publishTime: '2026-03-01T10:00:00.5Z',
    },
    subscription: 'projects/hospital/subscriptions/adapter',
  };
}

test('Google Pub/Sub: the name of a resource', () => {
  const name = `${STORE}/fhir/DocumentReference/0b5d3c4a`;
  const hint = { type: 'DocumentReference', id: '0b5d3c4a' };
  const actions = { CreateResource: 'create', UpdateResource: 'update', PatchResource: 'update', Other: 'unknown' };
  for (const [action, interaction] of Object.entries(actions)) {
    const headers = { 'content-type': 'application/json' };
    assert.deepEqual(read({ headers, json: push(action, name) }), { hints: [{ ...hint, interaction }] });
  }
  assert.deepEqual(read({ json: push('DeleteResource', name) }), { hints: [{ ...hint, interaction: 'delete' }] });
  const versioned = read({ json: push('UpdateResource', `${name}/_history/MTY3`) });
  assert.deepEqual(versioned, { hints: [{ ...hint, interaction: 'update', version: 'MTY3' }] });
});

test('Google Pub/Sub: the whole resource, but of a delete, where it is what was there before', () => {
  const whole = { ...note('1', 'MTY3'), description: 'Müller' };
  assert.deepEqual(read({ json: push('CreateResource', JSON.stringify(whole)) }), {
    hints: [{ type: 'DocumentReference', id: '1', interaction: 'create', version: 'MTY3', resource: whole }],
  });
  assert.deepEqual(read({ json: push('DeleteResource', JSON.stringify(whole)) }), {
    hints: [{ type: 'DocumentReference', id: '1', interaction: 'delete' }],
  });
});

test('Google Pub/Sub: what names no resource is set aside', () => {
  const name = `${STORE}/fhir/DocumentReference/1`;
  assert.ok('unknown' in read({ json: push('CreateResource', name, { resourceType: 'Patient' }) }));
  assert.ok('unknown' in read({ json: push('CreateResource', '{"resourceType":"DocumentReference"}') }));
  assert.ok('unknown' in read({ json: push('CreateResource', '{') }));
  assert.ok('unknown' in read({ json: push('CreateResource', '') }));
  assert.ok('unknown' in read({ json: { message: { data: Buffer.from([0xff, 0xfe, 0xfd]).toString('base64') } } }));
  assert.ok('unknown' in read({ json: { message: 'hello' } }));
  const own = notification({ json: push('CreateResource', name) });
  assert.ok('unknown' in readNotification('backport', own), 'another dialect was said');
});

test('HAPI payload search: the resources found, without saying which of them changed', () => {
  const found = (id: string, method = 'PUT') => ({
    fullUrl: `https://ehr.example/fhir/DocumentReference/${id}`,
    resource: note(id, '2'),
    request: { method, url: `DocumentReference/${id}` },
  });
  const of = (...entry: object[]) => notification({ json: { resourceType: 'Bundle', type: 'transaction', entry } });
  const hint = (id: string) => ({
    type: 'DocumentReference',
    id,
    interaction: 'unknown',
    version: '2',
    resource: note(id, '2'),
  });
  for (const dialect of ['auto', 'hapi'] as const) {
    const many = readNotification(dialect, of(found('1'), found('2'), found('1')));
    assert.deepEqual(many, { hints: [hint('1'), hint('2')] });
    const gone = readNotification(dialect, of({ request: { method: 'DELETE', url: 'DocumentReference/1' } }));
    assert.deepEqual(gone, { hints: [{ type: 'DocumentReference', id: '1', interaction: 'delete' }] });
    assert.deepEqual(readNotification(dialect, of()), { sweep: true });
    assert.ok('unknown' in readNotification(dialect, of({ resource: { resourceType: 'DocumentReference' } })));
  }
});

test('Firely: PUT to the path of the resource, or POST of the bare resource', () => {
  const resource = note('1', '9d0c7f6e-1111');
  const hint = { type: 'DocumentReference', id: '1', version: '9d0c7f6e-1111', resource };
  const headers = { 'content-type': 'application/fhir+json; charset=utf-8; fhirVersion=4.0' };
  assert.deepEqual(read({ method: 'PUT', path: '/DocumentReference/1', headers, json: resource }), {
    hints: [{ ...hint, interaction: 'update' }],
  });
  const unsaid = { hints: [{ ...hint, interaction: 'unknown' }] };
  for (const path of ['', '/DocumentReference', '/DocumentReference/1']) {
    assert.deepEqual(read({ path, headers, json: resource }), unsaid, path);
  }
  assert.deepEqual(read({ method: 'PUT', headers, json: resource }), unsaid);
  const { meta: _, ...bare } = resource;
  assert.deepEqual(read({ json: bare }), { hints: [{ type: 'DocumentReference', id: '1', interaction: 'unknown' }] });
  assert.ok('unknown' in read({ path: '/DocumentReference/2', json: resource }));
  assert.ok('unknown' in read({ json: { resourceType: 'DocumentReference' } }));
  assert.ok('unknown' in read({ json: { resourceType: 'OperationOutcome', id: 'o' } }), 'no news of a resource');
});

test('HAPI: a version in the path counts', () => {
  const path = '/DocumentReference/1/_history/4';
  assert.deepEqual(read({ method: 'PUT', path }), {
    hints: [{ type: 'DocumentReference', id: '1', interaction: 'unknown', version: '4' }],
  });
  for (const odd of ['/a/DocumentReference/1', '/DocumentReference/1/x', '/DocumentReference/1/2/_history/4']) {
    assert.ok('unknown' in read({ method: 'DELETE', path: odd }), odd);
  }
});

test('every sender is read in the charset it names', () => {
  const event = { focus: { reference: 'DocumentReference/1' }, timestamp: '2026-03-01' };
  const status = { resourceType: 'SubscriptionStatus', type: 'event-notification', notificationEvent: [event] };
  const resource = { ...note('1', '2'), description: 'Müller' };
  const entries = (first: object[]) => [...first, { request: { method: 'PUT', url: 'DocumentReference/1' }, resource }];
  const request = { method: 'GET', url: 'Subscription/1/$status' };
  const bodies: Record<string, unknown> = {
    r5: { resourceType: 'Bundle', type: 'subscription-notification', entry: entries([{ resource: status, request }]) },
    backport: { resourceType: 'Bundle', type: 'history', entry: entries([{ resource: status, request }]) },
    'HAPI topic': { resourceType: 'Bundle', type: 'history', entry: entries([{ resource: status }]) },
    'HAPI search': { resourceType: 'Bundle', type: 'transaction', entry: entries([]) },
    Firely: resource,
    Google: push('UpdateResource', JSON.stringify(resource)),
  };
  const charsets: [string, (text: string) => Uint8Array][] = [
    ['application/fhir+json', (text) => Buffer.from(text)],
    ['application/fhir+json; charset=UTF-8', (text) => Buffer.from(`\ufeff${text}`)],
    ['application/json;charset="iso-8859-1"', (text) => Buffer.from(text, 'latin1')],
    ['application/json; charset=utf-16le', (text) => Buffer.from(text, 'utf16le')],
  ];
  for (const [sender, json] of Object.entries(bodies)) {
    for (const [contentType, encode] of charsets) {
      const reading = read({ headers: { 'content-type': contentType }, body: encode(JSON.stringify(json)) });
      assert.ok('hints' in reading, `${sender} ${contentType}`);
      assert.deepEqual(
        reading.hints.map((hint) => hint.resource),
        [resource],
        `${sender} ${contentType}`,
      );
    }
    const wrong = Buffer.from(JSON.stringify(json), 'utf16le');
    assert.ok('unknown' in read({ body: wrong }), sender);
  }
});

test('no push, search or bare resource makes a dialect throw or give an id that is none', () => {
  const odd = fc.oneof(
    fc.constantFrom('DocumentReference/1', '..', 'DocumentReference', ''),
    fc.string(),
    fc.jsonValue(),
  );
  const resource = fc.record({ resourceType: odd, id: odd, meta: odd }, { requiredKeys: [] });
  const data = fc.oneof(
    odd,
    fc.string().map(base64),
    resource.map((value) => base64(JSON.stringify(value))),
  );
  const message = fc.record({ data, attributes: fc.oneof(odd, fc.dictionary(fc.string(), odd)) }, { requiredKeys: [] });
  const entry = fc.record({ request: fc.record({ method: odd, url: odd }), resource }, { requiredKeys: [] });
  const type = fc.constantFrom('transaction', 'batch');
  const json = fc.oneof(
    fc.record({ message: fc.oneof(message, odd) }),
    fc.record({ resourceType: fc.constant('Bundle'), type, entry: fc.array(entry) }),
    resource,
  );
  const path = fc.constantFrom('', '/', '/DocumentReference', '/DocumentReference/1', '/../x', '//');
  fc.assert(
    fc.property(fc.constantFrom('POST', 'PUT', 'DELETE'), path, json, (method, where, body) => {
      const reading = read({ method, path: where, json: body });
      for (const hint of 'hints' in reading ? reading.hints : []) {
        assert.match(`${hint.type}/${hint.id}`, /^[A-Z][A-Za-z]+\/(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}$/);
      }
    }),
    { numRuns: 400 },
  );
});
