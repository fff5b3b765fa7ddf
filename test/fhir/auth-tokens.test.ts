import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import type { FhirAuth } from '../../src/config/schema.ts';
import { missingScopes, SCOPES_V1, SCOPES_V2, scopeChoices } from '../../src/fhir/auth/scopes.ts';
import type { SmartAuth } from '../../src/fhir/auth/signing-key.ts';
import { openLog } from '../../src/log.ts';
import { clientOf, FHIR, failure, type Server, serve } from './client-support.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

type Answer = { status?: number; headers?: Record<string, string>; body: object };

/** A token server and the FHIR server that takes any token of it; `discovery` is added to the SMART document. */
async function servers(t: TestContext, token: (form: URLSearchParams) => Answer, discovery: object = {}) {
  return serve(t, (app, self) => {
    app.get('/fhir/.well-known/smart-configuration', (_req, res) => {
      res.json({ token_endpoint: `${self.origin}/token`, ...discovery });
    });
    app.post('/token', (req, res) => {
      const { status = 200, headers = {}, body } = token(new URLSearchParams(String(req.body)));
      res.status(status).set(headers).json(body);
    });
    app.get('/fhir/Task/1', (_req, res) => void res.type(FHIR).send({ resourceType: 'Task', id: '1' }));
  });
}

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const smart: SmartAuth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384', privateKey };
const secretAuth = ({ origin }: Server): FhirAuth => ({
  type: 'client-secret',
  tokenUrl: `${origin}/token`,
  clientId: 'adapter',
  clientSecret: 'secret',
  method: 'basic',
});
const asked = ({ seen }: Server): URLSearchParams[] =>
  seen.filter(({ url }) => url === '/token').map(({ body }) => new URLSearchParams(body));

test('a token of 30 s is used for half its life, also by many at once', async (t) => {
  const server = await servers(t, () => ({ body: { access_token: 'a', token_type: 'bearer', expires_in: 30 } }));
  let time = START;
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) }, { now: () => new Date(time) });
  for (const [seconds, tokens] of [
    [0, 1],
    [14, 1],
    [16, 2],
    [30, 2],
    [32, 3],
  ] as const) {
    time = START + seconds * 1000;
    await Promise.all([client.read('Task', '1'), client.read('Task', '1'), client.read('Task', '1')]);
    assert.equal(asked(server).length, tokens, `after ${seconds} s`);
  }
});

test('a life that is missing or nonsense is taken for 300 s, one in a text for what it says', async (t) => {
  let life: unknown;
  const server = await servers(t, () => ({ body: { access_token: 'a', token_type: 'bearer', expires_in: life } }));
  const lives: [unknown, number][] = [
    [undefined, 300],
    [null, 300],
    ['soon', 300],
    [-5, 300],
    [0, 300],
    [{}, 300],
    ['60', 60],
    [59.5, 59.5],
  ];
  for (const [said, taken] of lives) {
    life = said;
    const { client } = clientOf(t, server.origin, { auth: secretAuth(server) });
    assert.equal((await client.tokenReport())?.expiresIn, taken, JSON.stringify(said));
  }
});

test('the token type is bearer in any case or left out; another one holds the order', async (t) => {
  let type: unknown;
  const server = await servers(t, () => ({ body: { access_token: 'a', token_type: type, expires_in: 300 } }));
  for (const said of ['bearer', 'Bearer', 'BEARER', undefined]) {
    type = said;
    const { client } = clientOf(t, server.origin, { auth: secretAuth(server) });
    await client.read('Task', '1');
    assert.equal(server.seen.at(-1)?.headers.authorization, 'Bearer a');
  }
  type = 'mac';
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) });
  const error = await failure(client.read('Task', '1'));
  assert.deepEqual([error.code, error.remedy], ['ehr-unauthorized', 'hold']);
});

test('a token server that asks to wait is not asked again before', async (t) => {
  const server = await servers(t, () => ({ status: 429, headers: { RateLimit: '"requests";r=0;t=60' }, body: {} }));
  let time = START;
  const { client } = clientOf(t, server.origin, { auth: secretAuth(server) }, { now: () => new Date(time) });
  for (const seconds of [0, 30, 59]) {
    time = START + seconds * 1000;
    const error = await failure(client.read('Task', '1'));
    assert.deepEqual([error.code, error.kind], ['ehr-busy', 'transient']);
  }
  assert.equal(asked(server).length, 1);
  time = START + 61_000;
  await failure(client.read('Task', '1'));
  assert.equal(asked(server).length, 2);
});

test('a discovery document without its arrays will do, and a configured token endpoint makes it needless', async (t) => {
  const server = await servers(t, () => ({ body: { access_token: 'a', token_type: 'bearer' } }), {
    capabilities: null,
    scopes_supported: 'all of them',
  });
  await clientOf(t, server.origin, { auth: smart }).client.read('Task', '1');
  assert.equal(asked(server)[0]?.get('scope'), SCOPES_V2);
  assert.equal(asked(server)[0]?.get('client_id'), null);
  const auth = { ...smart, tokenUrl: `${server.origin}/token`, scope: 'system/*.rs' };
  await clientOf(t, server.origin, { auth }).client.read('Task', '1');
  assert.equal(asked(server)[1]?.get('scope'), 'system/*.rs');
  assert.equal(server.seen.filter(({ url }) => url.includes('smart-configuration')).length, 1);
});

test('a token server whose clock differs is asked once more by its own clock, and from then on', async (t) => {
  // Ours is ten minutes behind.
  let time = START;
  const server = await servers(t, (form) => {
    const { iat = 0, exp = 0 } = decodeJwt(form.get('client_assertion') ?? '');
    const theirs = time + 600_000;
    return iat * 1000 <= theirs + 30_000 && exp * 1000 > theirs
      ? { body: { access_token: 'a', token_type: 'bearer', expires_in: 300 } }
      : { status: 400, headers: { Date: new Date(theirs).toUTCString() }, body: { error: 'invalid_client' } };
  });
  const lines: string[] = [];
  const log = openLog('warn', { write: (line) => void lines.push(line) });
  const { client } = clientOf(t, server.origin, { auth: smart }, { now: () => new Date(time), log });
  await client.read('Task', '1');
  assert.equal(asked(server).length, 2);
  time += 250_000;
  await client.read('Task', '1');
  assert.equal(asked(server).length, 3, 'the difference is remembered');
  assert.equal(lines.filter((line) => line.includes('clock')).length, 1);
  assert.match(lines.join(''), /"ms":600000/);
});

test('a refusal by a server whose clock agrees is final', async (t) => {
  const server = await servers(t, () => ({ status: 401, body: { error: 'invalid_client' } }));
  const { client } = clientOf(t, server.origin, { auth: smart });
  assert.equal((await failure(client.read('Task', '1'))).message, 'The token server refused us (invalid_client)');
  assert.equal(asked(server).length, 1);
});

test('a server that refuses more than it names is asked for what it names of ours', async (t) => {
  const scopes = 'system/Task.cruds system/*.rs';
  const server = await servers(
    t,
    (form) =>
      form.get('scope') === scopes
        ? { body: { access_token: 'a', token_type: 'bearer', expires_in: 300 } }
        : { status: 400, body: { error: 'invalid_scope' } },
    { scopes_supported: ['openid', 'patient/Task.rs', 'system/Account.rs', ...scopes.split(' '), 'system/Task.', 7] },
  );
  const { client } = clientOf(t, server.origin, { auth: smart });
  await client.read('Task', '1');
  assert.deepEqual(
    asked(server).map((form) => form.get('scope')),
    [SCOPES_V2, SCOPES_V1, scopes],
  );
});

test('scopes that are missing are told once, by type, and again only when they are others', async (t) => {
  let scope = SCOPES_V2;
  const server = await servers(t, () => ({
    body: { access_token: 'a', token_type: 'bearer', expires_in: 300, scope },
  }));
  let time = START;
  const lines: string[] = [];
  const log = openLog('warn', { write: (line) => void lines.push(line) });
  const { client } = clientOf(t, server.origin, { auth: smart }, { now: () => new Date(time), log });
  const renew = async (granted: string) => {
    scope = granted;
    time += 301_000;
    await client.read('Task', '1');
    return lines.splice(0).map((line) => JSON.parse(line).resourceType);
  };
  const without = (...types: string[]) =>
    SCOPES_V2.split(' ')
      .filter((one) => !types.some((type) => one.startsWith(`system/${type}.`)))
      .join(' ');
  assert.deepEqual(await renew(SCOPES_V2), []);
  assert.deepEqual(await renew(without('Media', 'Consent')), ['Consent Media']);
  assert.deepEqual(await renew(without('Media', 'Consent')), []);
  assert.deepEqual(await renew(without('Media')), ['Media']);
  assert.deepEqual(await renew(SCOPES_V2), []);
  assert.deepEqual(await renew(without('Media')), ['Media']);
  assert.deepEqual(await renew('openid'), [], 'a server without SMART scopes rules access elsewhere');
});

test('letters are asked for in the order c r u d s, and granted ones are read in any', () => {
  for (const scope of SCOPES_V2.split(' ')) {
    assert.match(scope, /^system\/[A-Z][A-Za-z]+\.c?r?u?d?s?$/);
  }
  assert.match(SCOPES_V2, /system\/Consent\.rs\b/);
  assert.match(SCOPES_V1, /system\/Consent\.read\b/);
  assert.doesNotMatch(SCOPES_V1, /Consent\.write/);
  const shuffled = SCOPES_V2.replace(/\.([a-z]+)/g, (_all, letters: string) => `.${[...letters].reverse().join('')}`);
  assert.deepEqual(missingScopes(shuffled), { known: true, missing: [] });
  assert.deepEqual(missingScopes('').known, false);
  fc.assert(
    fc.property(fc.array(fc.string()), (scopesSupported) => {
      for (const choice of scopeChoices({ capabilities: [], scopesSupported })) {
        assert.match(choice, /^system\//);
      }
    }),
  );
});
