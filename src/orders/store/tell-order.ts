import type { CancelRequest, GivenAnswer, OrderNews, RetryRequest } from '../order.ts';
import { type Database, ring } from './database.ts';

/** Puts news of its resource beside an order; the engine looks at it before anything else. Works while it is leased. */
export async function tellOrder(database: Database, id: string, news: OrderNews, now: Date): Promise<void> {
  await setAndWake(database, 'news', id, news, now);
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
export async function giveAnswer(database: Database, id: string, answer: GivenAnswer, now: Date): Promise<boolean> {
  return database.tx(async (sql) => {
    const rows = await sql.query(
      `update orders set answer = $2::json, next_at = $3
        where id = $1 and status = 'waiting' and answer is null and question ->> 'id' = $4 returning 1`,
      [id, JSON.stringify(answer), now, answer.id],
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
    await sql.query(`update orders set ${column} = $2::json, next_at = least(next_at, $3) where id = $1`, [
      id,
      JSON.stringify(value),
      now,
    ]);
    await ring(sql, 'orders');
  });
}
