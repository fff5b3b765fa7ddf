import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Device } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import type { FhirAuth } from '../../src/config/schema.ts';
import { usableSeconds } from '../../src/fhir/auth/renewing-token.ts';
import { SCOPES_V1, SCOPES_V2, scopeChoices } from '../../src/fhir/auth/scopes.ts';
import { loadSigningKey, type SmartAuth } from '../../src/fhir/auth/signing-key.ts';
import { clientOf, FHIR, failure, type Server, serve } from './client-support.ts';

type TokenAnswer = { status?: number; headers?: Record<string, string>; body: unknown };

/** A FHIR server that wants the newest token, and the token server beside it. */
async function guarded(t: TestContext, answer: (form: URLSearchParams, count: number) => TokenAnswer): Promise<Server> {
  let count = 0;
  return serve(t, (app, self) => {
    app.get('/fhir/.well-known/smart-configuration', (_req, res) => {
      res.json({ token_endpoint: `${self.origin}/token`, capabilities: ['permission-v2'] });
    });
    app.post('/token', (req, res) => {
      count += 1;
      const { status = 200, headers = {}, body } = answer(new URLSearchParams(String(req.body)), count);
      res.status(status).set(headers).json(body);
    });
    app.get('/fhir/Task/1', (req, res) => {
      const ok = req.headers.authorization === `Bearer t${count}`;
      res
        .status(ok ? 200 : 401)
        .type(FHIR)
        .send({ resourceType: 'Task', id: '1' });
    });
  });
}

const granting = (_form: URLSearchParams, count: number) => ({
  body: { access_token: `t${count}`, token_type: 'bearer', expires_in: 300 },
});
const tokenCalls = (server: Server) => server.seen.filter(({ url }) => url === '/token');
const secretAuth = (server: Server, more: object = {}): FhirAuth => ({
  type: 'client-secret',
  tokenUrl: `${server.origin}/token`,
  clientId: 'a b',
  clientSecret: 'p:%+',
  method: 'basic',
  ...more,
});

test('static authorizations: none, bearer, basic; a 401 to them is final', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => void res.status(401).end());
  });
  const expected: [FhirAuth, string | undefined][] = [
    [{ type: 'none' }, undefined],
    [{ type: 'bearer', token: 'abc' }, 'Bearer abc'],
    [{ type: 'basic', username: 'jürgen', password: 'p:w' }, `Basic ${Buffer.from('jürgen:p:w').toString('base64')}`],
  ];
  for (const [auth, header] of expected) {
    const { client } = clientOf(t, server.origin, { auth });
    const error = await failure(client.read('Task', '1'));
    assert.deepEqual([error.code, error.remedy], ['ehr-unauthorized', 'hold']);
    assert.equal(server.seen.at(-1)?.headers.authorization, header);
    assert.equal(await client.tokenReport(), undefined);
  }
  assert.equal(server.seen.length, 3);
});

test('a 300 s token serves five calls at once, and is renewed at 80 % of its life', async (t) => {
  const server = await guarded(t, granting);
  let time = Date.parse('2026-01-01T00:00:00Z');
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) }, { now: () => new Date(time) });
  await Promise.all(Array.from({ length: 5 }, () => client.read('Task', '1')));
  assert.equal(tokenCalls(server).length, 1);
  time += 239_000;
  await client.read('Task', '1');
  assert.equal(tokenCalls(server).length, 1);
  time += 2_000;
  await Promise.all(Array.from({ length: 5 }, () => client.read('Task', '1')));
  assert.equal(tokenCalls(server).length, 2);
});

test('id and secret go form-encoded into the Basic header, or into the body', async (t) => {
  const server = await guarded(t, granting);
  const { client: inHeader } = clientOf(t, server.origin, { auth: secretAuth(server) });
  await inHeader.read('Task', '1');
  const { client: inBody } = clientOf(t, server.origin, { auth: secretAuth(server, { method: 'body', scope: 'x' }) });
  await inBody.read('Task', '1');
  const [header, body] = tokenCalls(server);
  const basic = Buffer.from(header?.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  assert.equal(basic, 'a+b:p%3A%25%2B');
  assert.equal(header?.body, 'grant_type=client_credentials');
  assert.equal(body?.headers.authorization, undefined);
  assert.equal(body?.body, 'grant_type=client_credentials&client_id=a+b&client_secret=p%3A%25%2B&scope=x');
});

test('a 401 renews the token once, for writes too; a second one holds the order', async (t) => {
  let refusals = 1;
  const server = await serve(t, (app) => {
    let count = 0;
    app.post('/token', (_req, res) => {
      count += 1;
      res.json({ access_token: `t${count}`, token_type: 'Bearer', expires_in: 3600 });
    });
    app.post('/fhir/Device', (_req, res) => {
      refusals -= 1;
      res
        .status(refusals >= 0 ? 401 : 201)
        .type(FHIR)
        .send({ resourceType: 'Device', id: '1' });
    });
  });
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) });
  const device: Device = { resourceType: 'Device' };
  assert.equal((await client.create(device)).id, '1');
  assert.deepEqual(
    server.seen.map(({ url, headers }) => (url === '/token' ? 'token' : headers.authorization)),
    ['token', 'Bearer t1', 'token', 'Bearer t2'],
  );
  refusals = 10;
  assert.equal((await failure(client.create({ resourceType: 'Device' }))).code, 'ehr-unauthorized');
  assert.equal(refusals, 8, 'two tries');
});

const pem = { type: 'pkcs8', format: 'pem' } as const;
const keys = {
  RS384: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
};

for (const alg of ['RS384', 'ES384'] as const) {
  test(`SMART Backend Services: discovery, and an ${alg} assertion that verifies`, async (t) => {
    const server = await guarded(t, granting);
    const auth: SmartAuth = {
      type: 'smart-backend',
      clientId: 'adapter',
      alg,
      privateKey: keys[alg].privateKey.export(pem).toString(),
    };
    const { client } = clientOf(t, server.origin, { auth });
    await client.read('Task', '1');
    const [sent] = tokenCalls(server);
    const form = new URLSearchParams(sent?.body);
    assert.equal(form.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    assert.equal(form.get('scope'), SCOPES_V2);
    const { publicJwk, kid } = await loadSigningKey(auth);
    assert.equal('d' in publicJwk, false);
    const assertion = form.get('client_assertion') ?? '';
    const { payload } = await jwtVerify(assertion, await importJWK(publicJwk, alg), {
      issuer: 'adapter',
      subject: 'adapter',
      audience: `${server.origin}/token`,
      algorithms: [alg],
      requiredClaims: ['jti', 'iat', 'exp'],
      maxTokenAge: 300,
    });
    assert.deepEqual(decodeProtectedHeader(assertion), { alg, kid, typ: 'JWT' });
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 240);
    const discovery = server.seen.find(({ url }) => url.endsWith('smart-configuration'));
    assert.equal(discovery?.headers.authorization, undefined);
    assert.deepEqual(await client.tokenReport(), { scopes: SCOPES_V2, expiresIn: 300 });
  });
}

test('a server of v1 scopes is asked again in its spelling, and what it grants is reported', async (t) => {
  const server = await guarded(t, (form, count) =>
    form.get('scope') === SCOPES_V1
      ? { body: { access_token: `t${count}`, token_type: 'bearer', expires_in: 300, scope: 'system/Task.read' } }
      : { status: 400, body: { error: 'invalid_scope' } },
  );
  const privateKey = JSON.stringify({ ...keys.ES384.privateKey.export({ format: 'jwk' }), kid: 'k1' });
  const auth: SmartAuth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384', privateKey };
  const { client } = clientOf(t, server.origin, { auth });
  assert.deepEqual(await client.tokenReport(), { scopes: 'system/Task.read', expiresIn: 300 });
  const assertions = tokenCalls(server).map(({ body }) => new URLSearchParams(body).get('client_assertion') ?? '');
  assert.equal(assertions.length, 2);
  assert.notEqual(assertions[0], assertions[1], 'a new jti each time');
  assert.equal(decodeProtectedHeader(assertions[0] ?? '').kid, 'k1');
});

test('the spelling of scopes follows the discovery document', () => {
  const first = (capabilities: string[], scopesSupported: string[]) =>
    scopeChoices({ capabilities, scopesSupported })[0];
  assert.equal(first([], []), SCOPES_V2);
  assert.equal(first(['permission-v1'], []), SCOPES_V1);
  assert.equal(first(['permission-v1', 'permission-v2'], []), SCOPES_V2);
  assert.equal(first([], ['system/*.read', 'openid']), SCOPES_V1);
  assert.equal(first([], ['system/Patient.rs']), SCOPES_V2);
  assert.match(SCOPES_V1, /system\/Task\.read system\/Task\.write/);
});

test('refused credentials hold the order and are not tried again at once', async (t) => {
  const server = await guarded(t, () => ({
    status: 401,
    body: { error: 'invalid_client', error_description: 'p:%+' },
  }));
  let time = 0;
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) }, { now: () => new Date(time) });
  for (let times = 0; times < 3; times += 1) {
    const error = await failure(client.read('Task', '1'));
    assert.deepEqual([error.code, error.remedy], ['ehr-unauthorized', 'hold']);
    assert.equal(error.message, 'The token server refused us (invalid_client)');
  }
  assert.equal(tokenCalls(server).length, 1);
  time += 60_000;
  await failure(client.read('Task', '1'));
  assert.equal(tokenCalls(server).length, 2);
  assert.equal(server.seen.length, 2, 'nothing was asked without a token');
});

test('a token server in trouble is transient, also for a write', async (t) => {
  let status = 503;
  const server = await guarded(t, () => ({ status, body: {} }));
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) });
  const down = await failure(client.create({ resourceType: 'Device' }));
  assert.deepEqual([down.code, down.kind], ['ehr-error', 'transient']);
  status = 404;
  const wrong = await failure(client.create({ resourceType: 'Device' }));
  assert.deepEqual([wrong.code, wrong.remedy], ['ehr-unauthorized', 'hold']);
});

test('while the old token lives, a failed renewal stops nobody', async (t) => {
  let up = true;
  const server = await serve(t, (app) => {
    app.post('/token', (_req, res) => {
      res.status(up ? 200 : 400).json(up ? { access_token: 't1', expires_in: 300 } : { error: 'invalid_client' });
    });
    app.get('/fhir/Task/1', (_req, res) => void res.type(FHIR).send({ resourceType: 'Task', id: '1' }));
  });
  let time = 0;
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) }, { now: () => new Date(time) });
  await client.read('Task', '1');
  up = false;
  time = 250_000;
  await client.read('Task', '1');
  await client.read('Task', '1');
  assert.equal(tokenCalls(server).length, 2);
  time = 301_000;
  assert.equal((await failure(client.read('Task', '1'))).code, 'ehr-unauthorized');
});

test('a key that cannot be used holds the order without saying what it is', async (t) => {
  const server = await guarded(t, granting);
  const wrongs = ['not a key SECRET', keys.RS384.privateKey.export(pem).toString(), '{"kty":"EC","d":"SECRET"}'];
  for (const privateKey of wrongs) {
    const auth: SmartAuth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384', privateKey };
    const { client } = clientOf(t, server.origin, { auth });
    const error = await failure(client.read('Task', '1'));
    assert.equal(error.code, 'ehr-unauthorized');
    assert.doesNotMatch(error.message, /SECRET/);
  }
  assert.equal(tokenCalls(server).length, 0);
});

test('a discovery document that is missing or names a place without TLS is told apart', async (t) => {
  const server = await serve(t, () => {});
  const privateKey = keys.ES384.privateKey.export(pem).toString();
  const auth: SmartAuth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384', privateKey };
  const { client } = clientOf(t, server.origin, { auth });
  assert.match((await failure(client.read('Task', '1'))).message, /set fhir\.auth\.tokenUrl/);
});

test('a token is used for a part of its life, never past its end', () => {
  assert.deepEqual([300, 3600, 60, 10].map(usableSeconds), [240, 2880, 30, 5]);
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), (life) => {
      const usable = usableSeconds(life);
      return usable > 0 && usable < life;
    }),
  );
});
