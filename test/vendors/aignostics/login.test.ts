/** People's logins: the device flow, and the tokens that come of one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { check } from '../../../src/vendors/aignostics/check.ts';
import { aignostics } from '../../../src/vendors/aignostics/index.ts';
import { type Access, dropToken, tokenOf } from '../../../src/vendors/aignostics/tokens.ts';
import { orderOf, type Site, secretsOf, site } from './drive.ts';

let here: Site;
before(async () => {
  here = await site({ rotateRefreshTokens: true, accessSeconds: 3600, deviceSeconds: 900 });
});
after(() => here.close());

const login = aignostics.login ?? assert.fail('people log in');
const vendorSite = () => ({ settings: here.settings, http: here.http });

async function decide(userCode: string, decision: 'approve' | 'deny'): Promise<void> {
  const form = new URLSearchParams({ user_code: userCode, decision });
  const answer = await fetch(`${here.settings.auth.tenant}/activate`, { method: 'POST', body: form });
  assert.equal(answer.status, 200);
}

/** Without the refresh token of the settings. */
function accessOf(secrets = secretsOf()): Access & { secrets: typeof secrets } {
  const { refreshToken: _, ...auth } = here.settings.auth;
  // A connection of its own: tokens are remembered by it.
  const http = { request: here.http.request };
  return { http, settings: { ...here.settings, auth }, secrets, now: here.time.now };
}

const refreshes = () =>
  here.served.seen.filter(
    ({ host, body }) => host === 'oauth' && z.object({ refresh_token: z.string() }).safeParse(body).success,
  ).length;

async function loggedIn() {
  const code = await login.begin(vendorSite());
  await decide(code.userCode, 'approve');
  const polled = await login.poll(vendorSite(), code);
  assert.ok('secret' in polled);
  return secretsOf(new Map(Object.entries(polled.secret)));
}

test('a person confirms a code, and what is kept is a refresh token alone', async () => {
  const code = await login.begin(vendorSite());
  assert.match(code.userCode, /^[A-Z]{4}-[A-Z]{4}$/);
  assert.match(code.verificationUriComplete ?? '', /activate\?user_code=/);
  assert.deepEqual(await login.poll(vendorSite(), code), { pending: true, seconds: 5 });
  assert.deepEqual(await login.poll(vendorSite(), code), { pending: true, seconds: 10 }, 'slow_down');
  here.time.advance(10);
  await decide(code.userCode, 'approve');
  const polled = await login.poll(vendorSite(), code);
  assert.ok('secret' in polled);
  assert.deepEqual(Object.keys(polled.secret), ['refresh-token']);
});

test('a code that is refused or too old ends the login', async () => {
  const refused = await login.begin(vendorSite());
  await decide(refused.userCode, 'deny');
  assert.deepEqual(await login.poll(vendorSite(), refused), { ended: 'denied' });
  const old = await login.begin(vendorSite());
  here.time.advance(1000);
  assert.deepEqual(await login.poll(vendorSite(), old), { ended: 'expired' });
  assert.deepEqual(await login.poll(vendorSite(), { ...old, deviceCode: 'unknown' }), { ended: 'expired' });
});

test('a client that the tenant does not know is said so', async () => {
  const settings = { ...here.settings, auth: { ...here.settings.auth, clientId: 'unknown' } };
  await assert.rejects(login.begin({ settings, http: here.http }), { code: 'vendor-unauthorized' });
});

test('many orders share one renewal, made five minutes before the end, and a rotated refresh token is kept', async () => {
  const access = accessOf(await loggedIn());
  const first = access.secrets.kept.get('refresh-token');
  const before = refreshes();
  const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(access)));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(refreshes() - before, 1);
  assert.notEqual(access.secrets.kept.get('refresh-token'), first);
  here.time.advance(3600 - 301);
  assert.equal(await tokenOf(access), tokens[0]);
  here.time.advance(2);
  const renewed = await tokenOf(access);
  assert.notEqual(renewed, tokens[0]);
  await dropToken(access, tokens[0] ?? '');
  assert.equal(await tokenOf(access), renewed, 'an old refusal does not end the new token');
});

test('another process that has just renewed it leaves us the refresh token alone: then we renew too', async () => {
  const secrets = await loggedIn();
  const access = accessOf(secrets);
  let rounds = 0;
  const theirs = {
    ...secrets,
    renew: async (name: string, make: (current: string | undefined) => Promise<string>) =>
      rounds++ === 0 ? 'theirs' : secrets.renew(name, make),
  };
  assert.match(await tokenOf({ ...access, secrets: theirs }), /^eyJ/);
  assert.equal(rounds, 2);
});

test('nobody logged in, and a login that is refused, hold the order, and neither is remembered', async () => {
  await assert.rejects(tokenOf(accessOf()), { code: 'vendor-unauthorized', remedy: 'hold' });
  const access = accessOf(secretsOf(new Map([['refresh-token', 'an old one']])));
  await assert.rejects(tokenOf(access), { code: 'vendor-unauthorized', remedy: 'hold', status: 403 });
  assert.equal(access.secrets.kept.get('refresh-token'), 'an old one');
  access.secrets.kept.set('refresh-token', (await loggedIn()).kept.get('refresh-token') ?? '');
  assert.match(await tokenOf(access), /^eyJ/, 'a new login helps at once');
});

test('a token that ends in the middle of an order is renewed, and the call is made again', async () => {
  const before = here.served.billed('runs');
  here.served.set('token-expired');
  const { end } = await here.drive(orderOf());
  assert.ok('done' in end, JSON.stringify(end));
  assert.equal(here.served.billed('runs') - before, 1);
});

test('the doctor counts applications, and never asks who we are', async () => {
  assert.equal(
    await check({ ...vendorSite(), secrets: here.secrets }, here.time.now),
    'the login works; 2 applications available',
  );
  const { http, settings } = accessOf();
  await assert.rejects(check({ http, settings }, here.time.now), { code: 'vendor-unauthorized' });
  assert.ok(here.served.seen.every(({ path }) => !path.includes('/me')));
});
