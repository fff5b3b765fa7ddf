/** A site's storage by its configuration. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config, SiteConfig } from '../config/schema.ts';
import { AdapterError } from '../errors.ts';
import type { FileTokens } from './file-token.ts';
import { openFolderStorage } from './folder.ts';
import { openS3Storage } from './s3.ts';
import { LONGEST_URL, type OpenStorage } from './types.ts';

/** The storages of all sites by name. `tokens`: absent where there is no signing key. */
export function openStorages(
  { sites, database, http }: Config,
  tokens: FileTokens | undefined,
): Map<string, OpenStorage> {
  // A database that keeps nothing has no folder: neither do files outlive the process then.
  const isPassing = database.folder.startsWith('memory://');
  const folder = isPassing ? join(tmpdir(), `fhir-ai-adapter-files-${process.pid}`) : join(database.folder, 'files');
  const services = { folder, publicUrl: http.publicUrl, tokens };
  return new Map(sites.map((site) => [site.name, openStorage(site, services)]));
}

export interface StorageServices {
  /** Where files stand of sites that name no place of their own. */
  folder: string;
  /** What others reach us under, and what signs our URLs. Without one of both, a folder has no URLs. */
  publicUrl?: string | undefined;
  tokens?: FileTokens | undefined;
  /** Bytes free on a folder's disk; for tests. */
  free?: () => Promise<number>;
}

/** Nothing is made, looked at or loaded before the first use. Sites that name the same place have a folder each in it. */
export function openStorage(
  { name, storage }: Pick<SiteConfig, 'name' | 'storage'>,
  services: StorageServices,
): OpenStorage {
  if (storage.type === 's3') {
    return openS3Storage(storage, name);
  }
  return openFolderStorage({
    root: join(storage.path ?? services.folder, name),
    watermark: storage.watermark,
    url: (key, seconds) => ownUrl(services, { site: name, key }, seconds),
    free: services.free,
  });
}

function ownUrl({ publicUrl, tokens }: StorageServices, file: { site: string; key: string }, seconds: number): string {
  if (publicUrl === undefined || !tokens) {
    const message = 'Files in a folder have URLs only with http.publicUrl and security.signingKey';
    throw new AdapterError('config-invalid', message, {
      remedy: 'hold',
      orderer: 'The adapter is not set up to hand files of this size to the vendor',
    });
  }
  const url = `${publicUrl}/files/${tokens.sign(file, seconds)}`;
  if (url.length > LONGEST_URL) {
    throw new AdapterError('config-invalid', 'http.publicUrl is too long for the URLs of files', { remedy: 'hold' });
  }
  return url;
}
