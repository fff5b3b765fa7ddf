import type { Order } from '../order.ts';
import type { Database } from './database.ts';
import { ORDER_COLUMNS } from './order-row.ts';

/**
 * Takes up to `limit` orders that are due and that nobody works on, oldest first, and gives this process a lease and a
 * new fence on each. An order whose holder died becomes due when its lease ends.
 */
export async function claimOrders(
  database: Database,
  claim: { process: string; limit: number; now: Date; leaseUntil: Date },
): Promise<Order[]> {
  return database.query<Order>(
    `update orders set lease_until = $1, leased_by = $2, fence = fence + 1, claims = claims + 1
      where id in (
        select id from orders
         where next_at <= $3 and (lease_until is null or lease_until <= $3)
         order by next_at
         limit $4
         for update skip locked)
     returning ${ORDER_COLUMNS}`,
    [claim.leaseUntil, claim.process, claim.now, claim.limit],
  );
}

/** When the next order becomes due, by time or by the end of a dead process's lease; undefined: none waits. */
export async function nextDue(database: Database): Promise<Date | undefined> {
  const rows = await database.query<{ due: Date | null }>(
    // Both halves are one look into an index, however many orders wait.
    `select least(
       (select next_at from orders where next_at is not null and lease_until is null order by next_at limit 1),
       (select min(greatest(next_at, lease_until)) from orders where next_at is not null and lease_until is not null)) as due`,
  );
  return rows[0]?.due ?? undefined;
}
