import { randomBytes } from 'node:crypto';
import { type Order, orderKey } from '../order.ts';
import { type Database, one, ring } from './database.ts';
import { ORDER_COLUMNS } from './order-row.ts';
import { addToTimeline, type TimelineEvent } from './timeline.ts';

/** What is known of an order when it is admitted. */
export type NewOrder = Pick<
  Order,
  'baseKey' | 'generation' | 'site' | 'route' | 'vendor' | 'resourceType' | 'resourceId' | 'seenVersion' | 'seenUpdated'
> & { ehrTask?: string | null | undefined; events: TimelineEvent[] };

/** Inserts an order unless its key exists; true if it is new. Ten at once make one. */
export async function admitOrder(database: Database, order: NewOrder, now: Date): Promise<boolean> {
  return database.tx(async (sql) => {
    const inserted = await one<{ id: string }>(
      sql,
      `insert into orders (public_id, key, base_key, generation, site, route, vendor, resource_type, resource_id,
                           seen_version, seen_updated, ehr_task, status, leg, next_at, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'received', 'read', $13, $13, $13)
       on conflict do nothing
       returning id::text as id`,
      [
        randomBytes(12).toString('base64url'),
        orderKey(order.baseKey, order.generation),
        order.baseKey,
        order.generation,
        order.site,
        order.route,
        order.vendor,
        order.resourceType,
        order.resourceId,
        order.seenVersion,
        order.seenUpdated,
        order.ehrTask ?? null,
        now,
      ],
    );
    if (!inserted) {
      return false;
    }
    await addToTimeline(sql, inserted.id, now, order.events);
    await ring(sql, 'orders');
    return true;
  });
}

/** The newest generation of an order, or undefined. */
export async function latestGeneration(database: Database, baseKey: string): Promise<Order | undefined> {
  return one<Order>(
    database,
    `select ${ORDER_COLUMNS} from orders where base_key = $1 order by generation desc limit 1`,
    [baseKey],
  );
}

/**
 * Removes an order that turned out to be none (a draft, an unchanged note); its Task was never made. False where it stays,
 * because there is news of it that nobody has looked at.
 */
export async function forgetOrder(database: Database, order: { id: string; fence: string }): Promise<boolean> {
  const rows = await database.query(
    'delete from orders where id = $1 and fence = $2 and news is null and cancel is null and retry is null returning 1',
    [order.id, order.fence],
  );
  return rows.length === 1;
}
