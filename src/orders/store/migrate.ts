import { readdir, readFile } from 'node:fs/promises';
import type { Database } from './database.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Applies the numbered files of migrations/ that this database has not seen, each in a transaction of its own.
 * Several processes may start at once: they take turns.
 */
export async function migrate(database: Database): Promise<void> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  for (const name of files) {
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

/** Our migrations hold plain statements only: no semicolon inside a literal or a function body. */
function statements(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
