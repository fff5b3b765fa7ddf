import { randomBytes } from 'node:crypto';
import { after, describe } from 'node:test';
import pg from 'pg';
import { type Database, openDatabase } from '../../src/orders/store/database.ts';

export interface TestDatabase {
  /** A database of its own with empty tables. On PGlite one at a time: what the last one held is gone. */
  open(): Promise<Database>;
  /** Another connection to the one that `open` gave last, as a second process would have; PGlite has none. */
  again?: () => Promise<Database>;
}

/** Runs tests on PGlite alone: of what no database has a part in. */
export function onPglite(name: string, tests: (database: TestDatabase) => void): void {
  describe(`${name} (PGlite)`, () => {
    // Starting it takes a second, emptying it a few milliseconds.
    let shared: Promise<Database> | undefined;
    after(async () => (await shared)?.close());
    tests({
      async open() {
        shared ??= openDatabase({ folder: 'memory://', schema: 'public' });
        const database = await shared;
        await emptyTables(database);
        return { ...database, close: async () => {} };
      },
    });
  });
}

/** Runs the same tests on PGlite and, where TEST_DATABASE_URL names one, on PostgreSQL in a schema of their own. */
export function onEveryDatabase(name: string, tests: (database: TestDatabase) => void): void {
  onPglite(name, tests);
  const url = process.env.TEST_DATABASE_URL;
  if (url) {
    describe(`${name} (PostgreSQL)`, () => {
      let last = '';
      tests({
        async open() {
          const schema = `test_${randomBytes(6).toString('hex')}`;
          last = schema;
          const database = await openDatabase({ url, folder: '', schema, connections: 6 });
          return {
            ...database,
            async close() {
              // Whoever still works (a halted engine's last statement) is let out first: it and the drop could deadlock.
              await database.close();
              await dropSchema(url, schema);
            },
          };
        },
        again: () => openDatabase({ url, folder: '', schema: last, connections: 4 }),
      });
    });
  }
}

async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`drop schema if exists ${schema} cascade`);
  } finally {
    await client.end();
  }
}

/** The names of all tables. */
export async function tableNames(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = current_schema() order by 1',
  );
  return rows.map((row) => row.name);
}

/** Numbers go on, so that a straggler of an earlier test finds nothing of its own. */
async function emptyTables(database: Database): Promise<void> {
  const names = (await tableNames(database)).filter((name) => name !== 'migrations');
  await database.query(`truncate ${names.join(', ')} cascade`);
}
