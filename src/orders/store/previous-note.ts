import { type Database, one } from './database.ts';

/** What the results of an earlier generation were made of. */
export interface PreviousNote {
  orderId: string;
  sha256: string;
}

/**
 * The note that the nearest completed earlier generation was made of; undefined where there is none, or where its results
 * were taken back since, by itself or by a later generation.
 */
export async function previousNote(
  database: Database,
  baseKey: string,
  generation: number,
): Promise<PreviousNote | undefined> {
  return one<PreviousNote>(
    database,
    `select o.id::text as "orderId", i.about ->> 'sha256' as sha256
       from orders o join inputs i on i.order_id = o.id and i.about ->> 'kind' = 'note'
      where o.base_key = $1 and o.generation < $2 and o.status = 'completed'
        and not exists (
          select 1 from orders later join timeline t on t.order_id = later.id and t.event = 'taken-back'
           where later.base_key = $1 and later.generation >= o.generation)
      order by o.generation desc limit 1`,
    [baseKey, generation],
  );
}
