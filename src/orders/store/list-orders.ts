import type { Order } from '../order.ts';
import { type Database, one } from './database.ts';
import { ORDER_COLUMNS } from './order-row.ts';

export interface OrderFilter {
  site?: string | undefined;
  status?: string | undefined;
  vendor?: string | undefined;
  /** Orders before this public id, newest first: the last one of the page before. */
  before?: string | undefined;
  limit: number;
}

/** A page of orders, newest first. */
export async function listOrders(database: Database, filter: OrderFilter): Promise<Order[]> {
  return database.query<Order>(
    `select ${ORDER_COLUMNS} from orders
      where ($1::text is null or site = $1) and ($2::text is null or status = $2) and ($3::text is null or vendor = $3)
        and ($4::text is null or id < (select id from orders where public_id = $4))
      order by orders.id desc limit $5`,
    [filter.site ?? null, filter.status ?? null, filter.vendor ?? null, filter.before ?? null, filter.limit],
  );
}

export async function findOrder(database: Database, publicId: string): Promise<Order | undefined> {
  return one<Order>(database, `select ${ORDER_COLUMNS} from orders where public_id = $1`, [publicId]);
}

/** Other generations of the same order. */
export async function listGenerations(database: Database, baseKey: string): Promise<Order[]> {
  return database.query<Order>(`select ${ORDER_COLUMNS} from orders where base_key = $1 order by generation`, [
    baseKey,
  ]);
}

/** The orders that an EHR's Task is of, with the version of it that we last wrote. */
export async function ordersOfTask(
  database: Database,
  site: string,
  task: string,
): Promise<{ id: string; taskVersion: string | null }[]> {
  return database.query(
    'select id::text as id, task_version as "taskVersion" from orders where site = $1 and task_id = $2 order by id',
    [site, task],
  );
}

/** How many orders there are by site, vendor and status: for metrics and readiness. */
export async function countOrders(
  database: Database,
): Promise<{ site: string; vendor: string; status: string; count: number }[]> {
  return database.query(
    'select site, vendor, status, count(*)::int as count from orders group by site, vendor, status order by 1, 2, 3',
  );
}

/**
 * The resources of a site's open orders, to be read again by the sweep: a delete is invisible to a search. And the Tasks
 * in which a person may answer, for sites that are told of no Task.
 */
export async function listOpenResources(database: Database, site: string): Promise<{ type: string; id: string }[]> {
  return database.query(
    `select resource_type as type, resource_id as id from orders where site = $1 and leg <> 'ended'
      union
     select 'Task', task_id from orders
      where site = $1 and status = 'waiting' and task_id is not null and question -> 'inEhr' is not null
      order by 1, 2`,
    [site],
  );
}
