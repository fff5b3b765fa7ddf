/** The deadlines of orders: how many there are, and of which operators have to be told. */
import type { Database } from './database.ts';
import { addToTimeline } from './timeline.ts';

/** Operators are warned so long before. */
const NEAR_DAYS = 2;
/** For so long one that has passed is still worth a look. */
const PASSED_DAYS = 14;
const DAY_MS = 86_400_000;

type DeadlineState = 'open' | 'near' | 'passed';

const daysFrom = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY_MS);

/** How many orders have something to be done, by how much time is left; what passed long ago is not counted. */
export async function countDeadlines(
  database: Database,
  now: Date,
): Promise<{ site: string; vendor: string; state: DeadlineState; count: number }[]> {
  return database.query(
    `select site, vendor, case when deadline <= $1 then 'passed' when deadline <= $2 then 'near' else 'open' end as state,
            count(*)::int as count
       from orders where deadline > $3 group by 1, 2, 3 order by 1, 2, 3`,
    [now, daysFrom(now, NEAR_DAYS), daysFrom(now, -PASSED_DAYS)],
  );
}

export interface DueOrder {
  id: string;
  publicId: string;
  site: string;
  vendor: string;
  deadline: Date;
  what: string;
}

/** Which column remembers that it was told, and between which times a deadline stands that is to be told. */
const TOLD = {
  near: { column: 'deadline_warned', from: 0, to: NEAR_DAYS },
  passed: { column: 'deadline_missed', from: -PASSED_DAYS, to: 0 },
} as const;

/**
 * The orders whose deadline has become near or has passed since this was last asked: each deadline is given once over all
 * processes, and stands on the order's timeline. A step that is under way is not disturbed.
 */
export async function takeDeadlines(database: Database, state: keyof typeof TOLD, now: Date): Promise<DueOrder[]> {
  const { column, from, to } = TOLD[state];
  return database.tx(async (sql) => {
    const due = await sql.query<DueOrder>(
      `update orders set ${column} = deadline
        where deadline > $1 and deadline <= $2 and ${column} is distinct from deadline
       returning id::text as id, public_id as "publicId", site, vendor, deadline, deadline_what as what`,
      [daysFrom(now, from), daysFrom(now, to)],
    );
    for (const { id, deadline, what } of due) {
      const detail = { until: deadline.toISOString(), what };
      await addToTimeline(sql, id, now, [{ event: `deadline-${state}`, detail }]);
    }
    return due;
  });
}
