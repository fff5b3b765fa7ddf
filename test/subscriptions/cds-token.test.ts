import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { SignJWT, UnsecuredJWT } from 'jose';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { type CdsRig, type CdsWish, cdsRig, ISSUER, PUBLIC_URL, type Signer, signer, signing } from './cds-rig.ts';

const HERE = `${PUBLIC_URL}/sites/general/cds-services/order-sign`;

onEveryDatabase('CDS clients', ({ open }) => {
  let rig: CdsRig | undefined;
  let client: Signer | undefined;
  let database: Awaited<ReturnType<typeof open>>;
  const now = () => (rig?.clock ?? fakeClock()).now().getTime() / 1000;

  const build = async (alg?: string, wish: CdsWish = {}) => {
    client = await signer(now, alg);
    database = await open();
    rig = await cdsRig(database, { clients: [{ issuer: ISSUER, jwksUrl: client.jwksUrl }], ...wish });
    return { it: rig, client };
  };
  const call = async (it: CdsRig, token: string | undefined) =>
    (await it.post('order-sign', signing([]), token === undefined ? {} : { Authorization: `Bearer ${token}` })).status;

  afterEach(async () => {
    await rig?.close();
    await client?.close();
    await database.close();
    rig = undefined;
  });

  for (const alg of ['ES384', 'RS384', 'ES256', 'RS256']) {
    test(`are let in with a token of ${alg}`, async () => {
      const { it, client: mine } = await build(alg);
      assert.equal(await call(it, await mine.token()), 200);
      assert.equal(await call(it, await mine.token({ aud: [HERE, 'https://else.example'] }, { jku: undefined })), 200);
      assert.equal(mine.served(), 1, 'the key set is kept');
    });
  }

  test('need no token to discover, and no other token than the one for this service to call', async () => {
    const { it, client: mine } = await build();
    assert.equal((await it.ask('/sites/general/cds-services')).status, 200);
    const refused: Record<string, string | undefined> = {
      'no token': undefined,
      'no JWT': 'abc',
      'another issuer': await mine.token({ iss: 'https://other.example' }),
      'another service': await mine.token({ aud: HERE.replace('order-sign', 'order-dispatch') }),
      'another host': await mine.token({ aud: HERE.replace('adapter', 'other') }),
      'the discovery': await mine.token({ aud: `${PUBLIC_URL}/sites/general/cds-services` }),
      expired: await mine.token({ exp: now() - 61 }),
      'too old': await mine.token({ iat: now() - 3700, exp: now() + 300 }),
      'from the future': await mine.token({ iat: now() + 120 }),
      'no exp': await mine.token({ exp: undefined }),
      'no iat': await mine.token({ iat: undefined }),
      'no jti': await mine.token({ jti: undefined }),
      'an empty jti': await mine.token({ jti: '' }),
      'no audience': await mine.token({ aud: undefined }),
      'another key set': await mine.token({}, { jku: 'https://evil.example/jwks.json' }),
      'another type': await mine.token({}, { typ: 'at+jwt' }),
      'an unknown key': await mine.token({}, { kid: 'two' }),
      'a key of our own making': await ofAStranger(mine.jwksUrl),
      unsigned: new UnsecuredJWT({ iss: ISSUER, aud: HERE, jti: 'x', iat: now(), exp: now() + 60 }).encode(),
      symmetric: await new SignJWT({ iss: ISSUER, aud: HERE, jti: 'y', iat: now(), exp: now() + 60 })
        .setProtectedHeader({ alg: 'HS256', kid: 'one', typ: 'JWT' })
        .sign(new TextEncoder().encode('a-secret-that-is-long-enough-for-this')),
    };
    for (const [what, token] of Object.entries(refused)) {
      assert.equal(await call(it, token), 401, what);
    }
    const basic = await it.post('order-sign', signing([]), { Authorization: 'Basic abc' });
    assert.deepEqual([basic.status, basic.headers.get('www-authenticate')], [401, 'Bearer realm="cds-services"']);
    assert.deepEqual(it.calls, []);
    assert.equal(await call(it, await mine.token({ exp: now() - 30 })), 200, 'clocks differ a little');
  });

  test('are refused a token that was used before, also by another process', async () => {
    const { it, client: mine } = await build();
    const token = await mine.token({ jti: 'once' });
    assert.equal(await call(it, token), 200);
    assert.equal(await call(it, token), 401);
    const other = await cdsRig(database, { clients: [{ issuer: ISSUER, jwksUrl: mine.jwksUrl }] });
    assert.equal(await call(other, token), 401);
    await other.close();
    const both = await Promise.all(
      [await mine.token({ jti: 'race' }), await mine.token({ jti: 'race' })].map((each) => call(it, each)),
    );
    assert.deepEqual(both.sort(), [200, 401]);
    it.clock.advance(3600);
    assert.equal(await call(it, await mine.token({ jti: 'once' })), 200, 'its life is over: the name is free again');
    const rows = await database.query("select 1 from memory where owner = 'cds'");
    assert.equal(rows.length, 1, 'what has expired is forgotten');
  });

  test('may change their keys: an unknown one is looked for, but not again and again', async () => {
    const { it, client: mine } = await build();
    assert.equal(await call(it, await mine.token()), 200);
    for (let tries = 0; tries < 3; tries += 1) {
      assert.equal(await call(it, await mine.token({}, { kid: 'unknown' })), 401);
    }
    assert.ok(mine.served() <= 2, `asked ${mine.served()} times`);
    await rig?.close();
    await mine.rotate('two');
    rig = await cdsRig(database, { clients: [{ issuer: ISSUER, jwksUrl: mine.jwksUrl }] });
    assert.equal(await call(rig, await mine.token()), 200);
  });

  test('are told to come again where their keys cannot be had, and the key server has its rest', async () => {
    const { it, client: mine } = await build();
    mine.answer(503);
    for (let tries = 0; tries < 3; tries += 1) {
      const answer = await it.post('order-sign', signing([]), { Authorization: `Bearer ${await mine.token()}` });
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
    }
    assert.equal(mine.served(), 1);
    mine.answer(200);
    it.clock.advance(6);
    assert.equal(await call(it, await mine.token()), 200);
  });

  test('cannot be believed where nobody has said what we are called', async () => {
    const { it, client: mine } = await build('ES384', { publicUrl: undefined });
    assert.equal(await call(it, await mine.token({ aud: '/sites/general/cds-services/order-sign' })), 503);
  });

  /** A token that is right but for its key. */
  async function ofAStranger(jwksUrl: string): Promise<string> {
    const stranger = await signer(now);
    await stranger.close();
    return stranger.token({}, { jku: jwksUrl });
  }
});
