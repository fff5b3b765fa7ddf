/** Where the adapter of a run keeps its files: a folder, or the sandbox's bucket; and what stands there. */
import { mkdir, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import express from 'express';
import { openS3 } from '../../sandbox/s3/routes.ts';
import type { StorageConfig } from '../../src/config/schema.ts';
import { openStorage } from '../../src/storage/open.ts';
import { serve } from '../support/serve.ts';

export interface SlideStore {
  /** As the configuration has it. */
  settings: StorageConfig;
  /** Keys of whole files, and those of files that are being put. */
  list(): Promise<{ whole: string[]; begun: string[] }>;
  /** What housekeeping does after two weeks: aborts what is begun and was left. Gives how many. */
  abortLeft(): Promise<number>;
  close(): Promise<void>;
}

export const SITE = 'ward';
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/of+a=run', region: 'eu-central-1' };

const abortLeft = (settings: StorageConfig) => async (): Promise<number> => {
  const storage = openStorage({ name: SITE, storage: settings }, { folder: '/nowhere' });
  try {
    return await storage.abortStale(new Date(Date.now() + 60_000));
  } finally {
    await storage.close();
  }
};

/** `folder` is the caller's to remove. */
export async function openSlideStore(kind: 'folder' | 's3', folder: string): Promise<SlideStore> {
  await mkdir(folder, { recursive: true });
  if (kind === 'folder') {
    const settings: StorageConfig = { type: 'folder', path: folder, watermark: 0 };
    return {
      settings,
      abortLeft: abortLeft(settings),
      async list() {
        const root = join(folder, SITE);
        const all = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
        const paths = all.filter((one) => one.isFile()).map((one) => relative(root, join(one.parentPath, one.name)));
        const isBegun = (path: string): boolean => path.startsWith('.staging');
        return { whole: paths.filter((path) => !isBegun(path)), begun: paths.filter(isBegun) };
      },
      close: async () => {},
    };
  }
  const { router, bucket } = openS3({ credentials: KEYS, bucket: 'slides', folder });
  const app = express();
  app.use(router);
  const { url, close } = await serve(app);
  const bare = (key: string): string => key.slice(`${SITE}/`.length);
  const settings: StorageConfig = { type: 's3', endpoint: url, bucket: 'slides', prefix: '', ...KEYS };
  return {
    settings,
    abortLeft: abortLeft(settings),
    list: async () => ({
      whole: [...bucket.objects.keys()].map(bare),
      begun: Array.from(bucket.uploads.values(), ({ key }) => bare(key)),
    }),
    close,
  };
}
