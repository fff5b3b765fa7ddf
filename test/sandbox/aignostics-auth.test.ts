/** Logging in as the vendor has it: the device flow, refreshing, tokens that end, and 401 in plain text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import { fixture } from './openapi-aignostics.ts';
import { serveAignostics, type Vendor } from './serve-aignostics.ts';

const { clientId: client_id, audience } = AIGNOSTICS_DEFAULTS;
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const open = async (vendor: Vendor, scope = 'offline_access') =>
  (await vendor.form('/oauth/device/code', { client_id, scope, audience })).json();
const poll = (vendor: Vendor, device_code: string) =>
  vendor.form('/oauth/token', { grant_type: DEVICE, device_code, client_id });
const refresh = (vendor: Vendor, refresh_token: string) =>
  vendor.form('/oauth/token', { grant_type: 'refresh_token', refresh_token, client_id });
const me = async (vendor: Vendor, token: string | null) => vendor.call('GET', '/v1/me', undefined, token);

test('the device flow: pending until a person confirms, then tokens that work and refresh', async (t) => {
  const vendor = await serveAignostics(t);
  const device = await open(vendor);
  assert.deepEqual(Object.keys(device).sort(), Object.keys(fixture('auth0_device_code_200')).sort());
  assert.equal(device.verification_uri, `${vendor.oauth}/activate`);
  const pending = await poll(vendor, device.device_code);
  assert.deepEqual([pending.status, pending.json()], [403, fixture('auth0_token_pending_403')]);

  const page = await vendor.get(device.verification_uri_complete);
  assert.ok(page.text.includes(`value="${device.user_code}"`));
  assert.equal((await vendor.form('/activate', { user_code: 'WRNG-CODE' })).status, 404);
  assert.equal((await vendor.form('/activate', { user_code: device.user_code.toLowerCase() })).status, 200);
  vendor.pass(5);
  const answer = await poll(vendor, device.device_code);
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, 'no-store']);
  const tokens = answer.json();
  assert.deepEqual(Object.keys(tokens).sort(), Object.keys(fixture('auth0_token_200')).sort());
  assert.equal((await me(vendor, tokens.access_token)).status, 200);
  vendor.pass(5);
  assert.equal((await poll(vendor, device.device_code)).json().error, 'invalid_grant', 'a code is good for one login');

  const keys = createRemoteJWKSet(new URL(`${vendor.oauth}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(tokens.access_token, keys, { audience, currentDate: vendor.now() });
  assert.equal(payload.sub, AIGNOSTICS_DEFAULTS.user.id);

  const renewed = (await refresh(vendor, tokens.refresh_token)).json();
  assert.equal('refresh_token' in renewed, false, 'the old one goes on');
  assert.equal((await me(vendor, renewed.access_token)).status, 200);
  assert.equal((await refresh(vendor, tokens.refresh_token)).status, 200);
});

test('whoever asks too soon is told to slow down, and has to', async (t) => {
  const vendor = await serveAignostics(t);
  const { device_code } = await open(vendor);
  await poll(vendor, device_code);
  vendor.pass(4);
  const tooSoon = await poll(vendor, device_code);
  assert.deepEqual([tooSoon.status, tooSoon.json().error], [429, 'slow_down']);
  vendor.pass(6);
  assert.equal((await poll(vendor, device_code)).json().error, 'slow_down', 'the pause is 10 seconds now');
  vendor.pass(15);
  assert.equal((await poll(vendor, device_code)).json().error, 'authorization_pending');
});

test('a code can be denied, grow old, or be of somebody else', async (t) => {
  const vendor = await serveAignostics(t, { clientIds: [client_id, 'other-client'] });
  const denied = await open(vendor);
  await vendor.form('/activate', { user_code: denied.user_code, decision: 'deny' });
  const answer = await poll(vendor, denied.device_code);
  assert.deepEqual([answer.status, answer.json().error], [403, 'access_denied']);
  const old = await open(vendor);
  vendor.pass(901);
  assert.equal((await vendor.form('/activate', { user_code: old.user_code })).status, 404);
  assert.equal((await poll(vendor, old.device_code)).json().error, 'expired_token');
  const { device_code } = await open(vendor);
  const stolen = await vendor.form('/oauth/token', { grant_type: DEVICE, device_code, client_id: 'other-client' });
  assert.equal(stolen.json().error, 'invalid_grant');
  for (const [fields, error] of [
    [{ client_id: 'unknown', audience }, 'invalid_client'],
    [{ client_id, audience: 'https://elsewhere.example' }, 'access_denied'],
  ] as const) {
    assert.equal((await vendor.form('/oauth/device/code', fields)).json().error, error);
  }
  assert.equal(
    (await vendor.form('/oauth/token', { client_id, grant_type: 'password' })).json().error,
    'unsupported_grant_type',
  );
  const json = await fetch(`${vendor.oauth}/oauth/token`, {
    method: 'POST',
    body: '{}',
    headers: { 'Content-Type': 'application/json' },
  });
  assert.equal(json.status, 400);
});

test('without offline_access there is no refresh token; with rotation each works once', async (t) => {
  const vendor = await serveAignostics(t, { rotateRefreshTokens: true });
  const login = async (scope: string) => {
    const { user_code, device_code } = await open(vendor, scope);
    await vendor.form('/activate', { user_code });
    return (await poll(vendor, device_code)).json();
  };
  assert.equal('refresh_token' in (await login('openid')), false);
  const { refresh_token } = await login('openid offline_access');
  const next = (await refresh(vendor, refresh_token)).json();
  assert.notEqual(next.refresh_token, refresh_token);
  assert.equal((await refresh(vendor, refresh_token)).json().error, 'invalid_grant');
  assert.equal((await refresh(vendor, next.refresh_token)).status, 200);
});

test('the gateway says 401 in plain text: no token, a wrong one, an old one', async (t) => {
  const vendor = await serveAignostics(t, { accessSeconds: 60 });
  const { status, body } = fixture('error_401_text')._http;
  const missing = await me(vendor, null);
  assert.deepEqual([missing.status, missing.text], [status, body]);
  assert.match(missing.headers.get('content-type') ?? '', /^text\/plain/);
  assert.equal((await me(vendor, 'made-up')).text, 'Jwt verification fails');
  const { access_token, expires_in } = (await refresh(vendor, AIGNOSTICS_DEFAULTS.refreshToken)).json();
  assert.equal(expires_in, 60);
  assert.equal((await me(vendor, access_token)).status, 200);
  vendor.pass(60);
  const old = await me(vendor, access_token);
  assert.deepEqual([old.status, old.text], [401, 'Jwt is expired']);
});
