/**
 * Which of the suite's many points are gone through. Those that matter most, around a call that must not be repeated, are
 * always, on both databases; of those that are alike a part, so that the suite stays within its minutes. With
 * CONTRACT_EVERY_POINT=1 all are, on both: for whoever changes the engine, or adds a vendor.
 */
import type { Database } from '../../../src/orders/store/database.ts';
import type { VendorRequest } from '../../../src/vendors/http.ts';

const ALL = process.env.CONTRACT_EVERY_POINT !== undefined;

/** Whether a point at which a process dies is left out: every second on PGlite, and of the others every second on PostgreSQL. */
export function leftOut(database: Database, index: number, always: boolean): boolean {
  if (ALL || always) {
    return false;
  }
  return database.kind === 'postgres' ? index % 4 !== 0 : index % 2 === 0;
}

/**
 * Whether a request's failing is left out. The database has no part in a line that fails: on PostgreSQL only calls that must
 * not be repeated are gone through, on PGlite every second of those that only read, too. `nth`: of those, from 0.
 */
export function leftOutOfLine(database: Database, { once }: Pick<VendorRequest, 'once'>, nth: number): boolean {
  return !ALL && once !== true && (database.kind === 'postgres' || nth % 2 === 1);
}
