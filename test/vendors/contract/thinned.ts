import type { Database } from '../../../src/orders/store/database.ts';
import type { VendorRequest } from '../../../src/vendors/http.ts';

/** One in so many of the points that are alike. */
const ONE_IN = 4;

/**
 * Whether a point is left out on this database. Each is gone through on one of the two, with the same SQL: every fourth on
 * PostgreSQL where there is one, the others on PGlite. Those that matter most (`always`: around a call that must not be
 * repeated) are gone through on both; with CONTRACT_EVERY_POINT=1 all are.
 */
export function leftOut(database: Database, index: number, always: boolean): boolean {
  if (always || process.env.CONTRACT_EVERY_POINT) {
    return false;
  }
  const isFourth = index % ONE_IN === 0;
  return database.kind === 'postgres' ? !isFourth : isFourth && process.env.TEST_DATABASE_URL !== undefined;
}

/**
 * Whether a request's failing is left out on this database: the database has no part in a line that fails, so that on
 * PostgreSQL only calls that must not be repeated are gone through.
 */
export function leftOutOfLine(database: Database, { once }: Pick<VendorRequest, 'once'>): boolean {
  return database.kind === 'postgres' && once !== true && !process.env.CONTRACT_EVERY_POINT;
}
