import { one, type Sql } from './database.ts';

/**
 * Billable units of a site and vendor since then, as `countBilled` counts them, but without its lock: to say how full the
 * day is, not to decide whether a call may be made.
 */
export async function countBilledSince(
  sql: Sql,
  scope: { site: string; vendor: string; since: Date },
): Promise<number> {
  const row = await one<{ billed: number }>(
    sql,
    `select coalesce(sum(bills * (doubts + case when state in ('started', 'answered') then 1 else 0 end)), 0)::int as billed
       from calls where site = $1 and vendor = $2 and started_at >= $3`,
    [scope.site, scope.vendor, scope.since],
  );
  return row?.billed ?? 0;
}
