/** Both kinds of storage, each with what is needed to look behind it, for one suite. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, type TestContext } from 'node:test';
import express from 'express';
import { createFaults, type VendorFaults } from '../../sandbox/faults.ts';
import type { Bucket } from '../../sandbox/s3/bucket.ts';
import { openS3, S3_FAULTS } from '../../sandbox/s3/routes.ts';
import type { StorageConfig } from '../../src/config/schema.ts';
import { openFileTokens } from '../../src/storage/file-token.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { S3Config } from '../../src/storage/s3-client.ts';
import type { OpenStorage } from '../../src/storage/types.ts';
import { serve } from '../support/serve.ts';

export const MEBIBYTE = 1024 * 1024;
/** S3's smallest part: what the suite cuts its files into. */
export const PART = 5 * MEBIBYTE;
export const PUBLIC_URL = 'https://adapter.hospital.example';
export const SIGNING_KEY = 'the-signing-key-of-a-test';

export interface FolderRig {
  storage: OpenStorage;
  /** The folder that the configuration names; the site's is in it. */
  path: string;
}

export interface FolderSetting {
  site?: string;
  watermark?: number;
  free?: () => Promise<number>;
  path?: string;
  publicUrl?: string;
  now?: () => Date;
}

export async function openFolder(context: TestContext, setting: FolderSetting = {}): Promise<FolderRig> {
  const { site = 'general', watermark = 0, free, publicUrl = PUBLIC_URL, now = () => new Date() } = setting;
  const path = setting.path ?? (await temporary(context));
  const storage = openStorage(
    { name: site, storage: { type: 'folder', path, watermark } },
    { folder: '/nowhere', publicUrl, tokens: openFileTokens([SIGNING_KEY], now), ...(free && { free }) },
  );
  return { storage, path };
}

export interface S3Rig {
  storage: OpenStorage;
  bucket: Bucket;
  faults: VendorFaults & { set(fault: string, times?: number): void };
  /** The same bucket by another configuration. */
  open(changes: Partial<S3Config>, site?: string): OpenStorage;
}

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/of+a=test', region: 'eu-central-1' };

export async function openBucket(context: TestContext, now?: () => Date): Promise<S3Rig> {
  const folder = await temporary(context);
  const all = createFaults();
  const faults = all.of('s3');
  faults.describe(S3_FAULTS);
  const { router, bucket } = openS3({ credentials: KEYS, bucket: 'slides', folder, faults, ...(now && { now }) });
  const app = express();
  app.use(router);
  const server = await serve(app);
  context.after(() => server.close());
  const open = (changes: Partial<S3Config>, site = 'general'): OpenStorage => {
    const config: StorageConfig = {
      type: 's3',
      endpoint: server.url,
      bucket: 'slides',
      prefix: 'ai',
      ...KEYS,
      ...changes,
    };
    const storage = openStorage({ name: site, storage: config }, { folder: '/nowhere' });
    context.after(() => storage.close());
    return storage;
  };
  const set = (fault: string, times = 1): void => {
    all.set('s3', fault, times);
  };
  return { storage: open({}), bucket, faults: { ...faults, set }, open };
}

async function temporary(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'adapter-storage-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the same tests on a folder and on a bucket. */
export function onEveryStorage(
  name: string,
  tests: (open: (context: TestContext) => Promise<OpenStorage>) => void,
): void {
  describe(`${name} (folder)`, () => tests(async (context) => (await openFolder(context)).storage));
  describe(`${name} (S3)`, () => tests(async (context) => (await openBucket(context)).storage));
}

/** A body of bytes, in pieces of no regular size. */
export function bodyOf(bytes: Uint8Array, pieces = 65_521): Readable {
  function* slices(): Generator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += pieces) {
      yield bytes.subarray(at, at + pieces);
    }
  }
  return Readable.from(slices(), { objectMode: false });
}

/** A body that gives these pieces and then fails. */
export function breakingBody(pieces: readonly Uint8Array[], error: Error): Readable {
  function* given(): Generator<Uint8Array> {
    yield* pieces;
    throw error;
  }
  return Readable.from(given(), { objectMode: false });
}

/** Bytes that are at no two places alike. */
export function fillOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) {
    bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  }
  return bytes;
}

/** Puts a whole file, in parts of `PART` bytes. */
export async function put(storage: OpenStorage, key: string, bytes: Uint8Array): Promise<void> {
  const id = await storage.begin(key, { contentType: 'image/tiff', size: bytes.byteLength });
  const parts = [];
  for (let offset = 0; offset < bytes.byteLength || offset === 0; offset += PART) {
    const piece = bytes.subarray(offset, offset + PART);
    const part = { number: offset / PART + 1, offset, size: piece.byteLength, body: bodyOf(piece) };
    parts.push(await storage.part({ key, id }, part));
  }
  await storage.complete({ key, id }, parts);
}
