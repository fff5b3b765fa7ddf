import { readdir, readFile } from 'node:fs/promises';
import type { Database } from './database.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Applies the numbered files of migrations/ that this database has not seen, each in a transaction of its own.
 * Several processes may start at once: they take turns.
 */
export async function migrate(database: Database): Promise<void> {
  for (const name of await fileNames()) {
    await database.tx(async (sql) => {
      await sql.query("select pg_advisory_xact_lock(hashtext('fhir-ai-adapter migrations ' || current_schema()))");
      await sql.query(
        'create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())',
      );
      const seen = await sql.query('select 1 from migrations where name = $1', [name]);
      if (seen.length > 0) {
        return;
      }
      const text = await readFile(new URL(name, FOLDER), 'utf8');
      for (const statement of statements(text)) {
        await sql.query(statement);
      }
      await sql.query('insert into migrations (name) values ($1)', [name]);
    });
  }
}

async function fileNames(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
}

/** What `migrate` would apply, and what a later version of the adapter has applied already. Changes nothing. */
export async function listMigrations(database: Database): Promise<{ missing: string[]; unknown: string[] }> {
  const files = await fileNames();
  const [table] = await database.query<{ there: boolean }>("select to_regclass('migrations') is not null as there");
  const applied = table?.there
    ? await database.query<{ name: string }>('select name from migrations order by name')
    : [];
  const names = applied.map(({ name }) => name);
  return {
    missing: files.filter((name) => !names.includes(name)),
    unknown: names.filter((name) => !files.includes(name)),
  };
}

/** Our migrations hold plain statements only: no semicolon inside a literal or a function body. */
function statements(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
