import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { SANDBOX_USER } from '../../sandbox/hemato/routes.ts';
import { createTokens } from '../../sandbox/hemato/tokens.ts';
import { fixture, passHash, serveHemato } from './serve-hemato.ts';

/** 2048 bits rather than the 4096 that the vendor wants: the tests make one, and the simulator takes any. */
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = String(pair.publicKey.export({ type: 'pkcs1', format: 'pem' }));
const KEY = { kid: 'key-2026-01', publicKey, issuer: 'org-northlab.example.org' };

type Vendor = Awaited<ReturnType<typeof serveHemato>>;
const hello = (vendor: Vendor, authorization: string | null) => vendor.call('POST', '/auth/hello', { authorization });
const reason = z.object({ error: z.string() });

interface Changes {
  alg?: string;
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  privateKey?: typeof pair.privateKey;
}

/** A token as the vendor's claims table has it, with what a case changes. Undefined leaves a claim out. */
async function sign(vendor: Vendor, changes: Changes = {}): Promise<string> {
  const iat = Math.floor(vendor.now().getTime() / 1000) - 5;
  const claims = {
    iss: KEY.issuer,
    sub: '0150d87b-9607-5917-a326-4e71218eb4f5',
    aud: vendor.host,
    role: 'service',
    kid: KEY.kid,
    jti: randomUUID(),
    iat,
    exp: iat + 3300,
    ...changes.claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(claims)))
    .setProtectedHeader({ alg: changes.alg ?? 'RS256', typ: 'JWT', kid: KEY.kid, ...changes.header })
    .sign(changes.privateKey ?? pair.privateKey);
}

test('a token may stand bare or as Bearer, in any case of that word', async (t) => {
  const vendor = await serveHemato(t);
  const token = await vendor.token();
  for (const header of [token, `Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`]) {
    assert.equal((await hello(vendor, header)).status, 200, header.slice(0, 8));
  }
  for (const header of [null, '', 'Bearer', 'Bearer x', `Basic ${token}`, `${token}x`, `${token}.${token}`, 'a.b.c']) {
    const answer = await hello(vendor, header);
    assert.equal(answer.status, 401, String(header).slice(0, 8));
  }
  for (const path of ['/pbs/x/status', '/pbs/x/report', '/nothing']) {
    assert.equal((await vendor.call('GET', path, { authorization: null })).status, 401, path);
  }
});

test('a session: the hash of the password and nothing else, told as each generation tells it', async (t) => {
  const vendor = await serveHemato(t);
  const newer = await vendor.login();
  assert.equal(newer.status, 202);
  const shape = z.strictObject({
    status: z.literal(202),
    results: z.strictObject({
      login_timestamp: z.string().regex(/^\d{19}$/),
      token: z.strictObject({ HY_APP_AUTH_v1: z.string() }),
      user: z.strictObject({ email: z.email(), id: z.uuid(), screen_name: z.string(), user_name: z.string() }),
    }),
    debug_info: z.record(z.string(), z.string()),
  });
  shape.parse(fixture('login_session_202'));
  shape.parse(newer.json());

  const first = await serveHemato(t, { profile: 'legacy' });
  const bare = await first.login();
  const token = z.strictObject({ results: z.strictObject({ hemato_ai_auth_token: z.string() }) });
  token.parse(fixture('login_demo_legacy_200'));
  assert.equal(bare.status, 200);
  assert.equal((await hello(first, token.parse(bare.json()).results.hemato_ai_auth_token)).status, 200);

  const { email: user, password } = SANDBOX_USER;
  const pass_hash = passHash(password);
  const cases: [unknown, number][] = [
    [{ user, password }, 400],
    [{ user, pass_hash, password }, 400],
    [{ user, pass_hash: password }, 400],
    [{ user, pass_hash: pass_hash.toUpperCase() }, 400],
    [{ user, pass_hash: passHash(`${password}\n`) }, 401],
    [{ user: 'somebody@example.com', pass_hash }, 401],
    [undefined, 400],
  ];
  for (const [json, status] of cases) {
    const answer = await vendor.call('POST', '/auth/login', { authorization: null, json });
    assert.equal(answer.status, status, JSON.stringify(json));
  }
});

test('the demo login is there in the first generation alone', async (t) => {
  const legacy = await serveHemato(t, { profile: 'legacy' });
  const answer = await legacy.call('GET', '/login/demo', { authorization: null });
  assert.equal((await hello(legacy, legacy.readToken(answer.json()))).status, 200);
  for (const profile of ['2023', '2024'] as const) {
    const vendor = await serveHemato(t, { profile });
    assert.equal((await vendor.call('GET', '/login/demo', { authorization: null })).status, 404);
  }
});

test("a session ends when its token's exp says so", async (t) => {
  const vendor = await serveHemato(t, { sessionSeconds: 600 });
  const token = await vendor.token();
  vendor.turn(599);
  assert.equal((await hello(vendor, token)).status, 200);
  vendor.turn(1);
  const expired = await hello(vendor, token);
  assert.deepEqual([expired.status, expired.json()], [401, fixture('error_401')]);
});

test('users and keys without access to the region are told 403', async (t) => {
  const users = [{ ...SANDBOX_USER, access: false }];
  const vendor = await serveHemato(t, { users, keys: [{ ...KEY, access: false }] });
  assert.equal((await vendor.login()).status, 403);
  const answer = await hello(vendor, await sign(vendor));
  assert.deepEqual([answer.status, answer.json()], [403, fixture('error_403')]);
});

const second = (vendor: Vendor, offset: number) => Math.floor(vendor.now().getTime() / 1000) + offset;

/** What is changed in a good token, and why it is then refused; no reason where it is not. */
const TOKENS: [string, (vendor: Vendor) => Changes, RegExp?][] = [
  ['RS256', () => ({})],
  ['RS384', () => ({ alg: 'RS384' })],
  ['RS512', () => ({ alg: 'RS512' }), /algorithm/],
  ['PS256', () => ({ alg: 'PS256' }), /algorithm/],
  ['no kid in the header, as in the sample', () => ({ header: { kid: undefined } })],
  ['no kid in the payload', () => ({ claims: { kid: undefined } }), /kid/],
  ['another kid in the header', () => ({ header: { kid: 'key-2025-01' } }), /signature/],
  ['a kid that is not registered', () => ({ header: { kid: 'k' }, claims: { kid: 'k' } }), /signature/],
  ['the signature of another key', () => ({ privateKey: other.privateKey }), /signature/],
  ['an audience in a list, as in the sample', (vendor) => ({ claims: { aud: [vendor.host] } })],
  ['an audience without its port', (vendor) => ({ claims: { aud: vendor.host.split(':')[0] } })],
  ['two audiences', (vendor) => ({ claims: { aud: [vendor.host, 'x'] } }), /aud/],
  ['another audience', () => ({ claims: { aud: 'dev.api.hemato.ai' } }), /audience/],
  ['an audience with its scheme', (vendor) => ({ claims: { aud: `http://${vendor.host}` } }), /audience/],
  ['no audience', () => ({ claims: { aud: undefined } }), /aud/],
  ['issued now', (vendor) => ({ claims: { iat: second(vendor, 0) } })],
  ['issued in the future', (vendor) => ({ claims: { iat: second(vendor, 1) } }), /future/],
  ['issued an hour ago', (vendor) => ({ claims: { iat: second(vendor, -3600), exp: second(vendor, 60) } })],
  ['older than an hour', (vendor) => ({ claims: { iat: second(vendor, -3601), exp: second(vendor, 60) } }), /expired/],
  ['41 hours long, as in the sample', (vendor) => ({ claims: { exp: second(vendor, 150_000) } })],
  ['expired', (vendor) => ({ claims: { exp: second(vendor, 0) } }), /expired/],
  ['no exp', () => ({ claims: { exp: undefined } }), /exp/],
  ['an iat of milliseconds', (vendor) => ({ claims: { iat: vendor.now().getTime() } }), /future/],
  ['no iat', () => ({ claims: { iat: undefined } }), /iat/],
  ['no role', () => ({ claims: { role: undefined } }), /role/],
  ['a role that there is not', () => ({ claims: { role: 'nurse' } }), /role/],
  ['no sub', () => ({ claims: { sub: undefined } }), /sub/],
  ['an empty sub', () => ({ claims: { sub: '' } }), /sub/],
  ['no jti', () => ({ claims: { jti: undefined } }), /jti/],
  ['another issuer', () => ({ claims: { iss: 'org-southlab.example.org' } }), /issuer/],
];

test("clients' own tokens: each claim, each algorithm", async (t) => {
  const vendor = await serveHemato(t, { keys: [KEY] });
  for (const [name, changes, refused] of TOKENS) {
    const answer = await hello(vendor, `Bearer ${await sign(vendor, changes(vendor))}`);
    assert.equal(answer.status, refused ? 401 : 200, name);
    if (refused) {
      assert.match(reason.parse(answer.json()).error, refused, name);
    }
  }
});

test('a token is good for as many calls as it lives, its jti for no other', async (t) => {
  const vendor = await serveHemato(t, { keys: [KEY] });
  const token = await sign(vendor, { claims: { jti: 'one' } });
  assert.equal((await hello(vendor, token)).status, 200);
  assert.equal((await hello(vendor, token)).status, 200);
  const again = await hello(vendor, await sign(vendor, { claims: { jti: 'one', role: 'user' } }));
  assert.match(reason.parse(again.json()).error, /jti/);
});

test('the audience and the users that a host wants can be said', async (t) => {
  const keys = [{ ...KEY, subjects: ['0150d87b-9607-5917-a326-4e71218eb4f5'] }];
  const vendor = await serveHemato(t, { keys, requireAudience: 'eu.api.hemato.ai' });
  const aud = 'eu.api.hemato.ai';
  assert.equal((await hello(vendor, await sign(vendor, { claims: { aud } }))).status, 200);
  assert.equal((await hello(vendor, await sign(vendor))).status, 401);
  assert.equal((await hello(vendor, await sign(vendor, { claims: { aud, sub: 'nobody' } }))).status, 401);
});

test('any words at all in place of a token, or of its parts, are refused and do no harm', async (t) => {
  const vendor = await serveHemato(t, { keys: [KEY] });
  const tokens = createTokens({ keys: [KEY], now: vendor.now, sessionSeconds: 60 });
  const [, payload = '', signature = ''] = (await sign(vendor)).split('.');
  const encoded = (part: unknown) => Buffer.from(JSON.stringify(part) ?? '').toString('base64url');
  const algorithm = fc.constantFrom('RS256', 'HS256', 'none', 'toString', '__proto__', 'constructor');
  const head = fc.oneof(fc.json().map(encoded), fc.record({ alg: algorithm }).map(encoded));
  const claims = fc.oneof(fc.json().map(encoded), fc.constant(payload));
  const made = fc.tuple(head, claims, fc.base64String()).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(fc.oneof(fc.string(), made), (token) => {
      assert.equal(tokens.refusal(token, vendor.host)?.status, 401);
    }),
  );
  assert.equal(tokens.refusal(`${encoded({ alg: 'RS256' })}.${payload}.${signature}`, vendor.host)?.status, 401);
});

test('no token is taken that anybody could have made: unsigned, or signed with what is public', async (t) => {
  const vendor = await serveHemato(t, { keys: [KEY] });
  const [, payload] = (await sign(vendor)).split('.');
  const head = (alg: string) => Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url');
  const mac = createHmac('sha256', publicKey)
    .update(`${head('HS256')}.${payload}`)
    .digest('base64url');
  for (const token of [
    `${head('none')}.${payload}.AA`,
    `${head('none')}.${payload}.`,
    `${head('HS256')}.${payload}.${mac}`,
  ]) {
    assert.equal((await hello(vendor, token)).status, 401);
  }
});
