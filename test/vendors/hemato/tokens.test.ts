import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { AdapterError } from '../../../src/errors.ts';
import { hello } from '../../../src/vendors/hemato/api.ts';
import { hemato } from '../../../src/vendors/hemato/index.ts';
import { tokenOf } from '../../../src/vendors/hemato/tokens.ts';
import { lifetimeOf } from '../../../src/vendors/signed-jwt.ts';
import { LEGACY, NEWER, type Script, scripted } from './stub.ts';

const NOW = new Date('2026-11-22T10:00:00Z');
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (type: 'pkcs1' | 'pkcs8') => privateKey.export({ type, format: 'pem' }).toString();
const AUTH = { type: 'key-pair', issuer: 'org-northlab', subject: 'user-1', role: 'service', kid: 'k1', alg: 'RS256' };

function accessOf(auth: object, script: Script = {}, more: object = {}) {
  const clock = { now: NOW };
  const { http, sent } = scripted(script);
  const settings = hemato.settings.parse({ ...NEWER, baseUrl: 'https://eu.api.hemato.ai', ...more, auth });
  return { access: { http, settings, now: () => clock.now }, clock, sent };
}

/** A session's token of the vendor's, which lives for so many seconds. */
const minted = (seconds: number, at = NOW) =>
  new SignJWT({ iat: at.getTime() / 1000, exp: at.getTime() / 1000 + seconds })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.alloc(32, 1));
const loginOf = (token: string) => ({ status: 202, body: { results: { token: { HY_APP_AUTH_v1: token } } } });

test('our own token says what the vendor’s table of claims asks for, in both algorithms and both kinds of PEM', async () => {
  const seen = new Set<unknown>();
  for (const alg of ['RS256', 'RS384'] as const) {
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const { access } = accessOf({ ...AUTH, alg, privateKey: pem(type) });
      const token = await tokenOf(access);
      assert.deepEqual(decodeProtectedHeader(token), { alg, typ: 'JWT', kid: 'k1' });
      const { payload } = await jwtVerify(token, publicKey, { currentDate: NOW });
      const { jti, ...claims } = payload;
      const iat = NOW.getTime() / 1000 - 5;
      const said = { iss: 'org-northlab', sub: 'user-1', role: 'service', kid: 'k1', aud: 'eu.api.hemato.ai' };
      assert.deepEqual(claims, { ...said, iat, exp: iat + 55 * 60 });
      seen.add(jti);
    }
  }
  assert.equal(seen.size, 4);
});

test('the audience is a setting of its own: text or list', async () => {
  for (const audience of ['dev.api.hemato.ai', ['eu.api.hemato.ai']]) {
    const { access } = accessOf({ ...AUTH, audience, privateKey: pem('pkcs8') });
    const { payload } = await jwtVerify(await tokenOf(access), publicKey, { currentDate: NOW });
    assert.deepEqual(payload.aud, audience);
  }
});

test('a key is read from its file; one that cannot be used holds the orders and is never quoted', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hemato-key-'));
  t.after(() => rm(folder, { recursive: true }));
  const privateKeyFile = join(folder, 'key.pem');
  await writeFile(privateKeyFile, pem('pkcs1'));
  const { access } = accessOf({ ...AUTH, privateKeyFile });
  await jwtVerify(await tokenOf(access), publicKey, { currentDate: NOW });
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const wrong of [
    { privateKeyFile: join(folder, 'secret-name') },
    { privateKey: 'no key at all' },
    { privateKey: short },
    { privateKey: curve },
  ]) {
    await assert.rejects(tokenOf(accessOf({ ...AUTH, ...wrong }).access), (thrown) => {
      assert.ok(thrown instanceof AdapterError);
      assert.deepEqual([thrown.code, thrown.remedy], ['vendor-unauthorized', 'hold']);
      assert.ok(!/secret-name|no key at all|BEGIN/.test(thrown.message + thrown.orderer));
      return true;
    });
  }
});

test('the password leaves as its hash only, and one log-in serves all who wait', async () => {
  const auth = { type: 'session', user: 'lab@example.org', password: 'pässword' };
  const { access, sent } = accessOf(auth);
  const tokens = await Promise.all([tokenOf(access), tokenOf(access), tokenOf(access)]);
  assert.equal(new Set(tokens).size, 1);
  const pass_hash = createHash('sha256').update('pässword', 'utf8').digest('hex');
  assert.deepEqual(
    sent.map(({ line, json }) => [line, json]),
    [['POST /auth/login', { user: 'lab@example.org', pass_hash }]],
  );
});

test('a token is renewed a minute before its end, whatever clock it was dated by', async () => {
  for (const theirs of [NOW, new Date('2020-01-01T00:00:00Z')]) {
    const token = await minted(600, theirs);
    const { access, clock, sent } = accessOf(NEWER.auth, { 'POST /auth/login': () => loginOf(token) });
    await tokenOf(access);
    clock.now = new Date(NOW.getTime() + 539_000);
    await tokenOf(access);
    assert.equal(sent.length, 1);
    clock.now = new Date(NOW.getTime() + 541_000);
    await tokenOf(access);
    assert.equal(sent.length, 2);
  }
  const long = await minted(150_000);
  const { access, clock, sent } = accessOf(NEWER.auth, { 'POST /auth/login': () => loginOf(long) });
  await tokenOf(access);
  clock.now = new Date(NOW.getTime() + 3_600_000);
  await tokenOf(access);
  assert.equal(sent.length, 2, 'no token is older than an hour');
});

test('a token too short-lived to keep still serves', async () => {
  const token = await minted(10);
  const { access } = accessOf(NEWER.auth, { 'POST /auth/login': () => loginOf(token) });
  assert.deepEqual(await Promise.all([tokenOf(access), tokenOf(access)]), [token, token]);
});

test('a refused token is replaced once; then it is an operator’s matter', async () => {
  const tokens = [await minted(600), await minted(700)];
  const script: Script = {
    'POST /auth/login': (nth) => loginOf(tokens[nth - 1] ?? ''),
    'POST /auth/hello': (nth) => (nth === 1 ? { status: 401 } : undefined),
  };
  const { access, sent } = accessOf(NEWER.auth, script);
  await hello(access);
  const used = sent.filter(({ line }) => line === 'POST /auth/hello').map(({ headers }) => headers?.authorization);
  assert.deepEqual(
    used,
    tokens.map((token) => `Bearer ${token}`),
  );
  const refused = accessOf(NEWER.auth, { 'POST /auth/hello': () => ({ status: 401 }) });
  await assert.rejects(hello(refused.access), { code: 'vendor-unauthorized', remedy: 'hold' });
  assert.equal(refused.sent.filter(({ line }) => line === 'POST /auth/hello').length, 2);
});

test('where the vendor’s clock is behind ours, tokens are dated by it from then on', async () => {
  const theirs = new Date(NOW.getTime() - 600_000);
  const dated: number[] = [];
  const script: Script = {
    'POST /auth/hello': (_nth, { headers }) => {
      const payload = JSON.parse(Buffer.from(headers?.authorization?.split('.')[1] ?? '', 'base64url').toString());
      dated.push(payload.iat);
      return payload.iat * 1000 > theirs.getTime()
        ? { status: 401, headers: { date: theirs.toUTCString() } }
        : undefined;
    },
  };
  const { access } = accessOf({ ...AUTH, privateKey: pem('pkcs8') }, script);
  await hello(access);
  await hello(access);
  assert.deepEqual(
    dated.map((iat) => iat * 1000 <= theirs.getTime()),
    [false, true, true],
  );
});

test('a refused log-in is an operator’s matter; one that got lost is tried again by the next who asks', async () => {
  for (const status of [400, 401, 403, 404]) {
    const { access } = accessOf(NEWER.auth, { 'POST /auth/login': () => ({ status }) });
    await assert.rejects(tokenOf(access), { code: 'vendor-unauthorized' });
  }
  const { access } = accessOf(NEWER.auth, { 'POST /auth/login': (nth) => (nth === 1 ? { status: 500 } : undefined) });
  await assert.rejects(tokenOf(access), { code: 'vendor-error', kind: 'transient' });
  await tokenOf(access);
});

test('the doctor’s check logs in and bills nothing', async () => {
  const { http, sent } = scripted();
  const said = await hemato.check({ http, settings: hemato.settings.parse(LEGACY) });
  assert.equal(said, 'the log-in works (demo); service bb_api.401.main.0a1b2c3');
  assert.deepEqual(
    sent.map(({ line }) => line),
    ['GET /heartbeat', 'GET /login/demo', 'POST /auth/hello'],
  );
  assert.ok(sent.slice(0, 2).every(({ headers }) => headers?.authorization === undefined));
});

test('a host without heartbeat and without a call to try a token says so', async () => {
  const none = () => ({ status: 404 });
  const { http } = scripted({ 'GET /heartbeat': none, 'POST /auth/hello': none });
  const said = await hemato.check({ http, settings: hemato.settings.parse(LEGACY) });
  assert.equal(said, 'a token is there (demo); this host has no call to try it with');
});

test('what is no JWT has no end', () => {
  for (const token of ['', 'a.b.c', 'opaque', '...']) {
    assert.equal(lifetimeOf(token, NOW), undefined);
  }
});
