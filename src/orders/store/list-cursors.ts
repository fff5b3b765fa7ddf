import type { Database } from './database.ts';

/** One cursor of every site that has it. */
export async function listCursors(database: Database, name: string): Promise<{ site: string; value: string }[]> {
  return database.query<{ site: string; value: string }>(
    'select site, value from cursors where name = $1 order by site',
    [name],
  );
}
