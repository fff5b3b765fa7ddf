/**
 * One row a credential in trouble. A quota that is used up or a refused key holds all its orders by this row, not each by
 * an answer of its own; a vendor that is down opens the breaker here, and one order at a time tries again.
 */
import type { AdapterError } from '../../errors.ts';
import type { OrderReason } from '../order.ts';
import { type Database, one, ring } from './database.ts';

/** Failures in a row until the breaker opens; then 30 s, doubling to 10 minutes. */
const BREAKER_FAILURES = 5;
const BREAKER_SECONDS = 30;
const BREAKER_MAX_SECONDS = 600;

export interface CredentialHold {
  reason: OrderReason;
  /** Absent: until an operator releases it. */
  until: Date | undefined;
}

interface Row {
  reason: OrderReason | null;
  failures: number;
  held_until: Date | null;
}

/**
 * May an order of this credential call the vendor now? After a hold's time has passed, the first that asks becomes the
 * probe and the others wait until it has come back (a successful call ends the hold).
 */
export async function mayCall(database: Database, credential: string, now: Date): Promise<CredentialHold | undefined> {
  const row = await one<Row>(
    database,
    'select reason, failures, held_until from credentials where credential = $1 and reason is not null',
    [credential],
  );
  if (!row?.reason) {
    return undefined;
  }
  if (row.held_until && row.held_until <= now) {
    const probing = await database.query(
      'update credentials set held_until = $3 where credential = $1 and held_until = $2 returning 1',
      [credential, row.held_until, new Date(now.getTime() + BREAKER_SECONDS * 1000)],
    );
    if (probing.length === 1) {
      return undefined;
    }
  }
  return { reason: row.reason, until: row.held_until ?? undefined };
}

/**
 * The turn to probe that `mayCall` gave at `asked` was not used, because nothing was sent: the next that asks has it.
 * Where no such turn was given nothing changes.
 */
export async function giveBackTurn(database: Database, credential: string, asked: Date): Promise<void> {
  await database.query(
    'update credentials set held_until = $2 where credential = $1 and reason is not null and held_until = $3',
    [credential, asked, new Date(asked.getTime() + BREAKER_SECONDS * 1000)],
  );
}

/** The hold of a credential, without taking the turn to probe. */
export async function readHold(database: Database, credential: string): Promise<CredentialHold | undefined> {
  const row = await one<Row>(
    database,
    'select reason, failures, held_until from credentials where credential = $1 and reason is not null',
    [credential],
  );
  return row?.reason ? { reason: row.reason, until: row.held_until ?? undefined } : undefined;
}

/** Holds all orders of a credential: until a time the vendor named, or until an operator releases it. */
export async function holdCredential(
  database: Database,
  hold: { credential: string; site: string; vendor: string; reason: OrderReason; until?: Date | undefined; now: Date },
): Promise<void> {
  await database.query(
    `insert into credentials (credential, site, vendor, reason, held_since, held_until)
     values ($1, $2, $3, $4::json, $5, $6)
     on conflict (credential) do update
       set reason = excluded.reason, held_until = excluded.held_until,
           held_since = coalesce(credentials.held_since, excluded.held_since)`,
    [hold.credential, hold.site, hold.vendor, JSON.stringify(hold.reason), hold.now, hold.until ?? null],
  );
}

/** Counts a transient failure; opens the breaker when they come in a row. True when it has just opened or reopened. */
export async function countFailure(
  database: Database,
  failure: { credential: string; site: string; vendor: string; error: AdapterError; now: Date },
): Promise<boolean> {
  const row = await one<{ failures: number }>(
    database,
    `insert into credentials (credential, site, vendor, failures) values ($1, $2, $3, 1)
     on conflict (credential) do update set failures = credentials.failures + 1
     returning failures`,
    [failure.credential, failure.site, failure.vendor],
  );
  const over = (row?.failures ?? 0) - BREAKER_FAILURES;
  if (over < 0) {
    return false;
  }
  const seconds = Math.min(BREAKER_MAX_SECONDS, BREAKER_SECONDS * 2 ** Math.min(over, 10));
  await holdCredential(database, {
    ...failure,
    reason: { code: failure.error.code, text: 'The vendor does not answer; the order goes on as soon as it does.' },
    until: new Date(failure.now.getTime() + seconds * 1000),
  });
  return true;
}

/**
 * A call went well: the breaker closes, and the orders it held come again. A hold that waits for an operator stays.
 * @returns whether there was anything to close.
 */
export async function countSuccess(database: Database, credential: string, now: Date): Promise<boolean> {
  const rows = await database.query(
    'delete from credentials where credential = $1 and (reason is null or held_until is not null) returning reason',
    [credential],
  );
  if (rows.length === 0) {
    return false;
  }
  await wakeHeld(database, credential, now);
  return true;
}

/** An operator releases a credential: its orders come again at once. */
export async function releaseCredential(database: Database, credential: string, now: Date): Promise<void> {
  await database.query('delete from credentials where credential = $1', [credential]);
  await wakeHeld(database, credential, now);
}

/** At start: orders held by a credential that is no longer configured are given another chance with the new one. */
export async function wakeStrangers(database: Database, current: string[], now: Date): Promise<void> {
  await database.query(
    'update orders set next_at = $2, held_until = $2 where held_by is not null and not (held_by = any($1::text[]))',
    [current, now],
  );
  await database.query('delete from credentials where not (credential = any($1::text[]))', [current]);
}

async function wakeHeld(database: Database, credential: string, now: Date): Promise<void> {
  await database.query('update orders set next_at = $2, held_until = $2 where held_by = $1', [credential, now]);
  await ring(database, 'orders');
}

/** Every hold there is, for the readiness report and the console. */
export async function listHolds(
  database: Database,
): Promise<{ site: string; vendor: string; reason: OrderReason; since: Date; until: Date | null }[]> {
  return database.query(
    `select site, vendor, reason, held_since as since, held_until as until from credentials where reason is not null order by site, vendor`,
  );
}

/** Errors that say something about the vendor as a whole rather than about one order. */
export function countsAsFailure(error: AdapterError): boolean {
  return error.code === 'vendor-unreachable' || error.code === 'vendor-timeout' || error.code === 'vendor-error';
}
