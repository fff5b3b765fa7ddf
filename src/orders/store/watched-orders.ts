/** Orders that do nothing but wait for their vendor: what a shared look asks about, and what it wakes. */
import { type Database, ring } from './database.ts';

/** With the vendor, no call of theirs is open, nobody works on them, and their next look is still to come; $2 is now. */
export const WAITS = `status = 'working' and leg = 'vendor' and effect is null and state is not null and news is null
   and cancel is null and retry is null and next_at > $2 and (lease_until is null or lease_until <= $2)`;

export interface WaitingOrder {
  id: string;
  key: string;
  state: unknown;
}

/** A page of the orders of these routes that wait, in the order of their admission; `after` is the last id before it. */
export async function listWaiting(
  database: Database,
  page: { site: string; routes: string[]; now: Date; after: string; limit: number },
): Promise<WaitingOrder[]> {
  return database.query<WaitingOrder>(
    `select id::text as id, key, state from orders
      where site = $1 and ${WAITS} and route = any($3::text[]) and id > $4::bigint order by orders.id limit $5`,
    [page.site, page.now, page.routes, page.after, page.limit],
  );
}

/** Has the waiting ones among these looked at now; gives how many those are. Waking one that went on meanwhile is harmless. */
export async function wakeWaiting(database: Database, site: string, ids: string[], now: Date): Promise<number> {
  return database.tx(async (sql) => {
    const rows = await sql.query(
      `update orders set next_at = $2 where site = $1 and ${WAITS} and id = any($3::bigint[]) returning 1`,
      [site, now, ids],
    );
    if (rows.length > 0) {
      await ring(sql, 'orders');
    }
    return rows.length;
  });
}
