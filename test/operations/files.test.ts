/** `/files/{id}`: who is let in, what a range gives, and what nobody learns. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import express from 'express';
import type { UserConfig } from '../../src/config.ts';
import { openPermissions } from '../../src/fhir/may-read.ts';
import { openLog } from '../../src/log.ts';
import { openEhrReaders } from '../../src/operations/ehr-readers.ts';
import { filesRouter } from '../../src/operations/files.ts';
import { lastWord } from '../../src/operations/last-word.ts';
import type { LargeFile } from '../../src/orders/store/large-files.ts';
import { openFileTokens } from '../../src/storage/file-token.ts';
import type { OpenStorage } from '../../src/storage/types.ts';
import { fillOf, openBucket, openFolder, PUBLIC_URL, put, SIGNING_KEY } from '../storage/kinds.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const BYTES = fillOf(300_000);
const USERS: UserConfig[] = [
  { name: 'vera', token: 'viewer-token-1', roles: ['viewer'] },
  { name: 'anna', token: 'approver-token-1', roles: ['approver'] },
];
/** With it the EHR lets one read the DocumentReference of the file, and only that. */
const EHR_TOKEN = 'ehr-token-of-a-reader';
const FILE: LargeFile = {
  id: 'AbCdEfGhIjKlMnOpQrStUv',
  site: 'general',
  orderId: '42',
  run: 1,
  name: 'heat-maps/tissue.tiff',
  key: 'results/42/1/tissue.tiff',
  contentType: 'image/tiff',
  title: 'Tissue segmentation',
  size: BYTES.byteLength,
  sha1: '',
  crc32c: '',
  resourceType: 'DocumentReference',
  resourceId: 'd1',
  expiresAt: null,
};

interface Rig {
  url: string;
  storage: OpenStorage;
  clock: FakeClock;
  /** What the EHR was asked, with the token. */
  asked: string[];
  lines: string[];
  ehr: { status: number; body?: string };
  file: LargeFile | undefined;
  get(path: string, init?: RequestInit): Promise<Response>;
}

const as = (token: string, more: Record<string, string> = {}): RequestInit => ({
  headers: { Authorization: `Bearer ${token}`, ...more },
});

/** The door, with a file in a folder (or in a bucket) and an EHR that lets EHR_TOKEN read one resource. */
async function open(context: TestContext, kind: 'folder' | 's3' = 'folder'): Promise<Rig> {
  const clock = fakeClock(new Date().toISOString());
  const now = (): Date => clock.now();
  const storage = kind === 's3' ? (await openBucket(context)).storage : (await openFolder(context, { now })).storage;
  await put(storage, FILE.key, BYTES);
  const lines: string[] = [];
  const log = openLog('debug', { write: (line) => void lines.push(line) });

  const fhir = express();
  fhir.get('/fhir/R4/:type/:id', (request, response) => {
    const token = request.get('authorization') ?? '';
    rig.asked.push(`${request.originalUrl} ${token}`);
    const isAllowed = token === `Bearer ${EHR_TOKEN}` && rig.ehr.status === 200;
    const resource = { resourceType: request.params.type, id: request.params.id };
    response.status(isAllowed || rig.ehr.status !== 200 ? rig.ehr.status : 403);
    response.type(rig.ehr.body ? 'text/html' : 'application/fhir+json');
    response.send(rig.ehr.body ?? JSON.stringify(isAllowed ? resource : { resourceType: 'OperationOutcome' }));
  });
  const ehr = await serve(fhir);
  const permissions = openPermissions({ baseUrl: `${ehr.url}/fhir/R4`, timeout: 5 });

  const app = express();
  app.use(
    filesRouter({
      tokens: openFileTokens([SIGNING_KEY], now),
      storages: new Map([['general', storage]]),
      users: USERS,
      find: async (id) => (id === rig.file?.id ? rig.file : undefined),
      readers: openEhrReaders(({ token, resource }) => permissions.mayRead(token, resource), now),
      log,
    }),
  );
  app.use(lastWord(log));
  const server = await serve(app);
  context.after(async () => {
    await server.close();
    await permissions.close();
    await ehr.close();
  });
  const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, { redirect: 'manual', ...init });
  const rig: Rig = { url: server.url, storage, clock, asked: [], lines, ehr: { status: 200 }, file: FILE, get };
  return rig;
}

const signedPath = async (rig: Rig, seconds = 3600): Promise<string> =>
  (await rig.storage.url(FILE.key, seconds)).slice(PUBLIC_URL.length);

async function assertNothing(response: Response): Promise<void> {
  assert.equal(response.status, 404);
  assert.deepEqual(await response.json(), {
    type: 'urn:fhir-ai-adapter:problem:not-found',
    title: 'Not found',
    status: 404,
    detail: 'There is nothing at this address.',
  });
}

for (const kind of ['folder', 's3'] as const) {
  test(`a console user gets a result file from a ${kind}, to be kept and not shown`, async (context) => {
    const rig = await open(context, kind);
    for (const token of ['viewer-token-1', 'approver-token-1']) {
      const got = await rig.get(`/files/${FILE.id}`, as(token));
      assert.equal(got.status, 200);
      assert.ok(BYTES.equals(Buffer.from(await got.arrayBuffer())));
      assert.equal(got.headers.get('content-type'), 'image/tiff');
      assert.match(got.headers.get('content-disposition') ?? '', /^attachment; filename="?tissue\.tiff"?$/);
      assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(got.headers.get('cache-control'), 'private, no-store');
      assert.equal(got.headers.get('content-length'), String(BYTES.byteLength));
    }
    assert.deepEqual(rig.asked, [], 'our own token is never shown to the EHR');
  });

  test(`ranges of a file in a ${kind} are those bytes, whatever was asked`, async (context) => {
    const rig = await open(context, kind);
    const size = BYTES.byteLength;
    const part: [range: string, start: number, end: number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=0-99', 0, 100],
      ['bytes=262143-262145', 262_143, 262_146],
      [`bytes=${size - 1}-`, size - 1, size],
      ['bytes=-5', size - 5, size],
      [`bytes=-${size + 5}`, 0, size],
      ['bytes=100-9999999999', 100, size],
    ];
    for (const [range, start, end] of part) {
      const got = await rig.get(`/files/${FILE.id}`, as('viewer-token-1', { Range: range }));
      assert.equal(got.status, 206, range);
      assert.equal(got.headers.get('content-range'), `bytes ${start}-${end - 1}/${size}`);
      assert.ok(BYTES.subarray(start, end).equals(Buffer.from(await got.arrayBuffer())), range);
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0', `bytes=${size + 1}-${size + 2}`]) {
      const got = await rig.get(`/files/${FILE.id}`, as('viewer-token-1', { Range: range }));
      assert.equal(got.status, 416, range);
      assert.equal(got.headers.get('content-range'), `bytes */${size}`);
      await got.text();
    }
    for (const range of ['bytes=0-4,100-104', 'bytes', 'items=0-4', 'bytes=x-y']) {
      const got = await rig.get(`/files/${FILE.id}`, as('viewer-token-1', { Range: range }));
      assert.equal(got.status, 200, range);
      assert.equal((await got.arrayBuffer()).byteLength, size);
    }
  });
}

test('a range counts only of the version that it was begun with', async (context) => {
  const rig = await open(context);
  const path = `/files/${FILE.id}`;
  const etag = (await rig.get(path, as('viewer-token-1', { Range: 'bytes=0-0' }))).headers.get('etag') ?? '';
  assert.match(etag, /^"[\w-]+"$/);
  const onwards = { Range: 'bytes=1-9', 'If-Range': etag };
  assert.equal((await rig.get(path, as('viewer-token-1', onwards))).status, 206);
  await put(rig.storage, FILE.key, Buffer.from(BYTES).reverse());
  const anew = await rig.get(path, as('viewer-token-1', onwards));
  assert.equal(anew.status, 200);
  assert.ok(
    Buffer.from(BYTES)
      .reverse()
      .equals(Buffer.from(await anew.arrayBuffer())),
  );
});

test('HEAD says how much there is, without it', async (context) => {
  const rig = await open(context);
  for (const [path, init] of [
    [`/files/${FILE.id}`, as('viewer-token-1', { Range: 'bytes=0-4' })],
    [await signedPath(rig), {}],
  ] as const) {
    const got = await rig.get(path, { ...init, method: 'HEAD' });
    assert.equal(got.status, 200);
    assert.equal(got.headers.get('content-length'), String(BYTES.byteLength));
    assert.equal(got.headers.get('accept-ranges'), 'bytes');
  }
});

test('a vendor gets a file by its signed URL, without any token, until it is over', async (context) => {
  const rig = await open(context);
  const path = await signedPath(rig);
  const got = await rig.get(path);
  assert.equal(got.status, 200);
  assert.ok(BYTES.equals(Buffer.from(await got.arrayBuffer())));
  assert.equal((await rig.get(path, { headers: { Range: 'bytes=5-9' } })).status, 206);
  assert.equal((await rig.get(path, as('whatever-the-vendor-sends'))).status, 200);
  rig.clock.advance(3601);
  await assertNothing(await rig.get(path));
  assert.deepEqual(rig.asked, []);
});

test('a signed URL of a file that is gone, of a site that is gone, or of another key, gives nothing', async (context) => {
  const rig = await open(context);
  const now = (): Date => rig.clock.now();
  const path = await signedPath(rig);
  const foreign = openFileTokens([SIGNING_KEY], now).sign({ site: 'elsewhere', key: FILE.key }, 60);
  const forged = openFileTokens(['another-signing-key-1'], now).sign({ site: 'general', key: FILE.key }, 60);
  await assertNothing(await rig.get(`/files/${foreign}`));
  await assertNothing(await rig.get(`/files/${forged}`));
  await assertNothing(await rig.get(path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))));
  await rig.storage.remove(FILE.key);
  await assertNothing(await rig.get(path));
  await assertNothing(await rig.get(`/files/${FILE.id}`, as('viewer-token-1')));
});

test('of a bucket no URL of ours counts: the bucket has its own', async (context) => {
  const rig = await open(context, 's3');
  const token = openFileTokens([SIGNING_KEY], () => rig.clock.now()).sign({ site: 'general', key: FILE.key }, 60);
  await assertNothing(await rig.get(`/files/${token}`));
});

test('whom the EHR lets read the resource gets the file; it is asked once in a minute', async (context) => {
  const rig = await open(context);
  for (let time = 0; time < 3; time += 1) {
    const got = await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN, { Range: 'bytes=0-9' }));
    assert.equal(got.status, 206);
  }
  assert.deepEqual(rig.asked, [`/fhir/R4/DocumentReference/d1 Bearer ${EHR_TOKEN}`]);
  rig.clock.advance(59);
  assert.equal((await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN))).status, 200);
  rig.clock.advance(2);
  rig.ehr.status = 401;
  await assertNothing(await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN)));
  assert.equal(rig.asked.length, 2);
});

test('a permission is of one resource', async (context) => {
  const rig = await open(context);
  await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN));
  rig.file = { ...FILE, resourceType: 'Media', resourceId: 'm1' };
  await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN));
  assert.deepEqual(
    rig.asked.map((line) => line.split(' ')[0]),
    ['/fhir/R4/DocumentReference/d1', '/fhir/R4/Media/m1'],
  );
});

test('whoever is not let in learns nothing: not even whether there is such a file', async (context) => {
  const rig = await open(context);
  const someId = 'ZZZZZZZZZZZZZZZZZZZZZZ';
  for (const init of [
    undefined,
    as('no-token-of-anybody'),
    as('viewer-token-2'),
    { headers: { Authorization: 'Basic dmVyYTox' } },
  ]) {
    for (const id of [FILE.id, someId, 'x', '..%2f..%2fetc%2fpasswd', 'a.b.c', 'e\u0301']) {
      await assertNothing(await rig.get(`/files/${id}`, init));
    }
  }
  rig.file = { ...FILE, resourceId: null };
  await assertNothing(await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN)));
  assert.deepEqual(new Set(rig.asked.map((line) => line.split(' ')[0])), new Set(['/fhir/R4/DocumentReference/d1']));
});

test('whoever guesses has the EHR asked once in ten seconds', async (context) => {
  const rig = await open(context);
  for (let time = 0; time < 5; time += 1) {
    await assertNothing(await rig.get(`/files/${FILE.id}`, as('no-token-of-anybody')));
  }
  assert.equal(rig.asked.length, 1);
  rig.clock.advance(11);
  await assertNothing(await rig.get(`/files/${FILE.id}`, as('no-token-of-anybody')));
  assert.equal(rig.asked.length, 2);
});

test('a page of welcome, another resource and a redirect are no permission', async (context) => {
  const rig = await open(context);
  rig.ehr = { status: 200, body: '<html>Log in</html>' };
  await assertNothing(await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN)));
  rig.ehr = { status: 302 };
  await assertNothing(await rig.get(`/files/${FILE.id}`, as(`${EHR_TOKEN}-2`)));
  rig.ehr = { status: 200 };
  rig.file = { ...FILE, resourceId: 'd/../d1' };
  await assertNothing(await rig.get(`/files/${FILE.id}`, as(`${EHR_TOKEN}-3`)));
});

test('an EHR that does not say is no refusal: whoever asks is told to come again', async (context) => {
  const rig = await open(context);
  for (const status of [500, 503, 429]) {
    rig.ehr = { status };
    const got = await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN));
    assert.equal(got.status, 503);
    assert.ok(Number(got.headers.get('retry-after')) > 0);
    await got.text();
  }
  rig.ehr = { status: 200 };
  assert.equal((await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN))).status, 200);
});

test('nothing but reading is done here, and no more is said of it', async (context) => {
  const rig = await open(context);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    for (const path of [`/files/${FILE.id}`, '/files/nothing']) {
      const got = await rig.get(path, { ...as('viewer-token-1'), method });
      assert.equal(got.status, 405);
      assert.equal(got.headers.get('allow'), 'GET, HEAD');
      await got.text();
    }
  }
});

test('no token, id or key of a file stands in the log', async (context) => {
  const rig = await open(context);
  const path = await signedPath(rig);
  await rig.get(path);
  await rig.get(`/files/${FILE.id}`, as(EHR_TOKEN));
  await rig.get(`/files/${FILE.id}`, as('viewer-token-1'));
  rig.ehr = { status: 500 };
  await rig.get(`/files/${FILE.id}`, as('another-token-of-the-ehr'));
  await until('the log', () => rig.lines.filter((line) => line.includes('file served')).length === 3);
  const said = rig.lines.join('\n');
  assert.match(said, /"user":"vera"/);
  for (const secret of [path.slice('/files/'.length), 'token', FILE.id, FILE.key, 'tissue']) {
    assert.ok(!said.includes(secret), secret);
  }
});

test('whoever hangs up frees the file, and it is said', async (context) => {
  const rig = await open(context);
  const large = { ...FILE, key: 'results/42/1/large.csv' };
  await put(rig.storage, large.key, fillOf(20_000_000));
  rig.file = large;
  const headers = { Authorization: 'Bearer viewer-token-1' };
  const begun = httpRequest(`${rig.url}/files/${FILE.id}`, { headers });
  begun.on('response', (response) => response.once('data', () => response.destroy()));
  begun.on('error', () => {});
  begun.end();
  await until('the end', () => rig.lines.some((line) => line.includes('hung up')));
});

test('whoever hangs up while the storage is silent frees the file, too', async (context) => {
  const rig = await open(context);
  const silent = new Readable({ read: () => undefined });
  silent.push(BYTES.subarray(0, 10));
  rig.storage.read = async () => silent;
  const headers = { Authorization: 'Bearer viewer-token-1' };
  const begun = httpRequest(`${rig.url}/files/${FILE.id}`, { headers });
  begun.on('response', (response) => response.once('data', () => response.destroy()));
  begun.on('error', () => {});
  begun.end();
  await until('the end', () => silent.destroyed && rig.lines.some((line) => line.includes('hung up')));
});
