import assert from 'node:assert/strict';
import { text as consumed } from 'node:stream/consumers';
import { test } from 'node:test';
import type { Fetched } from '../../src/fhir/types.ts';
import { clientOf, FHIR, failure, serve } from './client-support.ts';

const bearer = { type: 'bearer', token: 'secret-token' } as const;

async function text(fetched: Fetched): Promise<string> {
  return consumed(fetched.body);
}

test('a Binary comes raw, or decoded out of its FHIR resource', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Binary/raw', (_req, res) => void res.type('text/plain').send('Dear Dr. Müller'));
    app.get('/fhir/Binary/json', (_req, res) => {
      const data = Buffer.from('Dear Dr. Müller').toString('base64');
      res.type(FHIR).send({ resourceType: 'Binary', contentType: 'text/html', data });
    });
    app.get('/fhir/Binary/picky', (req, res) => {
      if (req.headers.accept === FHIR) {
        res.type(FHIR).send({ resourceType: 'Binary', contentType: 'text/plain', data: 'YQ==' });
      } else {
        res.status(406).end();
      }
    });
    app.get('/fhir/Binary/data', (_req, res) => void res.json({ some: 'export' }));
  });
  const { client } = clientOf(t, server.origin, { auth: bearer });

  const raw = await client.fetchBytes('Binary/raw', 'text/plain');
  assert.equal(raw.size, 16);
  assert.match(raw.contentType ?? '', /^text\/plain/);
  assert.equal(await text(raw), 'Dear Dr. Müller');
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret-token');
  assert.match(server.seen[0]?.headers.accept ?? '', /^text\/plain/);

  const decoded = await client.fetchBytes(`${server.origin}/fhir/Binary/json`);
  assert.deepEqual([decoded.contentType, decoded.size], ['text/html', 16]);
  assert.equal(await text(decoded), 'Dear Dr. Müller');
  assert.equal(await text(await client.fetchBytes('Binary/picky', 'text/plain')), 'a');
  assert.equal(await text(await client.fetchBytes('Binary/data')), '{"some":"export"}');
});

test('a presigned URL is fetched from a storage host without the token', async (t) => {
  const storage = await serve(t, (app) => {
    app.get('/binary/1', (_req, res) => void res.type('text/plain').send('note'));
  });
  const server = await serve(t, (app) => {
    app.get('/storage/2', (_req, res) => void res.type('text/plain').send('own origin, not FHIR'));
  });
  const { host } = new URL(storage.origin);
  const { client } = clientOf(t, server.origin, { auth: bearer, storageHosts: [host] });
  assert.equal(await text(await client.fetchBytes(`${storage.origin}/binary/1?Signature=abc`)), 'note');
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
  assert.equal(storage.seen[0]?.url, '/binary/1?Signature=abc');
  assert.match(await text(await client.fetchBytes(`${server.origin}/storage/2`)), /own origin/);
  assert.equal(server.seen[0]?.headers.authorization, undefined);
});

test('an expired presigned URL says so with its status, without its query', async (t) => {
  const storage = await serve(t, (app) => {
    app.get('/:status', (req, res) => void res.status(Number(req.params.status)).send('expired'));
  });
  const { host } = new URL(storage.origin);
  const { client } = clientOf(t, storage.origin.replace('127.0.0.1', 'localhost'), { storageHosts: [host] });
  for (const status of [400, 403, 404, 410]) {
    const error = await failure(client.fetchBytes(`${storage.origin}/${status}?Signature=abc`));
    assert.deepEqual([error.code, error.status], ['input-unavailable', status]);
    assert.doesNotMatch(error.message, /Signature|127/);
  }
  assert.equal((await failure(client.fetchBytes(`${storage.origin}/500`))).code, 'ehr-error');
});

test('nothing is fetched from other hosts, other schemes or with a name in the URL', async (t) => {
  const other = await serve(t, (app) => {
    app.use((_req, res) => void res.send('internal'));
  });
  const server = await serve(t, () => {});
  const { client } = clientOf(t, server.origin, { auth: bearer, storageHosts: ['storage.example'] });
  const { host } = new URL(other.origin);
  for (const url of [
    `${other.origin}/latest/meta-data`,
    `//${host}/x`,
    `http://storage.example@${host}/x`,
    `http://user:pass@storage.example/x`,
    'urn:uuid:5c1d0a2e-0000-4000-8000-000000000000',
    'data:text/plain;base64,YQ==',
    'file:///etc/passwd',
    'ftp://storage.example/x',
    'http://',
  ]) {
    assert.equal((await failure(client.fetchBytes(url))).code, 'input-unavailable', url);
  }
  assert.equal(other.seen.length + server.seen.length, 0);
});

test('a storage host without TLS is refused where the EHR has TLS', async (t) => {
  const { client } = clientOf(t, 'https://ehr.example', { storageHosts: ['storage.example'] });
  assert.equal((await failure(client.fetchBytes('http://storage.example/x'))).code, 'input-unavailable');
});

test('redirects are judged like first URLs, and the token does not go along or come back', async (t) => {
  const other = await serve(t, (app) => {
    app.use((_req, res) => void res.send('internal'));
  });
  const storage = await serve(t, (app) => {
    app.get('/file', (_req, res) => void res.send('bytes'));
    app.get('/away', (_req, res) => void res.redirect(302, `${other.origin}/x`));
    app.get('/back', (_req, res) => void res.redirect(302, `${server.origin}/fhir/Binary/9`));
  });
  const server = await serve(t, (app) => {
    app.get('/fhir/Binary/1', (_req, res) => void res.redirect(302, `${storage.origin}/file`));
    app.get('/fhir/Binary/9', (_req, res) => void res.type('text/plain').send('open'));
  });
  const { client } = clientOf(t, server.origin, { auth: bearer, storageHosts: [new URL(storage.origin).host] });
  assert.equal(await text(await client.fetchBytes('Binary/1')), 'bytes');
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
  await failure(client.fetchBytes(`${storage.origin}/away`));
  assert.equal(other.seen.length, 0);
  await client.fetchBytes(`${storage.origin}/back`);
  assert.equal(server.seen.at(-1)?.headers.authorization, undefined);
});

test('a connection that breaks within a stream is a classified error', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Binary/1', (_req, res) => {
      res.type('text/plain').set('Content-Length', '1000').write('begin');
      setImmediate(() => res.destroy());
    });
  });
  const { client } = clientOf(t, server.origin);
  const error = await failure(client.fetchBytes('Binary/1').then(text));
  assert.deepEqual([error.code, error.kind], ['ehr-unreachable', 'transient']);
});
