import { AdapterError } from '../../errors.ts';
import type { Order } from '../order.ts';
import { type Database, ring, type Sql } from './database.ts';
import { ORDER_COLUMNS, stepAssignments } from './order-row.ts';
import { addToTimeline, type TimelineEvent } from './timeline.ts';

export interface StepRecord {
  /** The order as it shall stand. */
  order: Order;
  now: Date;
  events?: TimelineEvent[];
  /** More rows of the same step (parts, a call, a result), in the same transaction. */
  also?: ((sql: Sql) => Promise<void>) | undefined;
  /** The news or wishes of people that this step dealt with. */
  consumed?: { news?: boolean; cancel?: boolean; retry?: boolean };
  /** Gives the lease back: nothing more to do now. */
  release?: boolean;
  /** Other orders became due by this step. */
  wakes?: boolean;
}

/**
 * Stores what a step did, if this process still holds the order: `… where fence = $n`, so that a process which lost its
 * lease writes nothing at all.
 * @returns the order as it stands, with news and wishes that arrived meanwhile.
 * @throws AdapterError `lease-lost`.
 */
export async function saveStep(database: Database, record: StepRecord): Promise<Order> {
  const { order } = record;
  const set = stepAssignments(order, 4);
  return database.tx(async (sql) => {
    const rows = await sql.query<Order>(
      `update orders set updated_at = $3, claims = 0, ${set.text}
              ${record.consumed?.news ? ', news = null' : ''} ${record.consumed?.cancel ? ', cancel = null' : ''}
              ${record.consumed?.retry ? ', retry = null' : ''}
              ${record.release ? ', lease_until = null' : ''}
        where id = $1 and fence = $2
       returning ${ORDER_COLUMNS}`,
      [order.id, order.fence, record.now, ...set.params],
    );
    const saved = rows[0];
    if (!saved) {
      throw new AdapterError('lease-lost', 'Another process has taken the order over');
    }
    if (record.release && (saved.news || saved.cancel || saved.retry)) {
      // Somebody spoke while the step ran: it must not sleep through that.
      await sql.query('update orders set next_at = $2 where id = $1', [order.id, record.now]);
      await ring(sql, 'orders');
    }
    await addToTimeline(sql, order.id, record.now, record.events ?? []);
    await record.also?.(sql);
    if (record.wakes) {
      await ring(sql, 'orders');
    }
    return saved;
  });
}
