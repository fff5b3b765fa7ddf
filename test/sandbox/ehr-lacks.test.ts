import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveEhr } from './serve-ehr.ts';

const device = (value: string) => ({ resourceType: 'Device', identifier: [{ system: 'urn:x', value }] });
const bundle = (...values: string[]) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: values.map((value) => ({ resource: device(value), request: { method: 'POST', url: 'Device' } })),
});

test('a server without versions shows none and ignores If-Match', async (t) => {
  const { call } = await serveEhr(t, { lacks: { versions: true } });
  const made = await call('POST', '/Device', device('1'));
  assert.deepEqual([made.status, made.headers.get('etag'), made.json.meta.versionId], [201, null, undefined]);
  assert.match(made.headers.get('location') ?? '', /\/Device\/[^/]+$/);
  const path = `/Device/${made.json.id}`;
  const changed = { ...made.json, status: 'active' };
  assert.equal((await call('PUT', path, changed, { 'if-match': 'W/"99"' })).status, 200);
  const entry = {
    resource: { ...changed, status: 'inactive' },
    request: { method: 'PUT', url: path.slice(1), ifMatch: 'W/"99"' },
  };
  const answer = await call('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry: [entry] });
  const [{ response }] = answer.json.entry;
  assert.deepEqual([response.status, response.etag], ['200', undefined]);
  assert.doesNotMatch(response.location, /_history/);
  assert.equal((await call('GET', '/Device')).json.entry[0].resource.meta.versionId, undefined);
  const { rest } = (await call('GET', '/metadata')).json;
  assert.ok(rest[0].resource.every(({ versioning }: { versioning: string }) => versioning === 'no-version'));
});

test('a server may answer writes without the resource, with 200 for 201 and 409 for 412', async (t) => {
  const { call } = await serveEhr(t, { lacks: { representation: true, created: true, preconditionFailed: true } });
  const made = await call('POST', '/Device', device('1'), { prefer: 'return=representation' });
  assert.deepEqual([made.status, made.text], [200, '']);
  assert.ok(made.headers.get('etag'));
  const path = new URL(made.headers.get('location') ?? '').pathname.replace(/^.*(\/Device\/[^/]+).*$/, '$1');
  const stands = (await call('GET', path)).json;
  assert.equal((await call('PUT', path, stands, { 'if-match': 'W/"99"' })).status, 409);
  const answer = await call('POST', '/', bundle('2'));
  assert.deepEqual([answer.json.entry[0].response.status, answer.json.entry[0].resource], ['200', undefined]);
});

test('a server that ignores If-None-Exist makes a second one', async (t) => {
  const { call } = await serveEhr(t, { lacks: { conditionalCreate: true } });
  for (let times = 0; times < 2; times += 1) {
    assert.equal((await call('POST', '/Device', device('1'), { 'if-none-exist': 'identifier=urn:x|1' })).status, 201);
  }
  assert.equal((await call('GET', '/Device')).json.entry.length, 2);
});

for (const [entriesSaid, status, code] of [
  ['content-too-large', 413, 'too-long'],
  ['too-costly', 400, 'too-costly'],
  ['azure', 400, 'invalid'],
] as const) {
  test(`too many entries are refused (${entriesSaid}), as many as allowed are taken`, async (t) => {
    const { call } = await serveEhr(t, { lacks: { entries: 2, entriesSaid } });
    const refused = await call('POST', '/', bundle('1', '2', '3'));
    assert.deepEqual([refused.status, refused.json.issue[0].code], [status, code]);
    assert.equal((await call('POST', '/', bundle('1', '2'))).status, 200);
  });
}

test('types are refused alone and in a Bundle, as the server says it', async (t) => {
  for (const [typesSaid, status, declared] of [
    ['declared', 400, false],
    ['named', 400, true],
    ['bare', 403, true],
  ] as const) {
    const { call } = await serveEhr(t, { lacks: { types: ['Device'], typesSaid } });
    for (const [path, body] of [
      ['/Device', device('1')],
      ['/', bundle('1')],
    ] as const) {
      const refused = await call('POST', path, body);
      assert.equal(refused.status, status);
      assert.equal(refused.text.includes('Device'), status === 400);
    }
    const { rest } = (await call('GET', '/metadata')).json;
    assert.equal(
      rest[0].resource.some(({ type }: { type: string }) => type === 'Device'),
      declared,
    );
    assert.equal((await call('POST', '/Patient', { resourceType: 'Patient' })).status, 201);
  }
});
