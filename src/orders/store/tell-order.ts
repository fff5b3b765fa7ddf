import type { CancelRequest, GivenAnswer, OrderNews, RetryRequest } from '../order.ts';
import { type Database, ring } from './database.ts';

/**
 * Puts news beside an order; the engine looks at it before anything else. Works while it is leased. What is there
 * already and nobody has looked at stays.
 */
export async function tellOrder(database: Database, id: string, news: OrderNews, now: Date): Promise<void> {
  await setAndWake(database, 'news', id, news, now);
}

/** The same for all orders of a site that were, or are to be, done with the resource `reference`; how many were told. */
export async function tellUsers(
  database: Database,
  about: { site: string; reference: string; news: OrderNews },
  now: Date,
): Promise<number> {
  const rows = await database.query<{ id: string }>(
    'select order_id::text as id from sources where site = $1 and reference = $2',
    [about.site, about.reference],
  );
  return tellAll(database, rows, about.news, now);
}

/** The same for the newest generations of all orders of a resource. */
export async function tellOrdersOf(
  database: Database,
  about: { site: string; type: string; id: string; news: OrderNews },
  now: Date,
): Promise<number> {
  const rows = await database.query<{ id: string }>(
    `select distinct on (base_key) id::text as id from orders
      where site = $1 and resource_type = $2 and resource_id = $3 order by base_key, generation desc`,
    [about.site, about.type, about.id],
  );
  return tellAll(database, rows, about.news, now);
}

async function tellAll(database: Database, orders: { id: string }[], news: OrderNews, now: Date): Promise<number> {
  for (const { id } of orders) {
    await tellOrder(database, id, news, now);
  }
  return orders.length;
}

/** Asks the engine to stop an order. */
export async function requestCancel(database: Database, id: string, cancel: CancelRequest, now: Date): Promise<void> {
  await setAndWake(database, 'cancel', id, cancel, now);
}

/** Asks the engine to try again what failed or is held. */
export async function requestRetry(database: Database, id: string, retry: RetryRequest, now: Date): Promise<void> {
  await setAndWake(database, 'retry', id, retry, now);
}

/** Stores a person's answer to the question that the order asks, if it still asks that one; false otherwise. */
export async function giveAnswer(
  database: Database,
  id: string,
  answer: Omit<GivenAnswer, 'at'>,
  now: Date,
): Promise<boolean> {
  return database.tx(async (sql) => {
    const rows = await sql.query(
      `update orders set answer = $2::json, next_at = $3
        where id = $1 and status = 'waiting' and answer is null and question ->> 'id' = $4 returning 1`,
      [id, JSON.stringify({ ...answer, at: now.toISOString() }), now, answer.id],
    );
    await ring(sql, 'orders');
    return rows.length === 1;
  });
}

async function setAndWake(
  database: Database,
  column: 'news' | 'cancel' | 'retry',
  id: string,
  value: OrderNews | CancelRequest | RetryRequest,
  now: Date,
): Promise<void> {
  await database.tx(async (sql) => {
    await sql.query(
      `update orders set ${column} = (coalesce(${column}::jsonb, '{}') || $2::jsonb)::json, next_at = least(next_at, $3)
        where id = $1`,
      [id, JSON.stringify(value), now],
    );
    await ring(sql, 'orders');
  });
}
