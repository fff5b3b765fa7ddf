import { setTimeout as wait } from 'node:timers/promises';
import type { Memory } from '../../vendors/contract.ts';
import type { Leases } from '../types.ts';
import { type Database, one } from './database.ts';

/** A maker that died is waited for this long; a living one renews. */
const LEASE_SECONDS = 8;

/**
 * What a site and vendor remember between orders (a token, a pseudonym). `make` runs once at a time over all processes:
 * whoever comes second waits for the first one's value.
 */
export function openMemory(
  database: Database,
  leases: Leases,
  scope: { site: string; owner: string },
  now: () => Date,
): Memory {
  const making = new Map<string, Promise<unknown>>();
  const read = async (key: string): Promise<{ value: unknown } | undefined> =>
    one(
      database,
      `select value from memory where site = $1 and owner = $2 and key = $3 and (expires_at is null or expires_at > $4)`,
      [scope.site, scope.owner, key, now()],
    );

  const makeOnce = async (key: string, make: () => Promise<{ value: unknown; seconds?: number }>): Promise<unknown> => {
    for (;;) {
      const known = await read(key);
      if (known) {
        return known.value;
      }
      const made = await leases.withLease(`memory ${scope.site} ${scope.owner} ${key}`, LEASE_SECONDS, async () => {
        // Another process may have made it between our look and our lease.
        const late = await read(key);
        if (late) {
          return late;
        }
        const { value, seconds } = await make();
        await database.query(
          `insert into memory (site, owner, key, value, expires_at) values ($1, $2, $3, $4::json, $5)
           on conflict (site, owner, key) do update set value = excluded.value, expires_at = excluded.expires_at`,
          [
            scope.site,
            scope.owner,
            key,
            JSON.stringify(value),
            seconds === undefined ? null : new Date(now().getTime() + seconds * 1000),
          ],
        );
        return { value };
      });
      if (made) {
        return made.value;
      }
      await wait(100);
    }
  };

  return {
    async get<T>(key: string, make: () => Promise<{ value: T; seconds?: number }>): Promise<T> {
      let pending = making.get(key);
      if (!pending) {
        pending = makeOnce(key, make).finally(() => making.delete(key));
        making.set(key, pending);
      }
      // Only `make` and our own rows give values of this key: both are T.
      return (await pending) as T;
    },
    async forget(key) {
      await database.query('delete from memory where site = $1 and owner = $2 and key = $3', [
        scope.site,
        scope.owner,
        key,
      ]);
    },
  };
}
