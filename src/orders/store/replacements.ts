/** Which resource replaces which, and what the orders of the replaced ones wrote. */
import type { WrittenPart } from '../../fhir/types.ts';
import { type Database, one, type Sql } from './database.ts';

/** Remembers what a resource (`DocumentReference/2`) says that it replaces. */
export async function saveReplacements(sql: Sql, site: string, newer: string, older: readonly string[]): Promise<void> {
  for (const reference of older) {
    await sql.query('insert into replacements (site, newer, older) values ($1, $2, $3) on conflict do nothing', [
      site,
      newer,
      reference,
    ]);
  }
}

/**
 * What stands of the orders of the same route whose resources this one replaces, however many replacements lie between:
 * one that was replaced before it was done leaves its own predecessors to us.
 */
export async function listReplaced(
  database: Database,
  about: { site: string; route: string; reference: string },
): Promise<WrittenPart[]> {
  return database.query<WrittenPart>(
    `with recursive olders (reference) as (
       select older from replacements where site = $1 and newer = $2
       union
       select r.older from replacements r join olders o on r.newer = o.reference where r.site = $1)
     select w.part, w.about, w.type, w.resource_id as id, w.version
       from written w join orders o on o.id = w.order_id
      where o.site = $1 and o.route = $3
        and o.resource_type || '/' || o.resource_id in (select reference from olders)
        and o.resource_type || '/' || o.resource_id <> $2
      order by w.order_id, w.part`,
    [about.site, about.reference, about.route],
  );
}

/**
 * The resource that is done instead of `reference` on the same route, also where it was read first; undefined: none, or one
 * that was itself deleted or entered in error.
 */
export async function replacementOf(
  database: Database,
  about: { site: string; route: string; reference: string },
): Promise<string | undefined> {
  const row = await one<{ newer: string }>(
    database,
    `select r.newer from replacements r
       join orders o on o.site = r.site and o.resource_type = split_part(r.newer, '/', 1)
                    and o.resource_id = split_part(r.newer, '/', 2)
      where r.site = $1 and r.older = $3 and o.route = $2
        -- Two that replace each other, or one itself, say nothing.
        and not exists (select 1 from replacements b where b.site = $1 and b.newer = $3 and b.older = r.newer)
        and coalesce(o.reason ->> 'code', '') not in ('entered-in-error', 'deleted')
        and not exists (select 1 from orders later where later.base_key = o.base_key and later.generation > o.generation)
      limit 1`,
    [about.site, about.route, about.reference],
  );
  return row?.newer;
}
