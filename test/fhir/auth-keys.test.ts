import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { loadSigningKey, loadSigningKeys, type SmartAuth } from '../../src/fhir/auth/signing-key.ts';
import { clientAssertion } from '../../src/fhir/auth/smart-backend.ts';
import { clientOf, FHIR, failure, serve } from './client-support.ts';

const curve = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const jwkOf = (key: KeyObject, kid?: string): string => JSON.stringify({ ...key.export({ format: 'jwk' }), kid });
const thumbprint = (key: KeyObject): Promise<string> => calculateJwkThumbprint(key.export({ format: 'jwk' }));

const [first, second] = [curve('P-384'), curve('P-384')];

const authOf = (more: Partial<SmartAuth>): SmartAuth => ({
  type: 'smart-backend',
  clientId: 'adapter',
  alg: 'ES384',
  ...more,
});

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'keys-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test('of two keys the first signs and both are published, each with a kid of its own', async () => {
  const auth = authOf({ privateKey: [pem(second), pem(first)] });
  const { keys, problems } = await loadSigningKeys(auth);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    keys.map(({ kid }) => kid),
    [await thumbprint(second), await thumbprint(first)],
  );
  const assertion = await clientAssertion(auth, 'https://ehr.example/token', new Date());
  const [published] = keys;
  assert.ok(published);
  assert.equal(decodeProtectedHeader(assertion).kid, published.kid);
  await jwtVerify(assertion, await importJWK(published.publicJwk, 'ES384'));
});

test('a configured kid names the first key only; a JWK keeps its own, unless the first has it', async () => {
  const kids = async (more: Partial<SmartAuth>): Promise<string[]> =>
    (await loadSigningKeys(authOf(more))).keys.map(({ kid }) => kid);
  assert.deepEqual(await kids({ kid: '2026', privateKey: [pem(second), pem(first)] }), [
    '2026',
    await thumbprint(first),
  ]);
  assert.deepEqual(await kids({ privateKey: [jwkOf(second, 'new'), jwkOf(first, 'old')] }), ['new', 'old']);
  assert.deepEqual(await kids({ kid: 'old', privateKey: [jwkOf(second, 'new'), jwkOf(first, 'old')] }), [
    'old',
    await thumbprint(first),
  ]);
});

test('only public members are published', async () => {
  const wide = rsa(2048);
  const { keys } = await loadSigningKeys(authOf({ alg: 'RS384', privateKey: [pem(wide), jwkOf(rsa(2048), 'b')] }));
  assert.deepEqual(
    keys.map(({ publicJwk }) => Object.keys(publicJwk).sort()),
    [
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ],
  );
});

test('a key of the wrong kind is named by its index and never shown', async () => {
  const wrongs: [KeyObject | string, RegExp][] = [
    [rsa(2048), /ES384 needs an EC key on the curve P-384/],
    [curve('P-256'), /P-384/],
    ['SECRET', /cannot be read/],
    ['{"kty":"EC","d":"SECRET"}', /cannot be read/],
    [first, /is the first one again/],
  ];
  for (const [wrong, message] of wrongs) {
    const privateKey = [pem(first), typeof wrong === 'string' ? wrong : pem(wrong)];
    const { keys, problems } = await loadSigningKeys(authOf({ privateKey }));
    assert.equal(keys.length, 1);
    const said = problems.map((problem) => problem.message).join();
    assert.match(said, /fhir\.auth\.privateKey\[1\]/);
    assert.match(said, message);
    assert.doesNotMatch(said, /SECRET/);
    await loadSigningKey(authOf({ privateKey }));
    if (wrong !== first) {
      const turned = failure(loadSigningKey(authOf({ privateKey: privateKey.toReversed() })));
      assert.match((await turned).message, /fhir\.auth\.privateKey\[0\]/);
    }
  }
  const short = await failure(loadSigningKey(authOf({ alg: 'RS384', privateKey: pem(rsa(1024)) })));
  assert.match(short.message, /fhir\.auth\.privateKey does not fit: RS384 needs an RSA key of 2048 bits/);
});

test('a key file that is changed is taken up with the next token', async (t) => {
  const file = join(await folder(t), 'key.pem');
  await writeFile(file, pem(first));
  let time = Date.parse('2026-01-01T00:00:00Z');
  const kids: (string | undefined)[] = [];
  const server = await serve(t, (app) => {
    app.post('/token', (req, res) => {
      const assertion = new URLSearchParams(String(req.body)).get('client_assertion') ?? '';
      kids.push(decodeProtectedHeader(assertion).kid);
      res.json({ access_token: 'a', token_type: 'bearer', expires_in: 300 });
    });
    app.get('/fhir/Task/1', (_req, res) => void res.type(FHIR).send({ resourceType: 'Task', id: '1' }));
  });
  const auth = authOf({ privateKeyFile: file, tokenUrl: `${server.origin}/token` });
  const { client } = clientOf(t, server.origin, { auth }, { now: () => new Date(time) });
  await client.read('Task', '1');
  await writeFile(file, pem(second));
  time += 241_000;
  await client.read('Task', '1');
  // While the file is being replaced it may be missing: the old token still lives, and nobody notices.
  await rm(file);
  time += 241_000;
  await client.read('Task', '1');
  assert.deepEqual(kids, [await thumbprint(first), await thumbprint(second)]);
  time += 60_000;
  assert.match((await failure(client.read('Task', '1'))).message, /fhir\.auth\.privateKeyFile cannot be read/);
});
