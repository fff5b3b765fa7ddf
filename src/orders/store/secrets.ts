/** What a person's login with a vendor gave us: encrypted in the table, in the clear only in whoever asks for it. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import { AdapterError, asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { openSecretBox, type SecretBox } from '../../secret-box.ts';
import type { Secrets } from '../../vendors/contract.ts';
import type { Leases } from '../types.ts';
import { type Database, one } from './database.ts';

/** A process that died while it renewed is waited for this long; a living one keeps its lease. */
const LEASE_SECONDS = 8;

export interface SecretServices {
  database: Database;
  leases: Leases;
  /** Absent without `security.encryptionKey`. */
  box: SecretBox | undefined;
  now: () => Date;
}

/** The box that the configured keys make; undefined without one. */
export function secretBoxOf({ security }: Pick<Config, 'security'>): SecretBox | undefined {
  const [first, ...others] = [security.encryptionKey ?? []].flat();
  return first === undefined ? undefined : openSecretBox([first, ...others]);
}

/**
 * The secrets of a site and one of its vendors. Changes of one secret take turns over all processes, so that what a person
 * has just put is not overwritten by a renewal of what was there before.
 */
export function openSecrets(services: SecretServices, scope: { site: string; owner: string }): Secrets {
  const { database, leases, now } = services;
  const renewing = new Map<string, Promise<string>>();
  const placeOf = (name: string) => ({ ...scope, name });
  const keyOf = (name: string) => [scope.site, scope.owner, name];

  const readBox = async (name: string): Promise<string | undefined> =>
    (
      await one<{ box: string }>(
        database,
        'select box from secrets where site = $1 and owner = $2 and name = $3',
        keyOf(name),
      )
    )?.box;

  const write = (name: string, value: string): Promise<unknown> =>
    database.query(
      `insert into secrets (site, owner, name, box, updated_at) values ($1, $2, $3, $4, $5)
       on conflict (site, owner, name) do update set box = excluded.box, updated_at = excluded.updated_at`,
      [...keyOf(name), theBox(services).seal(value, placeOf(name)), now()],
    );

  /** Runs `work` once no other process and no other call here is at this secret. */
  const inTurn = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    for (;;) {
      const done = await leases.withLease(
        `secret ${scope.site} ${scope.owner} ${name}`,
        LEASE_SECONDS,
        async (): Promise<{ value: T }> => ({ value: await work() }),
      );
      if (done) {
        return done.value;
      }
      await wait(50);
    }
  };

  const renewOnce = async (name: string, make: (current: string | undefined) => Promise<string>): Promise<string> => {
    const box = theBox(services);
    const open = (sealed: string | undefined) => (sealed === undefined ? undefined : box.open(sealed, placeOf(name)));
    const before = await readBox(name);
    return inTurn(name, async () => {
      const current = await readBox(name);
      const known = open(current);
      // No two boxes are the same: another one means that somebody was quicker.
      if (current !== before && known !== undefined) {
        return known;
      }
      const value = await make(known);
      // A process that stood still may have lost its lease meanwhile: then what came after it stays.
      const sealed = box.seal(value, placeOf(name));
      return (await replace(name, current, sealed)) ? value : (open(await readBox(name)) ?? value);
    });
  };

  const replace = async (name: string, current: string | undefined, sealed: string): Promise<boolean> => {
    const changed = await database.query(
      current === undefined
        ? `insert into secrets (site, owner, name, box, updated_at) values ($1, $2, $3, $4, $5)
           on conflict (site, owner, name) do nothing returning 1`
        : `update secrets set box = $4, updated_at = $5
           where site = $1 and owner = $2 and name = $3 and box = $6 returning 1`,
      [...keyOf(name), sealed, now(), ...(current === undefined ? [] : [current])],
    );
    return changed.length === 1;
  };

  return {
    async get(name) {
      const sealed = await readBox(name);
      return sealed === undefined ? undefined : theBox(services).open(sealed, placeOf(name));
    },
    async put(name, value) {
      await inTurn(name, () => write(name, value));
    },
    async forget(name) {
      await inTurn(name, () =>
        database.query('delete from secrets where site = $1 and owner = $2 and name = $3', keyOf(name)),
      );
    },
    renew(name, make) {
      const pending = renewing.get(name) ?? renewOnce(name, make).finally(() => renewing.delete(name));
      renewing.set(name, pending);
      return pending;
    },
  };
}

function theBox({ box }: SecretServices): SecretBox {
  if (!box) {
    throw new AdapterError('config-invalid', 'security.encryptionKey is missing: nothing secret can be kept', {
      remedy: 'hold',
    });
  }
  return box;
}

/** When each secret of a site and vendor was last put or renewed, by its name. Nothing is decrypted. */
export async function listSecretTimes(
  database: Database,
  { site, owner }: { site: string; owner: string },
): Promise<Map<string, Date>> {
  const rows = await database.query<{ name: string; at: Date }>(
    'select name, updated_at as at from secrets where site = $1 and owner = $2',
    [site, owner],
  );
  return new Map(rows.map(({ name, at }) => [name, at]));
}

/**
 * At start: encrypts anew what stands under an earlier key, so that after one start that key can go. What cannot be read
 * is left as it is: only its vendor needs a new login.
 */
export async function resealSecrets(database: Database, box: SecretBox, log: Log): Promise<void> {
  const rows = await database.query<{ site: string; owner: string; name: string; box: string }>(
    'select site, owner, name, box from secrets',
  );
  let count = 0;
  for (const { box: sealed, ...place } of rows.filter((row) => !box.isCurrent(row.box))) {
    try {
      // Only where it is still what was read: a process with the earlier configuration may be renewing it.
      const changed = await database.query(
        'update secrets set box = $5 where site = $1 and owner = $2 and name = $3 and box = $4 returning 1',
        [place.site, place.owner, place.name, sealed, box.seal(box.open(sealed, place), place)],
      );
      count += changed.length;
    } catch (thrown) {
      const { code, operator } = asAdapterError(thrown);
      log.warn({ site: place.site, vendor: place.owner, code, operator }, 'a stored login cannot be read');
    }
  }
  if (count > 0) {
    log.info({ count }, 'stored logins encrypted under the new key');
  }
}
