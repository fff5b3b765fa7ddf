import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DIALECTS } from '../../src/config/schema.ts';
import type { Hint, Reading } from '../../src/orders/types.ts';
import { readNotification } from '../../src/subscriptions/dialects/index.ts';
import { topLevelResourceType } from '../../src/subscriptions/resource-type.ts';
import { note, notification } from './doubles.ts';

const read = (fields: Parameters<typeof notification>[0]) => readNotification('auto', notification(fields));
const medplum = (interaction: string, more: object = {}) => ({
  'content-type': 'application/fhir+json',
  'x-medplum-subscription': 'abc',
  'x-medplum-interaction': interaction,
  ...more,
});

function onlyHint(reading: Reading): Hint {
  assert.ok('hints' in reading, JSON.stringify(reading));
  assert.equal(reading.hints.length, 1);
  const [hint] = reading.hints;
  assert.ok(hint);
  return hint;
}

test('Medplum: the whole resource comes along, with what happened to it', () => {
  for (const interaction of ['create', 'update'] as const) {
    const hint = onlyHint(read({ headers: medplum(interaction), json: note('1', 'v-7') }));
    const expected = { type: 'DocumentReference', id: '1', interaction, version: 'v-7', resource: note('1', 'v-7') };
    assert.deepEqual(hint, expected);
  }
  assert.equal(onlyHint(read({ headers: medplum('explode'), json: note('1') })).interaction, 'unknown');
});

test("Medplum: a delete's body is {} and the header names the resource", () => {
  const headers = medplum('delete', { 'x-medplum-deleted-resource': 'DocumentReference/1' });
  assert.deepEqual(read({ headers, json: {} }), {
    hints: [{ type: 'DocumentReference', id: '1', interaction: 'delete' }],
  });
  const odd = [
    'DocumentReference/..',
    'DocumentReference',
    '../1',
    'DocumentReference/1/2',
    'DocumentReference/a b',
    '/',
    'x/1',
    '',
  ];
  for (const name of odd) {
    const bad = medplum('delete', { 'x-medplum-deleted-resource': name });
    assert.ok('unknown' in read({ headers: bad, json: {} }), name);
  }
  assert.ok('unknown' in read({ headers: medplum('delete'), json: {} }));
});

test('HAPI: PUT with the resource, its version in If-Match or meta', () => {
  const put = { method: 'PUT', path: '/DocumentReference/1', headers: { 'if-match': '"3"' } };
  const whole = onlyHint(read({ ...put, json: note('1', '3') }));
  assert.deepEqual([whole.interaction, whole.version, whole.resource?.id], ['update', '3', '1']);
  const stripped = { ...note('1'), meta: {} };
  const hint = onlyHint(read({ ...put, json: stripped }));
  assert.deepEqual([hint.version, hint.resource], ['3', undefined], 'without its own version it is read again');
  assert.equal(onlyHint(read({ ...put, headers: {}, json: note('1', '1') })).interaction, 'create');
  assert.equal(onlyHint(read(put)).resource, undefined);
});

test('HAPI: DELETE names the resource in its path, an empty POST names nothing', () => {
  const gone = { type: 'ServiceRequest', id: 'sr-1', interaction: 'delete' };
  assert.deepEqual(read({ method: 'DELETE', path: '/ServiceRequest/sr-1' }), { hints: [gone] });
  assert.ok('unknown' in read({ method: 'DELETE', path: '' }));
  assert.deepEqual(read({}), { sweep: true });
});

test('a body that contradicts the path is set aside', () => {
  const path = '/DocumentReference/1';
  assert.ok('unknown' in read({ method: 'PUT', path, json: note('2') }));
  assert.ok('unknown' in read({ method: 'PUT', path: '/ServiceRequest/1', json: note('1') }));
  assert.ok('unknown' in read({ method: 'PUT', path: '/DocumentReference', json: note('1') }));
  assert.ok('unknown' in read({ method: 'PUT', path: '/DocumentReference/..', json: { ...note('1'), id: '...' } }));
});

test('a resource that was cut short is read again', () => {
  const cut = { ...note('1', '2'), meta: { versionId: '2', tag: [{ code: 'SUBSETTED' }] } };
  assert.equal(onlyHint(read({ headers: medplum('update'), json: cut })).resource, undefined);
});

test('charsets and a byte order mark are read; bytes that are no text are set aside', () => {
  const text = JSON.stringify({ ...note('1'), description: 'Müller' });
  const titleOf = (reading: Reading) => {
    const { resource } = onlyHint(reading);
    return resource?.resourceType === 'DocumentReference' ? resource.description : undefined;
  };
  const typed = (contentType: string) => ({ ...medplum('create'), 'content-type': contentType });
  const utf8 = Buffer.from(`\ufeff${text}`);
  assert.equal(titleOf(read({ headers: typed('application/fhir+json; charset=UTF-8'), body: utf8 })), 'Müller');
  const latin1 = Buffer.from(text, 'latin1');
  assert.equal(titleOf(read({ headers: typed('application/json;charset="iso-8859-1"'), body: latin1 })), 'Müller');
  const utf16 = Buffer.from(text, 'utf16le');
  assert.equal(titleOf(read({ headers: typed('application/json; charset=utf-16le'), body: utf16 })), 'Müller');
  assert.ok('unknown' in read({ headers: medplum('create'), body: latin1 }));
  assert.ok('unknown' in read({ headers: typed('application/json; charset=klingon'), body: utf8 }));
});

test('what is authentic and not understood is unknown, with words that quote nothing of it', () => {
  const bodies = [
    '<Patient/>',
    '{"resourceType":',
    '[]',
    '"x"',
    'null',
    '{"id":"1"}',
    '{"resourceType":"a/b","id":"1"}',
  ];
  for (const body of bodies) {
    const reading = read({ headers: medplum('update'), body: Buffer.from(body) });
    assert.ok('unknown' in reading, body);
    assert.doesNotMatch(reading.unknown, /Patient|\//);
  }
  assert.ok('unknown' in read({ json: { resourceType: 'Bundle', type: 'history' } }));
  assert.ok('unknown' in readNotification('hapi', notification({ headers: medplum('create'), json: note('1') })));
  assert.ok('unknown' in readNotification('backport', notification({ json: note('1') })));
});

test('no bytes, path or header make a dialect throw or give an id that is none', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('/DocumentReference/1', 'DocumentReference/1', '"1"'),
  );
  const value = fc.oneof(fc.json(), fc.string({ unit: 'binary' }));
  const resource = fc.record(
    { resourceType: text, id: fc.anything(), meta: fc.anything(), contained: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    value.map((json) => Buffer.from(json)),
    resource.map((json) => Buffer.from(JSON.stringify(json, (_, some) => (typeof some === 'bigint' ? 1 : some)) ?? '')),
  );
  const headers = fc.dictionary(
    fc.constantFrom('content-type', 'if-match', 'x-medplum-interaction', 'x-medplum-deleted-resource'),
    text,
  );
  const method = fc.constantFrom('POST', 'PUT', 'DELETE');
  fc.assert(
    fc.property(fc.constantFrom(...DIALECTS), method, text, headers, body, (dialect, verb, path, heads, bytes) => {
      const reading = readNotification(dialect, notification({ method: verb, path, headers: heads, body: bytes }));
      for (const hint of 'hints' in reading ? reading.hints : []) {
        assert.match(hint.type, /^[A-Z][A-Za-z]+$/);
        assert.match(hint.id, /^[A-Za-z0-9\-.]{1,64}$/);
        assert.doesNotMatch(hint.id, /^\.{1,2}$/);
      }
    }),
    { numRuns: 500 },
  );
});

test('the top-level resourceType is found as JSON.parse finds it', () => {
  assert.equal(
    topLevelResourceType(Buffer.from('\ufeff {"a\\\\":{"resourceType":"X"},"resourceType" : "Bundle"}')),
    'Bundle',
  );
  assert.equal(topLevelResourceType(Buffer.from('[{"resourceType":"Bundle"}]')), undefined);
  assert.equal(topLevelResourceType(Buffer.from('{"resourceType":')), undefined);
  const inner = fc.jsonValue();
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), inner),
      fc.dictionary(fc.string(), inner),
      fc.boolean(),
      (first, last, has) => {
        const { resourceType: _, ...before } = first;
        const { resourceType: __, ...after } = last;
        const value = { ...before, ...(has && { resourceType: 'Bundle' }), ...after };
        assert.equal(topLevelResourceType(Buffer.from(JSON.stringify(value, null, 1))), has ? 'Bundle' : undefined);
      },
    ),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void topLevelResourceType(bytes)));
});
