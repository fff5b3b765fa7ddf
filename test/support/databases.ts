import { randomBytes } from 'node:crypto';
import { describe } from 'node:test';
import { type Database, openDatabase } from '../../src/orders/store/database.ts';

export interface TestDatabase {
  /** A database of its own with fresh tables. */
  open(): Promise<Database>;
  /** Another connection to the one that `open` gave last, as a second process would have; PGlite has none. */
  again?: () => Promise<Database>;
}

/** Runs the same tests on PGlite and, where TEST_DATABASE_URL names one, on PostgreSQL in a schema of their own. */
export function onEveryDatabase(name: string, tests: (database: TestDatabase) => void): void {
  describe(`${name} (PGlite)`, () => {
    tests({ open: () => openDatabase({ folder: 'memory://', schema: 'public' }) });
  });
  const url = process.env.TEST_DATABASE_URL;
  if (url) {
    describe(`${name} (PostgreSQL)`, () => {
      let schema = '';
      tests({
        async open() {
          schema = `test_${randomBytes(6).toString('hex')}`;
          const database = await openDatabase({ url, folder: '', schema, connections: 6 });
          return {
            ...database,
            async close() {
              await database.query(`drop schema if exists ${schema} cascade`);
              await database.close();
            },
          };
        },
        again: () => openDatabase({ url, folder: '', schema, connections: 4 }),
      });
    });
  }
}
