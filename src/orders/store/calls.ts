/** The write-ahead of calls that must not be repeated. The states are told apart so that a restart knows what to ask. */
import { one, type Sql } from './database.ts';

export type CallState = 'started' | 'unknown' | 'not-taken' | 'answered';

export interface Call {
  key: string;
  kind: string;
  bills: number;
  /** `started`: sent or about to be; `unknown`: nobody knows; `not-taken`: surely not; `answered`. */
  state: CallState;
  attempts: number;
  doubts: number;
  /** How many doubts may be met by sending once more. */
  allowed: number;
  answer: unknown;
}

interface Place {
  orderId: string;
  run: number;
  key: string;
}

const COLUMNS = 'key, kind, bills, state, attempts, doubts, allowed, answer';

export async function readCall(sql: Sql, place: Place): Promise<Call | undefined> {
  return one<Call>(sql, `select ${COLUMNS} from calls where order_id = $1 and run = $2 and key = $3`, [
    place.orderId,
    place.run,
    place.key,
  ]);
}

/** Whether anything was sent, or may have been, in this run of an order. */
export async function hasCalls(sql: Sql, place: { orderId: string; run: number }): Promise<boolean> {
  const rows = await sql.query(
    "select 1 from calls where order_id = $1 and run = $2 and state <> 'not-taken' limit 1",
    [place.orderId, place.run],
  );
  return rows.length > 0;
}

/** Commits that the call is about to be made: a new row, or one more attempt of an old one. */
export async function startCall(
  sql: Sql,
  call: Place & { kind: string; site: string; vendor: string; bills: number; allowed: number; now: Date },
): Promise<void> {
  await sql.query(
    `insert into calls (order_id, run, key, kind, site, vendor, bills, state, attempts, allowed, started_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'started', 1, $8, $9)
     on conflict (order_id, run, key) do update
       set state = 'started', attempts = calls.attempts + 1, started_at = $9, ended_at = null`,
    [call.orderId, call.run, call.key, call.kind, call.site, call.vendor, call.bills, call.allowed, call.now],
  );
}

/** Nobody knows whether the vendor took it: counted once, however often we come back to it. */
export async function doubtCall(sql: Sql, place: Place): Promise<void> {
  await sql.query(
    "update calls set state = 'unknown', doubts = doubts + 1 where order_id = $1 and run = $2 and key = $3 and state = 'started'",
    [place.orderId, place.run, place.key],
  );
}

/** A person takes the next doubt upon them. */
export async function allowCall(sql: Sql, place: Place): Promise<void> {
  await sql.query('update calls set allowed = doubts where order_id = $1 and run = $2 and key = $3', [
    place.orderId,
    place.run,
    place.key,
  ]);
}

export async function endCall(
  sql: Sql,
  place: Place,
  end: { state: 'answered'; answer: unknown; now: Date } | { state: 'not-taken'; now: Date },
): Promise<void> {
  await sql.query(
    'update calls set state = $4, answer = $5::json, ended_at = $6 where order_id = $1 and run = $2 and key = $3',
    [
      place.orderId,
      place.run,
      place.key,
      end.state,
      end.state === 'answered' ? JSON.stringify(end.answer ?? null) : null,
      end.now,
    ],
  );
}

/** All calls of an order, for the page that shows it. */
export async function listCalls(sql: Sql, orderId: string): Promise<(Call & { run: number; startedAt: Date })[]> {
  return sql.query(
    `select ${COLUMNS}, run, started_at as "startedAt" from calls where order_id = $1 order by started_at, key`,
    [orderId],
  );
}

/**
 * Billable units that count against the site's limits: those of calls the vendor took, may have taken, or is being asked
 * to take now. Takes a lock for the transaction, so that two processes cannot both find the last unit free.
 */
export async function countBilled(
  sql: Sql,
  scope: { site: string; vendor: string; since: Date; orderId: string },
): Promise<{ day: number; order: number }> {
  await sql.query('select pg_advisory_xact_lock(hashtext($1))', [`limits ${scope.site} ${scope.vendor}`]);
  const row = await one<{ day: number; order: number }>(
    sql,
    `select coalesce(sum(billed) filter (where started_at >= $3), 0)::int as day,
            coalesce(sum(billed) filter (where order_id = $4), 0)::int as "order"
       from (select started_at, order_id,
                    bills * (doubts + case when state in ('started', 'answered') then 1 else 0 end) as billed
               from calls where site = $1 and vendor = $2 and (started_at >= $3 or order_id = $4)) as billed_calls`,
    [scope.site, scope.vendor, scope.since, scope.orderId],
  );
  return row ?? { day: 0, order: 0 };
}
