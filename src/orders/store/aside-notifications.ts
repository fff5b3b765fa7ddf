/** Notifications that were authentic but not understood: shown to people, who have them tried again or forgotten. */
import { type Database, one, ring } from './database.ts';

export interface AsideNotification {
  id: string;
  site: string;
  receivedAt: Date;
  method: string;
  /** Below `/notify/{site}`. */
  path: string;
  why: string | null;
  /** Bytes of the body. */
  size: number;
}

/** A page of them without their bodies, newest first; `before` is the last id of the page before. */
export async function listAside(
  database: Database,
  filter: { site?: string | undefined; before?: string | undefined; limit: number },
): Promise<AsideNotification[]> {
  return database.query(
    `select id::text as id, site, received_at as "receivedAt", method, path, outcome as why, octet_length(body)::int as size
       from notifications
      where state = 'aside' and ($1::text is null or site = $1) and ($2::bigint is null or id < $2::bigint)
      order by notifications.id desc limit $3`,
    [filter.site ?? null, filter.before ?? null, filter.limit],
  );
}

/** One of them with its body. */
export async function readAside(
  database: Database,
  id: string,
): Promise<{ site: string; headers: Record<string, string>; body: Uint8Array } | undefined> {
  return one(database, "select site, headers, body from notifications where id = $1 and state = 'aside'", [id]);
}

/**
 * Waits again, as if it had just come. It counts as tried once, so that an equal one that waits does not stand in its way.
 * Gives its site; undefined: it is not set aside (any more).
 */
export async function retryAside(database: Database, id: string, now: Date): Promise<string | undefined> {
  return database.tx(async (sql) => {
    const row = await one<{ site: string }>(
      sql,
      `update notifications set state = 'waiting', attempts = 1, next_at = $2, outcome = null, ended_at = null
        where id = $1 and state = 'aside' returning site`,
      [id, now],
    );
    await ring(sql, 'notifications');
    return row?.site;
  });
}

/** Dealt with: forgotten with the others. Gives its site; undefined: it is not set aside (any more). */
export async function dismissAside(database: Database, id: string, now: Date): Promise<string | undefined> {
  const row = await one<{ site: string }>(
    database,
    `update notifications set state = 'done', outcome = 'dismissed', ended_at = $2
      where id = $1 and state = 'aside' returning site`,
    [id, now],
  );
  return row?.site;
}
