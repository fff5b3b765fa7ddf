/** What an order is done with. */
import type { Sql } from './database.ts';

/** Replaces an order's sources (`DocumentReference/1`) with these. */
export async function saveSources(
  sql: Sql,
  order: { id: string; site: string },
  references: readonly string[],
): Promise<void> {
  await sql.query('delete from sources where order_id = $1', [order.id]);
  for (const reference of new Set(references)) {
    await sql.query('insert into sources (order_id, site, reference) values ($1, $2, $3)', [
      order.id,
      order.site,
      reference,
    ]);
  }
}
