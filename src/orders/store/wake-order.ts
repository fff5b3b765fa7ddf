import { type Database, one, ring } from './database.ts';
import { addToTimeline } from './timeline.ts';
import { WAITS } from './watched-orders.ts';

/** Seconds between two looks at one order, however often somebody says that there is news. */
const REST_SECONDS = 2;

/**
 * Has an order looked at now that waits at its vendor in this run; a short while after its last step where that was only
 * just, so that of many callbacks in a row one is followed at once and one at the end. True: it would have been looked at
 * later. The first one of a run stands on the timeline; not each, for their number is up to others.
 */
export async function wakeOrder(database: Database, order: { id: string; run: number }, now: Date): Promise<boolean> {
  return database.tx(async (sql) => {
    const soon = 'greatest($2::timestamptz, updated_at + make_interval(secs => $4))';
    const woken = await one<{ id: string }>(
      sql,
      `update orders set next_at = ${soon} where ${WAITS} and id = $1 and run = $3 and next_at > ${soon}
       returning id::text as id`,
      [order.id, now, order.run, REST_SECONDS],
    );
    if (!woken) {
      return false;
    }
    const known = await one(
      sql,
      "select 1 from timeline where order_id = $1 and event = 'callback' and (detail ->> 'run')::int = $2 limit 1",
      [order.id, order.run],
    );
    if (!known) {
      await addToTimeline(sql, order.id, now, [{ event: 'callback', detail: { run: order.run } }]);
    }
    await ring(sql, 'orders');
    return true;
  });
}
