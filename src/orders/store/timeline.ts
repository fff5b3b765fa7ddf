import type { Sql } from './database.ts';

/** One thing that happened to an order. `detail` holds codes, counts, ids and times, never a text of the patient's. */
export interface TimelineEvent {
  event: string;
  /** `adapter`, or the user who did it. */
  who?: string;
  detail?: Record<string, string | number | boolean | null | undefined>;
}

export interface TimelineRow {
  at: Date;
  event: string;
  who: string;
  detail: Record<string, string | number | boolean | null>;
}

/** Appends events, one row each. */
export async function addToTimeline(sql: Sql, orderId: string, at: Date, events: TimelineEvent[]): Promise<void> {
  for (const { event, who = 'adapter', detail = {} } of events) {
    await sql.query('insert into timeline (order_id, at, event, who, detail) values ($1, $2, $3, $4, $5::json)', [
      orderId,
      at,
      event,
      who,
      JSON.stringify(detail),
    ]);
  }
}

/** How often this has happened in a run of an order, for events that say in which. */
export async function countEvents(sql: Sql, orderId: string, of: { event: string; run: number }): Promise<number> {
  const rows = await sql.query<{ count: number }>(
    "select count(*)::int as count from timeline where order_id = $1 and event = $2 and (detail ->> 'run')::int = $3",
    [orderId, of.event, of.run],
  );
  return rows[0]?.count ?? 0;
}

/** Everything that happened to an order, oldest first. */
export async function readTimeline(sql: Sql, orderId: string): Promise<TimelineRow[]> {
  return sql.query<TimelineRow>('select at, event, who, detail from timeline where order_id = $1 order by id', [
    orderId,
  ]);
}
