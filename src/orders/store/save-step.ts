import { AdapterError } from '../../errors.ts';
import type { Order } from '../order.ts';
import { type Database, ring, type Sql } from './database.ts';
import { ORDER_COLUMNS, stepAssignments } from './order-row.ts';
import { addToTimeline, type TimelineEvent } from './timeline.ts';

export interface StepRecord {
  /** The order as it shall stand. */
  order: Order;
  /** The order as it was when the step began. */
  seen?: Order;
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
  const set = stepAssignments(order, 4, stillAsks(record.seen, order));
  const next = 4 + set.params.length;
  return database.tx(async (sql) => {
    const rows = await sql.query<Order>(
      `update orders set updated_at = $3, claims = 0, ${set.text}
              ${record.consumed?.news ? `, news = case when news::jsonb = $${next}::jsonb then null else news end` : ''}
              ${record.consumed?.cancel ? ', cancel = null' : ''}
              ${record.consumed?.retry ? ', retry = null' : ''}
              ${record.release ? ', lease_until = null' : ''}
        where id = $1 and fence = $2
       returning ${ORDER_COLUMNS}`,
      [
        order.id,
        order.fence,
        record.now,
        ...set.params,
        ...(record.consumed?.news ? [JSON.stringify(order.news)] : []),
      ],
    );
    const saved = rows[0];
    if (!saved) {
      throw new AdapterError('lease-lost', 'Another process has taken the order over');
    }
    if (record.release && (spoken(order, saved) || (await isReleased(sql, saved)))) {
      // Somebody spoke while the step ran: it must not sleep through that.
      await sql.query(
        'update orders set next_at = $2, held_until = case when held_by is null then held_until else $2 end where id = $1',
        [order.id, record.now],
      );
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

/** A step that neither saw nor used up an answer to the question must not wipe one that a person gives meanwhile. */
function stillAsks(seen: Order | undefined, order: Order): boolean {
  const asked = order.status === 'waiting' && order.question !== null && order.question.id === seen?.question?.id;
  return asked && seen?.answer === null;
}

/** Did anybody speak while the step ran? What the step has seen and left beside the order has its own time to be looked at. */
function spoken(seen: Order, saved: Order): boolean {
  const news = saved.news !== null && JSON.stringify(saved.news) !== JSON.stringify(seen.news);
  const answer = saved.answer !== null && seen.answer === null;
  const cancel = saved.cancel !== null && (seen.cancel === null || saved.nextAt === null);
  return news || answer || cancel || saved.retry !== null;
}

/** Is the credential that the order waits for held no more? Locked, so that a release either is seen here or sees the order. */
async function isReleased(sql: Sql, saved: Order): Promise<boolean> {
  if (saved.status !== 'held' || saved.heldBy === null) {
    return false;
  }
  const hold = 'select 1 from credentials where credential = $1 and reason is not null for share';
  return (await sql.query(hold, [saved.heldBy])).length === 0;
}
