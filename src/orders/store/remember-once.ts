import { type Database, one } from './database.ts';

/**
 * Remembers a key until a time, over all processes. True for whoever comes first, false for everybody after until then.
 * What has expired of the same site and owner is forgotten on the way.
 */
export async function rememberOnce(
  database: Database,
  scope: { site: string; owner: string; key: string; until: Date; now: Date },
): Promise<boolean> {
  const { site, owner, key, until, now } = scope;
  await database.query('delete from memory where site = $1 and owner = $2 and expires_at <= $3', [site, owner, now]);
  const first = await one(
    database,
    `insert into memory (site, owner, key, value, expires_at) values ($1, $2, $3, 'true'::json, $4)
     on conflict (site, owner, key) do nothing returning 1`,
    [site, owner, key, until],
  );
  return first !== undefined;
}
