import { type Database, one } from './database.ts';

/** The hash of the note that the nearest completed earlier generation was made of; undefined where there is none. */
export async function previousNote(
  database: Database,
  baseKey: string,
  generation: number,
): Promise<string | undefined> {
  const row = await one<{ sha256: string | null }>(
    database,
    `select i.about ->> 'sha256' as sha256
       from orders o join inputs i on i.order_id = o.id and i.about ->> 'kind' = 'note'
      where o.base_key = $1 and o.generation < $2 and o.status = 'completed'
      order by o.generation desc limit 1`,
    [baseKey, generation],
  );
  return row?.sha256 ?? undefined;
}
