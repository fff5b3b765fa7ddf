/** A folder storage of its own whose URLs work: what a vendor's simulator fetches slides from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openFileTokens } from '../../src/storage/file-token.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { OpenStorage } from '../../src/storage/types.ts';
import { serve } from './serve.ts';

export interface ServedStorage {
  storage: OpenStorage;
  /** The folder that its files are in. */
  folder: string;
  close(): Promise<void>;
}

/** `now`: by which URLs expire. `free`: bytes of the disk. `mostPart`: bytes of one part at most. */
export async function servedStorage({
  now = () => new Date(),
  free,
  mostPart,
}: {
  now?: () => Date;
  free?: () => Promise<number>;
  mostPart?: number;
} = {}): Promise<ServedStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'fhir-ai-adapter-storage-'));
  const tokens = openFileTokens(['the-signing-key-of-the-tests'], now);
  const server = await serve((request, response) => {
    const file = tokens.verify(request.url?.replace('/files/', '') ?? '');
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    storage
      .read(file.key)
      .then((body) => pipeline(body, response))
      .catch(() => response.destroy());
  });
  const storage = openStorage(
    { name: 'site', storage: { type: 'folder', path: folder, watermark: 0 } },
    { folder, publicUrl: server.url, tokens, ...(free && { free }) },
  );
  return {
    storage: mostPart === undefined ? storage : { ...storage, partSize: { least: 1, most: mostPart } },
    folder: join(folder, 'site'),
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
