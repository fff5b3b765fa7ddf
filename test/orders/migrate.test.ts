import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, openDatabase } from '../../src/orders/store/database.ts';
import { migrate } from '../../src/orders/store/migrate.ts';
import { tableNames } from '../support/databases.ts';

const url = process.env.TEST_DATABASE_URL;

async function expectWhole(database: Database): Promise<void> {
  const names = await tableNames(database);
  assert.ok(['orders', 'notifications', 'calls', 'leases'].every((name) => names.includes(name)));
  const [count] = await database.query<{ count: number }>('select count(*)::int as count from migrations');
  await migrate(database);
  assert.deepEqual(await database.query('select count(*)::int as count from migrations'), [count]);
}

test('an embedded database keeps what it holds over a restart, and is migrated once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'adapter-data-'));
  try {
    const first = await openDatabase({ folder, schema: 'public' });
    await first.query("insert into cursors (site, name, value) values ('a', 'b', 'c')");
    await assert.rejects(openDatabase({ folder, schema: 'public' }), /in use by process/);
    await first.close();
    const second = await openDatabase({ folder, schema: 'public' });
    assert.deepEqual(await second.query('select value from cursors'), [{ value: 'c' }]);
    await expectWhole(second);
    await second.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('processes that start at once on an empty PostgreSQL take turns', { skip: !url }, async () => {
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const options = { url, folder: '', schema, connections: 2 };
  const opened = await Promise.allSettled(Array.from({ length: 4 }, () => openDatabase(options)));
  const databases = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const [first] = databases;
  assert.ok(first);
  try {
    assert.deepEqual(
      opened.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])),
      [],
    );
    await expectWhole(first);
  } finally {
    await first.query(`drop schema ${schema} cascade`);
    await Promise.all(databases.map((database) => database.close()));
  }
});
