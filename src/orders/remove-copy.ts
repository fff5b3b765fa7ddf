/** Removes copies of slides, and uploads of result files, that nobody needs any more. */
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Storage } from '../storage/types.ts';
import type { Database, Sql } from './store/database.ts';
import { forgetUnfinished, listUnneeded, type Unfinished } from './store/keeping.ts';
import { forgetStaged, type Leftover, listLeftovers } from './store/staged.ts';

type Remover = Pick<Storage, 'abort' | 'remove'>;

/** Whatever there is of a copy, and of what it was to be made of. */
export async function removeBytes(
  storage: Remover,
  { key, raw, upload }: Pick<Leftover, 'key' | 'raw' | 'upload'>,
): Promise<void> {
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

/** Likewise an upload of a result file. */
export async function removeUpload(
  sql: Sql,
  storage: Remover,
  { key, upload }: Pick<Unfinished, 'key' | 'upload'>,
): Promise<void> {
  await removeBytes(storage, { key, upload, raw: null });
  await forgetUnfinished(sql, key);
}

/**
 * Removes what releases, ended orders and former runs have left, site by site: one site's dead bucket keeps no other site's
 * from being tidied. Never throws.
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
      await removeAll(
        () => listLeftovers(database, site),
        (left) => removeCopy(database, storage, left),
      );
      await removeAll(
        () => listUnneeded(database, site),
        (left) => removeUpload(database, storage, left),
      );
    } catch (thrown) {
      log.warn({ site, code: asAdapterError(thrown).code }, 'copies of slides or unfinished files not removed');
    }
  }
}

async function removeAll<Left>(list: () => Promise<Left[]>, remove: (left: Left) => Promise<void>): Promise<void> {
  for (let left = await list(); left.length > 0; left = await list()) {
    for (const each of left) {
      await remove(each);
    }
  }
}
