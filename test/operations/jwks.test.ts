import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { SmartAuth } from '../../src/fhir/auth/signing-key.ts';
import { clientAssertion } from '../../src/fhir/auth/smart-backend.ts';
import { openLog } from '../../src/log.ts';
import { jwksRouter } from '../../src/operations/jwks.ts';
import { siteConfig } from '../subscriptions/doubles.ts';
import { serve } from '../support/serve.ts';

const pem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const keys = [pem(), pem(), pem()];

interface Rig {
  auth: SmartAuth;
  write(...contents: string[]): Promise<void>;
  get(path?: string, method?: string): Promise<Response>;
  url: string;
  lines: string[];
}

async function open(t: TestContext): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'jwks-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = ['0', '1'].map((name) => join(folder, name));
  const auth: SmartAuth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384', privateKeyFile: files };
  const plain = siteConfig();
  const lines: string[] = [];
  const app = express();
  const log = openLog('info', { write: (line) => void lines.push(line) });
  app.use(
    jwksRouter(
      [
        { ...plain, fhir: { ...plain.fhir, auth } },
        { ...plain, name: 'open' },
      ],
      log,
    ),
  );
  const { url: origin, close } = await serve(app);
  t.after(close);
  const path = '/sites/general/.well-known/jwks.json';
  return {
    auth,
    lines,
    url: `${origin}${path}`,
    async write(...contents) {
      await Promise.all(contents.map((content, index) => writeFile(files[index] ?? '', content)));
    },
    get: (other = path, method = 'GET') => fetch(`${origin}${other}`, { method }),
  };
}

test('a key is changed in three steps, and a server that checks by our key set never refuses us', async (t) => {
  const { auth, write, get, url } = await open(t);
  const verifies = async () => {
    const assertion = await clientAssertion(auth, 'https://ehr.example/token', new Date());
    await jwtVerify(assertion, createRemoteJWKSet(new URL(url)), { issuer: 'adapter' });
    return assertion;
  };
  const [old = '', fresh = '', next = ''] = keys;
  await write(old, fresh);
  await verifies();
  await write(fresh, old);
  const signed = await verifies();
  await write(next, fresh);
  await verifies();
  await jwtVerify(signed, createRemoteJWKSet(new URL(url)));
  const response = await get();
  assert.equal(response.headers.get('cache-control'), 'public, max-age=300');
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const body = await response.json();
  assert.equal(new Set(body.keys.map(({ kid }: { kid: string }) => kid)).size, 2);
  assert.ok(body.keys.every((key: object) => !('d' in key)));
});

test('a second key that cannot be used is left out and told once; without any there is 503', async (t) => {
  const { write, get, lines } = await open(t);
  await write(keys[0] ?? '', 'no key');
  for (let times = 0; times < 3; times += 1) {
    assert.equal((await (await get()).json()).keys.length, 1);
  }
  assert.equal(lines.length, 1);
  assert.match(lines.join(), /fhir\.auth\.privateKeyFile\[1\] cannot be read/);
  await write('no key', 'no key');
  const response = await get();
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.ok(Number(response.headers.get('retry-after')) > 0);
  await write(keys[0] ?? '', keys[1] ?? '');
  assert.equal((await get()).status, 200);
});

test('a site without such a login has an empty set, an unknown site none, and only GET is answered', async (t) => {
  const { get } = await open(t);
  assert.deepEqual(await (await get('/sites/open/.well-known/jwks.json')).json(), { keys: [] });
  const unknown = await get('/sites/other/.well-known/jwks.json');
  assert.equal(unknown.status, 404);
  assert.match(unknown.headers.get('content-type') ?? '', /problem\+json/);
  assert.equal((await get(undefined, 'POST')).status, 405);
});
