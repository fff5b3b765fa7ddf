/** Housekeeping of the sites' storages: files that have expired, and uploads that nobody went on with. */
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Database } from '../orders/store/database.ts';
import { forgetLargeFile, listExpiredFiles } from '../orders/store/large-files.ts';
import type { OpenStorage } from '../storage/types.ts';

/** Orders are held for days while a disk is full; one that comes back after two weeks begins its upload anew. */
const STALE_MS = 14 * 86_400_000;

interface Services {
  database: Database;
  /** By site. */
  storages: ReadonlyMap<string, Pick<OpenStorage, 'remove' | 'abortStale'>>;
  log: Log;
}

/** One site's dead bucket keeps no other site's from being tidied. Never throws. */
export async function tidyStorages({ database, storages, log }: Services, now: Date): Promise<void> {
  for (const [site, storage] of storages) {
    try {
      await removeExpired(database, site, storage, now);
      const count = await storage.abortStale(new Date(now.getTime() - STALE_MS));
      if (count > 0) {
        log.info({ site, count }, 'uploads aborted that nobody went on with');
      }
    } catch (thrown) {
      log.warn({ site, code: asAdapterError(thrown).code }, 'storage not tidied');
    }
  }
}

/** The bytes first: of what is forgotten nobody could find them. */
async function removeExpired(
  database: Database,
  site: string,
  storage: Pick<OpenStorage, 'remove'>,
  now: Date,
): Promise<void> {
  for (;;) {
    const files = await listExpiredFiles(database, site, now);
    for (const { id, key } of files) {
      await storage.remove(key);
      await forgetLargeFile(database, id, now);
    }
    if (files.length === 0) {
      return;
    }
  }
}
