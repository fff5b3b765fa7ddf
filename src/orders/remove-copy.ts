/** Removes copies of slides that nobody needs any more. */
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Storage } from '../storage/types.ts';
import type { Database, Sql } from './store/database.ts';
import { forgetStaged, type Leftover, listLeftovers } from './store/staged.ts';

type Remover = Pick<Storage, 'abort' | 'remove'>;

/** Whatever there is of a copy, and of what it was to be made of. */
export async function removeBytes(storage: Remover, { key, raw, upload }: Omit<Leftover, 'orderId'>): Promise<void> {
  if (key !== null) {
    await (upload !== null && storage.abort({ key, id: upload }));
    // Also where it was not complete for all that we know: a crash may have come between.
    await storage.remove(key);
  }
  await (raw !== null && storage.remove(raw));
}

/** The bytes first: of what is forgotten nobody could find them. */
export async function removeCopy(sql: Sql, storage: Remover, left: Leftover): Promise<void> {
  await removeBytes(storage, left);
  await forgetStaged(sql, left);
}

/**
 * Removes what releases and ended orders have left, site by site: one site's dead bucket keeps no other site's from being
 * tidied. Never throws.
 */
export async function removeLeftCopies(services: {
  database: Database;
  /** By site. */
  storages: ReadonlyMap<string, Remover>;
  log: Log;
}): Promise<void> {
  const { database, storages, log } = services;
  for (const [site, storage] of storages) {
    try {
      for (
        let left = await listLeftovers(database, site);
        left.length > 0;
        left = await listLeftovers(database, site)
      ) {
        for (const each of left) {
          await removeCopy(database, storage, each);
        }
      }
    } catch (thrown) {
      log.warn({ site, code: asAdapterError(thrown).code }, 'copies of slides not removed');
    }
  }
}
