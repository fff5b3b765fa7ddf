import type { Database } from '../../../src/orders/store/database.ts';

/** One in so many of the points that are alike. */
const ONE_IN = 4;

/**
 * Whether a point is left out on this database. PGlite goes through every one; on PostgreSQL, with the same SQL, those that
 * matter most (`always`: around a call that must not be repeated) and every fourth of the others, or all of them with
 * CONTRACT_EVERY_POINT=1.
 */
export function leftOut(database: Database, index: number, always: boolean): boolean {
  return database.kind === 'postgres' && !always && index % ONE_IN !== 0 && !process.env.CONTRACT_EVERY_POINT;
}
