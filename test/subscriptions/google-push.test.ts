import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { authenticateSender, mayAuthenticate } from '../../src/subscriptions/authenticate.ts';
import { claimsGooglePush, openGooglePush } from '../../src/subscriptions/google-push.ts';
import { lifeOf } from '../../src/subscriptions/published-keys.ts';
import { serve } from '../support/serve.ts';
import { SECRET, siteConfig } from './doubles.ts';

const START = Date.parse('2026-03-01T10:00:00Z');
const AUDIENCE = 'https://adapter.example/notify/general';
const EMAIL = 'push@hospital.iam.gserviceaccount.com';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const PAIRS = { one: pair(), two: pair(), stranger: pair() };

interface Google {
  keys: string;
  asked(): number;
  time(seconds: number): void;
  now(): Date;
  publish(...names: (keyof typeof PAIRS)[]): void;
  fail(how: 'hangs' | 'breaks' | 'nonsense' | undefined): void;
}

async function google(t: TestContext, cacheControl = 'public, max-age=600'): Promise<Google> {
  let published: (keyof typeof PAIRS)[] = ['one'];
  let failing: 'hangs' | 'breaks' | 'nonsense' | undefined;
  let count = 0;
  let time = START;
  const { url, close } = await serve((_request, response) => {
    count += 1;
    if (failing === 'hangs') {
      return;
    }
    const keys = published.map((kid) => ({ ...PAIRS[kid].publicKey.export({ format: 'jwk' }), kid, use: 'sig' }));
    response.writeHead(failing === 'breaks' ? 500 : 200, { 'cache-control': cacheControl });
    response.end(failing === 'nonsense' ? '<html>' : JSON.stringify({ keys }));
  });
  t.after(close);
  return {
    keys: url,
    asked: () => count,
    time: (seconds) => {
      time = START + seconds * 1000;
    },
    now: () => new Date(time),
    publish: (...names) => {
      published = names;
    },
    fail: (how) => {
      failing = how;
    },
  };
}

interface Wish {
  claims?: Record<string, unknown>;
  kid?: string;
  key?: KeyObject;
  alg?: string;
  /** Seconds since the start; it lives for an hour. */
  issued?: number;
}

async function token({ claims = {}, kid = 'one', key = PAIRS.one.privateKey, alg = 'RS256', issued = 0 }: Wish = {}) {
  const at = START / 1000 + issued;
  const usual = { iss: 'https://accounts.google.com', aud: AUDIENCE, email: EMAIL, email_verified: true };
  const jwt = await new SignJWT({ ...usual, sub: '1', iat: at, exp: at + 3600, ...claims })
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .sign(key);
  return `Bearer ${jwt}`;
}

const openFor = ({ keys, now }: Google) => openGooglePush({ audience: AUDIENCE, email: EMAIL, keys }, now);

test("a token of Google's for our audience and account is trusted, its issuer written either way", async (t) => {
  const server = await google(t);
  const verify = openFor(server);
  assert.equal(await verify(await token()), 'trusted');
  assert.equal(await verify(await token({ claims: { iss: 'accounts.google.com' } })), 'trusted');
  assert.equal(await verify(await token({ claims: { aud: [AUDIENCE, 'another'] } })), 'trusted');
  assert.equal(server.asked(), 1);
});

test('a token that says anything else is refused, and what cannot be right costs no fetch', async (t) => {
  const server = await google(t);
  const verify = openFor(server);
  const wrongs: Wish[] = [
    { claims: { iss: 'https://accounts.google.example' } },
    { claims: { aud: 'https://adapter.example/notify/clinic' } },
    { claims: { aud: undefined } },
    { claims: { email: 'push@other.iam.gserviceaccount.com' } },
    { claims: { email: undefined } },
    { claims: { email_verified: false } },
    { claims: { email_verified: 'true' } },
    { claims: { email_verified: undefined } },
  ];
  for (const wrong of wrongs) {
    assert.equal(await verify(await token(wrong)), 'refused', JSON.stringify(wrong));
  }
  for (const authorization of [undefined, '', 'Bearer', 'Bearer a.b.c', 'Basic a', `Bearer ${SECRET}`]) {
    assert.equal(await verify(authorization), 'refused');
  }
  assert.equal(server.asked(), 0);
  assert.equal(await verify(await token({ claims: { exp: START / 1000 - 61 } })), 'refused');
  assert.equal(await verify(await token({ claims: { exp: START / 1000 - 59 } })), 'trusted', 'clocks differ a little');
  assert.equal(await verify(await token({ claims: { exp: undefined } })), 'refused');
  assert.equal(await verify(await token({ key: PAIRS.stranger.privateKey })), 'refused');
  assert.equal(await verify(await token({ alg: 'RS512' })), 'refused');
  const [head = '', body = ''] = (await token()).split('.');
  const none = `Bearer ${Buffer.from('{"alg":"none","kid":"one"}').toString('base64url')}.${body}.`;
  for (const forged of [none, `${head}.${body}.AAAA`, `${head}.${body}.`]) {
    assert.equal(await verify(forged), 'refused');
  }
});

test('keys are kept for as long as Cache-Control says, and fetched once however many wait', async (t) => {
  const server = await google(t);
  const verify = openFor(server);
  await Promise.all(Array.from({ length: 20 }, async () => verify(await token())));
  server.time(599);
  await verify(await token());
  assert.equal(server.asked(), 1);
  server.time(601);
  await verify(await token());
  assert.equal(server.asked(), 2);
});

test('a key that is new is fetched at once, one that is made up only every half minute', async (t) => {
  const server = await google(t);
  const verify = openFor(server);
  const next = { kid: 'two', key: PAIRS.two.privateKey };
  await verify(await token());
  server.publish('one', 'two');
  server.time(31);
  assert.equal(await verify(await token(next)), 'trusted');
  assert.equal(server.asked(), 2);
  for (let times = 0; times < 20; times += 1) {
    assert.equal(await verify(await token({ kid: `made-up-${times}` })), 'refused');
  }
  assert.equal(server.asked(), 2);
  server.time(62);
  assert.equal(await verify(await token({ kid: 'made-up' })), 'refused');
  assert.equal(server.asked(), 3);
});

for (const how of ['breaks', 'nonsense', 'hangs'] as const) {
  test(`while the keys cannot be had nobody is judged, and Google is not pressed: it ${how}`, async (t) => {
    const server = await google(t);
    const verify = openFor(server);
    server.fail(how);
    for (const seconds of [0, 4]) {
      server.time(seconds);
      assert.equal(await verify(await token()), 'unavailable');
    }
    assert.equal(server.asked(), 1);
    server.fail(undefined);
    server.time(6);
    assert.equal(await verify(await token()), 'trusted');
    assert.equal(server.asked(), 2);
  });
}

test('keys that are over are believed for a day while no others can be had, but a new one is not judged', async (t) => {
  const server = await google(t);
  const verify = openFor(server);
  await verify(await token());
  server.fail('breaks');
  server.time(3600 * 5);
  assert.equal(await verify(await token({ issued: 3600 * 5 })), 'trusted');
  server.time(3600 * 5 + 10);
  const next = { kid: 'two', key: PAIRS.two.privateKey, issued: 3600 * 5 };
  assert.equal(await verify(await token(next)), 'unavailable');
  server.time(600 + 86_401);
  assert.equal(await verify(await token({ issued: 86_400 })), 'unavailable');
});

test('the life of keys is read from Cache-Control and Age, within bounds', () => {
  assert.equal(lifeOf('public, max-age=20000, must-revalidate', '600'), 19_400);
  assert.equal(lifeOf('max-age=7200', null), 7200);
  assert.equal(lifeOf('s-maxage=5', null), 3600);
  assert.equal(lifeOf(null, null), 3600);
  assert.equal(lifeOf('max-age=0', null), 60);
  assert.equal(lifeOf('max-age=999999999', null), 86_400);
  fc.assert(
    fc.property(fc.string(), fc.string(), (cacheControl, age) => {
      const life = lifeOf(cacheControl, age);
      assert.ok(life >= 60 && life <= 86_400);
    }),
  );
});

test('no header of any content passes for a push', () => {
  const expected = { audience: AUDIENCE, email: EMAIL, keys: 'https://keys.example' };
  fc.assert(
    fc.property(fc.string(), fc.json(), (text, json) => {
      const jwt = ['{}', json, 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
      assert.equal(claimsGooglePush(expected, text), false);
      assert.equal(claimsGooglePush(expected, `Bearer ${jwt}`), false);
    }),
  );
});

test('beside a push the secret opens the door as before; without a secret only a push does, or the certificate', async () => {
  const googlePush = { audience: AUDIENCE, email: EMAIL };
  const clientCertificate = { header: 'x-client-subject', subject: 'CN=ehr' };
  const of = (more: object) => siteConfig({ googlePush, ...more }).subscriptions;
  const body = new Uint8Array();
  const bearer = { authorization: `Bearer ${SECRET}` };
  const push = { authorization: await token() };
  const certified = { 'x-client-subject': 'CN=ehr' };

  assert.equal(authenticateSender(of({}), { headers: bearer, body }), 'secret');
  assert.ok(mayAuthenticate(of({}), push));
  assert.ok(!mayAuthenticate(of({}), { authorization: await token({ claims: { aud: 'another' } }) }));
  assert.ok(!mayAuthenticate(siteConfig().subscriptions, push));

  assert.equal(authenticateSender(of({ secret: 'none' }), { headers: {}, body }), undefined);
  assert.ok(!mayAuthenticate(of({ secret: 'none' }), {}));
  assert.ok(mayAuthenticate(of({ secret: 'none' }), push));

  const both = of({ secret: 'none', clientCertificate });
  assert.equal(authenticateSender(both, { headers: certified, body }), 'certificate');
  assert.ok(mayAuthenticate(both, push));
  assert.ok(!mayAuthenticate(both, {}));
});
