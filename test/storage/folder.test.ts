/** What is a folder's own: the disk, who may look in, the URLs that we sign. */
import assert from 'node:assert/strict';
import { mkdir, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { openFileTokens } from '../../src/storage/file-token.ts';
import { openStorage } from '../../src/storage/open.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { bodyOf, breakingBody, fillOf, MEBIBYTE, openFolder, PUBLIC_URL, put, SIGNING_KEY } from './kinds.ts';

const KEY = 'slides/42/001.svs';
const FILE = fillOf(3 * MEBIBYTE + 1);

const piece = (number: number) => {
  const offset = (number - 1) * MEBIBYTE;
  const bytes = FILE.subarray(offset, offset + MEBIBYTE);
  return { number, offset, size: bytes.byteLength, body: bodyOf(bytes) };
};
const isError = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof AdapterError, String(thrown));
  return thrown.code === code;
};

test('another process goes on where one has died, within a part too', async (context) => {
  const { storage: dead, path } = await openFolder(context);
  const upload = { key: KEY, id: await dead.begin(KEY, { contentType: 'image/tiff', size: FILE.byteLength }) };
  const parts = [await dead.part(upload, piece(1))];
  const dying = breakingBody([FILE.subarray(5, 99_999)], new Error('killed'));
  await assert.rejects(dead.part(upload, { ...piece(2), body: dying }), /killed/);
  const { storage } = await openFolder(context, { path });
  for (const number of [2, 3, 4]) {
    parts.push(await storage.part(upload, piece(number)));
  }
  await storage.complete(upload, parts);
  assert.ok(FILE.equals(await buffer(await storage.read(KEY))));
  assert.deepEqual(await readdir(join(path, 'general', '.staging')), []);
});

test('a file with a hole is never made of parts', async (context) => {
  const { storage } = await openFolder(context);
  const upload = { key: KEY, id: await storage.begin(KEY, { contentType: 'image/tiff', size: FILE.byteLength }) };
  const parts = [];
  for (const number of [1, 3, 4]) {
    parts.push(await storage.part(upload, piece(number)));
  }
  await assert.rejects(storage.complete(upload, parts), isError('unexpected'));
  assert.equal(await storage.stat(KEY), undefined);
});

test('a full disk is said before it is full, loses nothing, and is gone on from when there is room', async (context) => {
  let free = 10 * MEBIBYTE;
  const setting = { free: async () => free, watermark: 6 * MEBIBYTE };
  const { storage } = await openFolder(context, setting);
  assert.equal(await storage.room(), 4 * MEBIBYTE);
  const about = { contentType: 'image/tiff', size: FILE.byteLength };
  await assert.rejects(storage.begin(KEY, { ...about, size: 4 * MEBIBYTE + 1 }), isError('storage-full'));
  const upload = { key: KEY, id: await storage.begin(KEY, about) };
  const parts = [await storage.part(upload, piece(1))];
  free = 6.5 * MEBIBYTE;
  const waiting = piece(2);
  await assert.rejects(storage.part(upload, waiting), isError('storage-full'));
  assert.equal(waiting.body.destroyed, true, 'its source was let go');
  free = 5 * MEBIBYTE;
  assert.equal(await storage.room(), 0);
  free = 10 * MEBIBYTE;
  for (const number of [2, 3, 4]) {
    parts.push(await storage.part(upload, piece(number)));
  }
  await storage.complete(upload, parts);
  assert.ok(FILE.equals(await buffer(await storage.read(KEY))));
});

test('without a double, the room is what the disk has beyond the watermark', async (context) => {
  const { storage, path } = await openFolder(context);
  const { storage: strict } = await openFolder(context, { path, watermark: Number.MAX_SAFE_INTEGER });
  assert.ok(Number(await storage.room()) > 0);
  assert.equal(await strict.room(), 0);
});

test('only we may look in', async (context) => {
  const { storage, path } = await openFolder(context);
  await put(storage, KEY, FILE.subarray(0, 10));
  assert.equal((await stat(join(path, 'general', KEY))).mode & 0o777, 0o600);
  for (const folder of ['.', 'slides', 'slides/42', '.staging']) {
    assert.equal((await stat(join(path, 'general', folder))).mode & 0o777, 0o700, folder);
  }
});

test('a folder that we may not write to is an operator’s matter; a file where it should be, too', async (context) => {
  const { path } = await openFolder(context);
  await writeFile(join(path, 'general'), 'not a folder');
  const { storage } = await openFolder(context, { path });
  await assert.rejects(storage.begin(KEY, { contentType: 'image/tiff', size: 1 }), isError('storage-unavailable'));
  await assert.rejects(storage.stat(KEY), isError('storage-unavailable'));
});

test('a link among the files leads nowhere', async (context) => {
  const { storage, path } = await openFolder(context);
  await mkdir(join(path, 'general', 'slides'), { recursive: true });
  await symlink('/etc/hostname', join(path, 'general', 'slides', 'link'));
  assert.equal(await storage.stat('slides/link'), undefined);
  await assert.rejects(storage.read('slides/link'), isError('storage-unavailable'));
});

test('sites that share a folder do not see each other’s files, and empty folders go', async (context) => {
  const { storage, path } = await openFolder(context);
  const { storage: other } = await openFolder(context, { path, site: 'other' });
  await put(storage, KEY, FILE.subarray(0, 10));
  assert.equal(await other.stat(KEY), undefined);
  await other.remove(KEY);
  assert.equal((await storage.stat(KEY))?.size, 10);
  await storage.remove(KEY);
  assert.deepEqual(await readdir(join(path, 'general')), ['.staging']);
});

test('an upload is stale by the time of its last part', async (context) => {
  const { storage, path } = await openFolder(context);
  const about = { contentType: 'image/tiff', size: FILE.byteLength };
  const [old, young] = [await storage.begin('slides/1', about), await storage.begin('slides/2', about)];
  const weekAgo = new Date(Date.now() - 7 * 86_400_000);
  for (const id of [old, young]) {
    await utimes(join(path, 'general', '.staging', id), weekAgo, weekAgo);
  }
  await storage.part({ key: 'slides/2', id: young }, piece(1));
  assert.equal(await storage.abortStale(new Date(Date.now() - 86_400_000)), 1);
  assert.deepEqual(await readdir(join(path, 'general', '.staging')), [young]);
});

test('a URL is ours, of that site and file, and counts for seven days at most', async (context) => {
  const clock = fakeClock();
  const { storage } = await openFolder(context, { now: () => clock.now() });
  const tokens = openFileTokens([SIGNING_KEY], () => clock.now());
  const url = await storage.url(KEY, 9_999_999);
  assert.ok(url.startsWith(`${PUBLIC_URL}/files/`) && url.length < 2083);
  const token = url.slice(`${PUBLIC_URL}/files/`.length);
  assert.deepEqual(tokens.verify(token), { site: 'general', key: KEY });
  clock.advance(604_799);
  assert.ok(tokens.verify(token));
  clock.advance(2);
  assert.equal(tokens.verify(token), undefined);
});

test('the longest key of ours has a URL that vendors take; one that is too long is refused', async (context) => {
  const longest = Array.from({ length: 4 }, () => 'x'.repeat(99)).join('/');
  const { storage } = await openFolder(context);
  assert.ok((await storage.url(longest, 60)).length <= 2083);
  const { storage: far } = await openFolder(context, { publicUrl: `https://host/${'y'.repeat(2000)}` });
  await assert.rejects(far.url(KEY, 60), isError('config-invalid'));
});

test('without a key or an address of ours there are no URLs, and the operator is told which setting is missing', async () => {
  const site = { name: 'general', storage: { type: 'folder', watermark: 0 } } as const;
  const tokens = openFileTokens([SIGNING_KEY], () => new Date());
  for (const services of [
    { folder: '/nowhere', publicUrl: PUBLIC_URL },
    { folder: '/nowhere', tokens },
  ]) {
    await assert.rejects(openStorage(site, services).url(KEY, 60), (thrown) => {
      assert.ok(thrown instanceof AdapterError && thrown.remedy === 'hold');
      assert.match(thrown.message, /http\.publicUrl and security\.signingKey/);
      return true;
    });
  }
});
