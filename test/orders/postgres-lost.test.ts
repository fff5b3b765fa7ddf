import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { one, openDatabase, ring } from '../../src/orders/store/database.ts';
import { until } from '../support/until.ts';

const url = process.env.TEST_DATABASE_URL;

test('a PostgreSQL that ends our connections is used again as soon as it answers', { skip: !url }, async () => {
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const database = await openDatabase({ url, folder: '', schema, connections: 4 });
  let bells = 0;
  database.listen(() => {
    bells++;
  });
  try {
    const lost = database.tx(async (sql) => {
      const row = await one<{ pid: number }>(sql, 'select pg_backend_pid() as pid');
      await database.query('select pg_terminate_backend($1)', [row?.pid]);
      // The news of it comes while no statement runs.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await sql.query('select 1');
    });
    await assert.rejects(lost, { code: 'database-unavailable' });
    const listens = `listen fhir_ai_adapter_${schema}`;
    await until('it listens', async () => (await listener()).length === 1);
    await database.query('select pg_terminate_backend(pid) from pg_stat_activity where query = $1', [listens]);
    await until('a bell is heard again', async () => {
      await ring(database, 'orders');
      return bells > 0;
    });
    async function listener(): Promise<unknown[]> {
      return database.query('select 1 from pg_stat_activity where query = $1', [listens]);
    }
  } finally {
    await database.query(`drop schema ${schema} cascade`);
    await database.close();
  }
});
