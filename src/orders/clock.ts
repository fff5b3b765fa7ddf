import { type Database, one } from './store/database.ts';

/** The clock of the house. Everything that compares times asks it, so that tests can move it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/**
 * The system's clock, corrected to the database's: several machines share leases, and their clocks differ.
 * Differences under a second are left alone.
 */
export async function databaseClock(database: Database): Promise<Clock> {
  const before = Date.now();
  const row = await one<{ now: Date }>(database, 'select clock_timestamp() as now');
  const middle = (before + Date.now()) / 2;
  const offset = row ? row.now.getTime() - middle : 0;
  return Math.abs(offset) < 1000 ? systemClock : { now: () => new Date(Date.now() + offset) };
}

/** `seconds` later. */
export function later(from: Date, seconds: number): Date {
  return new Date(from.getTime() + seconds * 1000);
}
