import type { Database } from './database.ts';

export interface SiteBacklog {
  site: string;
  waiting: number;
  aside: number;
  /** When the newest one came that is still known. */
  last: Date;
}

/** Notifications by site: how many wait, how many were set aside. */
export async function countBySite(database: Database): Promise<SiteBacklog[]> {
  return database.query(
    `select site, count(*) filter (where state = 'waiting')::int as waiting,
            count(*) filter (where state = 'aside')::int as aside, max(received_at) as last
       from notifications group by site order by site`,
  );
}
