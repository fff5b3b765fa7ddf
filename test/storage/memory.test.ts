/** A large file goes through in constant memory: into the storage, out of it, and over HTTP. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import express from 'express';
import { silentLog } from '../../src/log.ts';
import { filesRouter } from '../../src/operations/files.ts';
import { openFileTokens } from '../../src/storage/file-token.ts';
import type { OpenStorage } from '../../src/storage/types.ts';
import { serve } from '../support/serve.ts';
import { MEBIBYTE, openBucket, openFolder, PUBLIC_URL, SIGNING_KEY } from './kinds.ts';

const KEY = 'slides/42/large.tiff';
const SIZE = 300 * MEBIBYTE;
const PART = 60 * MEBIBYTE;
const PIECE = 65_536;
/** Resident bytes that may come on top; the simulated bucket is in the same process. */
const MOST = 100 * MEBIBYTE;

/** Pieces as they come from a network: each a new one. */
function made(size: number): Readable {
  function* pieces(): Generator<Uint8Array> {
    for (let left = size; left > 0; left -= PIECE) {
      yield new Uint8Array(Math.min(PIECE, left)).fill(left % 251);
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

async function countOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const piece of body) {
    count += piece.byteLength;
  }
  return count;
}

async function putLarge(storage: OpenStorage): Promise<void> {
  const upload = { key: KEY, id: await storage.begin(KEY, { contentType: 'image/tiff', size: SIZE }) };
  const parts = [];
  for (let offset = 0; offset < SIZE; offset += PART) {
    const about = { number: offset / PART + 1, offset, size: PART };
    parts.push(await storage.part(upload, { ...about, body: made(PART) }));
  }
  await storage.complete(upload, parts);
}

/** The most that the resident memory grew while `work` was done. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

async function expectConstant(context: TestContext, storage: OpenStorage): Promise<void> {
  const writing = await growthOf(() => putLarge(storage));
  const reading = await growthOf(async () => assert.equal(await countOf(await storage.read(KEY)), SIZE));
  context.diagnostic(`${Math.round(writing / MEBIBYTE)} MB writing, ${Math.round(reading / MEBIBYTE)} MB reading`);
  assert.ok(writing < MOST && reading < MOST);
}

test('300 MB into a folder, out of it and over HTTP', async (context) => {
  const { storage } = await openFolder(context);
  await expectConstant(context, storage);
  const app = express();
  app.use(
    filesRouter({
      tokens: openFileTokens([SIGNING_KEY], () => new Date()),
      storages: new Map([['general', storage]]),
      users: [],
      find: async () => undefined,
      readers: { mayRead: async () => false },
      log: silentLog,
    }),
  );
  const server = await serve(app);
  context.after(() => server.close());
  const serving = await growthOf(async () => {
    const { body } = await fetch((await storage.url(KEY, 60)).replace(PUBLIC_URL, server.url));
    assert.equal(body && (await countOf(body)), SIZE);
  });
  context.diagnostic(`${Math.round(serving / MEBIBYTE)} MB over HTTP`);
  assert.ok(serving < MOST);
});

test('300 MB into a bucket and out of it', async (context) => {
  await expectConstant(context, (await openBucket(context)).storage);
});
