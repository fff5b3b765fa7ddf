/** What is a bucket's own: presigned URLs, and what a bucket says when it does not do something. */
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { AdapterError, type ErrorCode } from '../../src/errors.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { serve } from '../support/serve.ts';
import { bodyOf, fillOf, openBucket, PART, put } from './kinds.ts';

const KEY = 'slides/42/001.svs';
const FILE = fillOf(100_000);
const ABOUT = { contentType: 'image/tiff', size: FILE.byteLength };
const whole = () => ({ number: 1, offset: 0, size: FILE.byteLength, body: bodyOf(FILE) });

const isError = (code: ErrorCode, kind: string, words?: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof AdapterError, String(thrown));
  assert.deepEqual([thrown.code, thrown.kind], [code, kind], thrown.message);
  assert.match(thrown.message, words ?? /./);
  assert.doesNotMatch(`${thrown.message} ${thrown.orderer}`, /001|127\.0\.0\.1|AKID|secret/);
  return true;
};

test('a file stands below the prefix and the site’s name, with its type', async (context) => {
  const { storage, bucket } = await openBucket(context);
  await put(storage, KEY, FILE);
  assert.deepEqual([...bucket.objects.keys()], [`ai/general/${KEY}`]);
  assert.equal(bucket.objects.get(`ai/general/${KEY}`)?.contentType, 'image/tiff');
  assert.equal(await storage.room(), undefined);
});

test('sites that share a bucket do not see each other’s files, nor abort each other’s uploads', async (context) => {
  const { storage, bucket, open } = await openBucket(context);
  await put(storage, KEY, FILE);
  await storage.begin('slides/1', ABOUT);
  const other = open({}, 'general-2');
  assert.equal(await other.stat(KEY), undefined);
  await other.remove(KEY);
  assert.equal(await other.abortStale(new Date(Date.now() + 60_000)), 0);
  assert.equal(bucket.objects.size, 1);
  assert.equal(bucket.uploads.size, 1);
});

test('a URL gives the file to whoever has it, whole or in ranges, and nothing else', async (context) => {
  const { storage } = await openBucket(context);
  await put(storage, KEY, FILE);
  await put(storage, 'slides/42/002.svs', FILE);
  const url = await storage.url(KEY, 3600);
  assert.ok(url.length <= 2083);
  const got = await fetch(url);
  assert.equal(got.status, 200);
  assert.ok(FILE.equals(Buffer.from(await got.arrayBuffer())));
  const range = await fetch(url, { headers: { Range: 'bytes=10-19' } });
  assert.equal(range.status, 206);
  assert.ok(FILE.subarray(10, 20).equals(Buffer.from(await range.arrayBuffer())));
  assert.equal((await fetch(url.replace('001', '002'))).status, 403);
  assert.equal((await fetch(url.replace('X-Amz-Expires=3600', 'X-Amz-Expires=3601'))).status, 403);
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 403);
  assert.equal((await fetch(url.split('?')[0] ?? '')).status, 403);
});

test('a URL counts as long as was asked, and seven days at most', async (context) => {
  const clock = fakeClock(new Date().toISOString());
  const { storage } = await openBucket(context, () => clock.now());
  await put(storage, KEY, FILE);
  const [hour, week] = [await storage.url(KEY, 3600), await storage.url(KEY, 9_999_999)];
  assert.equal(new URL(week).searchParams.get('X-Amz-Expires'), '604800');
  clock.advance(3700);
  assert.equal((await fetch(hour)).status, 403);
  assert.equal((await fetch(week, { method: 'GET' })).status, 200);
  clock.advance(604_800);
  assert.equal((await fetch(week)).status, 403);
});

test('a completed file whose answer was lost is completed', async (context) => {
  const { storage, faults } = await openBucket(context);
  const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
  const parts = [await storage.part(upload, whole())];
  faults.set('s3-completed-then-cut');
  await storage.complete(upload, parts);
  assert.ok(FILE.equals(await buffer(await storage.read(KEY))));
});

test('a part that broke off is sent again and stands', async (context) => {
  const { storage, faults } = await openBucket(context);
  const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
  faults.set('s3-part-cut');
  await assert.rejects(storage.part(upload, whole()), isError('storage-unavailable', 'transient', /reached/));
  await storage.complete(upload, [await storage.part(upload, whole())]);
  assert.equal((await storage.stat(KEY))?.size, FILE.byteLength);
});

test('a bucket that asks to slow down is asked again; after that it is an error that passes', async (context) => {
  const { storage, faults } = await openBucket(context);
  await put(storage, KEY, FILE);
  faults.set('s3-slow-down', 2);
  assert.equal((await storage.stat(KEY))?.size, FILE.byteLength);
  faults.set('s3-slow-down', 3);
  await assert.rejects(storage.stat(KEY), isError('storage-unavailable', 'transient', /503/));
});

test('a full bucket is told from one that is down', async (context) => {
  const { storage, faults } = await openBucket(context);
  const upload = { key: KEY, id: await storage.begin(KEY, ABOUT) };
  faults.set('s3-full', 3);
  await assert.rejects(storage.part(upload, whole()), isError('storage-full', 'transient'));
});

test('wrong keys, a wrong region and a bucket that is not there hold the order for the operator', async (context) => {
  const { open } = await openBucket(context);
  const wrong = [
    [{ secretAccessKey: 'another' }, /403 SignatureDoesNotMatch/],
    [{ accessKeyId: 'AKIANOBODY' }, /403 InvalidAccessKeyId/],
    [{ bucket: 'elsewhere' }, /404 NoSuchBucket/],
    [{ region: 'us-east-1' }, /400 AuthorizationHeaderMalformed/],
  ] as const;
  for (const [changes, words] of wrong) {
    await assert.rejects(open(changes).begin(KEY, ABOUT), (thrown) => {
      assert.ok(thrown instanceof AdapterError && thrown.remedy === 'hold');
      return isError('storage-unavailable', 'permanent', words)(thrown);
    });
  }
});

test('a bucket that is not there at all passes', async (context) => {
  const { open } = await openBucket(context);
  const away = await serve(() => {});
  await away.close();
  const storage = open({ endpoint: away.url });
  await assert.rejects(storage.begin(KEY, ABOUT), isError('storage-unavailable', 'transient', /reached/));
  await assert.rejects(
    storage.part({ key: KEY, id: 'x' }, whole()),
    isError('storage-unavailable', 'transient', /reached/),
  );
});

test('a file that breaks off while it is read is no whole file', async (context) => {
  const { storage, faults } = await openBucket(context);
  await put(storage, KEY, fillOf(2 * PART));
  faults.set('s3-read-cut');
  await assert.rejects(async () => buffer(await storage.read(KEY)), isError('storage-unavailable', 'transient'));
});

test('of a page of stale uploads the next is turned to', async (context) => {
  const { storage, bucket } = await openBucket(context);
  for (const key of ['a/1', 'a/1', 'a/2', 'b/1', 'b/2']) {
    await storage.begin(key, ABOUT);
  }
  assert.equal(await storage.abortStale(new Date(Date.now() + 60_000)), 5);
  assert.equal(bucket.uploads.size, 0);
});

test('a variable of the environment does not send our files elsewhere', async (context) => {
  const { open, bucket } = await openBucket(context);
  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:9';
  process.env.AWS_ACCESS_KEY_ID = 'AKIASOMEBODYELSE';
  context.after(() => {
    delete process.env.AWS_ENDPOINT_URL_S3;
    delete process.env.AWS_ACCESS_KEY_ID;
  });
  await put(open({}), KEY, FILE);
  assert.equal(bucket.objects.size, 1);
});
