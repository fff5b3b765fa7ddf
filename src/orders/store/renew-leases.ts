import { AdapterError } from '../../errors.ts';
import type { Database, Sql } from './database.ts';

/** Prolongs the leases of the orders in hand; gives the ids of those that are still ours. */
export async function renewLeases(
  database: Database,
  orders: { id: string; fence: string }[],
  leaseUntil: Date,
): Promise<Set<string>> {
  const rows = await database.query<{ id: string }>(
    `update orders set lease_until = $1
       from unnest($2::bigint[], $3::bigint[]) as held(order_id, held_fence)
      where orders.id = held.order_id and orders.fence = held.held_fence and orders.lease_until is not null
     returning orders.id::text as id`,
    [leaseUntil, orders.map((order) => order.id), orders.map((order) => order.fence)],
  );
  return new Set(rows.map((row) => row.id));
}

/**
 * Hands orders back at once, so that another process need not wait for the lease to end. They are due when they were, or
 * at `again`.
 */
export async function releaseLeases(
  database: Database,
  orders: { id: string; fence: string }[],
  again?: Date,
): Promise<void> {
  await database.query(
    `update orders set lease_until = null, claims = 0, next_at = coalesce($3::timestamptz, next_at)
       from unnest($1::bigint[], $2::bigint[]) as held(order_id, held_fence)
      where orders.id = held.order_id and orders.fence = held.held_fence`,
    [orders.map((order) => order.id), orders.map((order) => order.fence), again ?? null],
  );
}

/** Puts an order down until `until` without a step: its claims go on being counted. */
export async function postponeOrder(
  database: Database,
  order: { id: string; fence: string },
  until: Date,
): Promise<void> {
  await database.query('update orders set lease_until = null, next_at = $3 where id = $1 and fence = $2', [
    order.id,
    order.fence,
    until,
  ]);
}

/** Where nobody else can use the database, every lease in it belongs to a process that is gone. */
export async function dropAllLeases(database: Database): Promise<void> {
  await database.query('update orders set lease_until = null where lease_until is not null');
  await database.query('delete from leases');
}

/** Fails with `lease-lost` unless the order is still ours; until the transaction ends nobody else can take it. */
export async function requireFence(sql: Sql, order: { id: string; fence: string }): Promise<void> {
  const rows = await sql.query('select 1 from orders where id = $1 and fence = $2 for update', [order.id, order.fence]);
  if (rows.length === 0) {
    throw new AdapterError('lease-lost', 'Another process has taken the order over');
  }
}
