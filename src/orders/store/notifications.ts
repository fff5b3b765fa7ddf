import type { IncomingNotification, NotificationStore, StoredNotification } from '../types.ts';
import { type Database, ring } from './database.ts';

const COLUMNS = 9;

/** The notifications table behind the intake and the drain. `now` is the clock of the house. */
export function openNotifications(database: Database, now: () => Date): NotificationStore {
  const end = async (id: string, state: 'done' | 'aside', outcome: string): Promise<void> => {
    await database.query('update notifications set state = $2, outcome = $3, ended_at = $4 where id = $1', [
      id,
      state,
      outcome,
      now(),
    ]);
  };
  return {
    insert: (notifications) => insert(database, notifications),
    take: (limit, leaseSeconds) => take(database, limit, now(), new Date(now().getTime() + leaseSeconds * 1000)),
    done: (id, outcome) => end(id, 'done', outcome),
    setAside: (id, why) => end(id, 'aside', why),
    async postpone(id, seconds, why) {
      await database.query('update notifications set next_at = $2, outcome = $3 where id = $1', [
        id,
        new Date(now().getTime() + seconds * 1000),
        why,
      ]);
    },
    onWaiting: (listener) => database.listen((bell) => bell === 'notifications' && listener()),
  };
}

/** One multi-row statement that also rings the bell, so that storing costs one round trip. */
async function insert(database: Database, notifications: IncomingNotification[]): Promise<void> {
  const rows = notifications.map((_, row) => {
    const places = Array.from({ length: COLUMNS }, (_, column) => `$${row * COLUMNS + column + 1}`);
    places[4] += '::json';
    places[1] += '::timestamptz';
    places[8] += '::timestamptz';
    places[5] += '::bytea';
    return `(${places.join(', ')})`;
  });
  await database.query(
    `with stored as (
       insert into notifications (site, received_at, method, path, headers, body, dedupe, state, next_at)
       values ${rows.join(', ')}
       on conflict (site, dedupe) where state = 'waiting' and attempts = 0 do nothing
       returning 1)
     select pg_notify('fhir_ai_adapter_' || current_schema(), 'notifications') from (select 1 from stored limit 1) as any_stored`,
    notifications.flatMap((notification) => [
      notification.site,
      notification.receivedAt,
      notification.method,
      notification.path,
      JSON.stringify(notification.headers),
      notification.body,
      notification.dedupe,
      'waiting',
      notification.receivedAt,
    ]),
  );
}

/** Leases by moving `next_at`: a process that dies while draining gives them back when that time comes. */
async function take(database: Database, limit: number, now: Date, until: Date): Promise<StoredNotification[]> {
  const rows = await database.query<StoredNotification>(
    `update notifications set next_at = $1, attempts = attempts + 1
      where id in (
        select id from notifications where state = 'waiting' and next_at <= $2
         order by next_at, id limit $3 for update skip locked)
     returning id::text as id, site, received_at as "receivedAt", method, path, headers, body, dedupe, attempts`,
    [until, now, limit],
  );
  // An update returns its rows in any order.
  return rows.sort((a, b) => Number(a.id) - Number(b.id));
}

/** Forgets what was dealt with before `before`; what was set aside stays for a person. */
export async function forgetNotifications(database: Database, before: Date): Promise<void> {
  await database.query("delete from notifications where state = 'done' and ended_at < $1", [before]);
}

/** After a restart of the only process: what its predecessor had in hand waits no longer. */
export async function takeBackNotifications(database: Database, now: Date): Promise<void> {
  await ring(database, 'notifications');
  await database.query("update notifications set next_at = $1 where state = 'waiting' and next_at > $1", [now]);
}

/** How many wait, and how many were set aside: for metrics. */
export async function countNotifications(database: Database): Promise<Record<string, number>> {
  const rows = await database.query<{ state: string; count: number }>(
    'select state, count(*)::int as count from notifications group by state',
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}
