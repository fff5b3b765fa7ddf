/** What belongs to an order and is too large or too many for its row: inputs, parts, results, what we wrote. */
import type { CollectedInput, WrittenPart } from '../../fhir/types.ts';
import type { Part } from '../../vendors/contract.ts';
import type { OrderSnapshot } from '../order.ts';
import { one, type Sql } from './database.ts';

/** The snapshot is stored as an input of its own; a real input's name never begins with a hash sign. */
const SNAPSHOT = '#order';

export async function saveReading(
  sql: Sql,
  orderId: string,
  snapshot: OrderSnapshot,
  inputs: CollectedInput[],
): Promise<void> {
  await sql.query('delete from inputs where order_id = $1', [orderId]);
  const put = (name: string, about: unknown, bytes: Uint8Array): Promise<unknown> =>
    sql.query('insert into inputs (order_id, name, about, bytes) values ($1, $2, $3::json, $4)', [
      orderId,
      name,
      JSON.stringify(about),
      bytes,
    ]);
  await put(SNAPSHOT, {}, new TextEncoder().encode(JSON.stringify(snapshot)));
  for (const { bytes, ...about } of inputs) {
    // A picture's bytes stay in the EHR: the row says that it belongs to the order.
    await put(about.name, about, bytes ?? new Uint8Array());
  }
}

export async function readSnapshot(sql: Sql, orderId: string): Promise<OrderSnapshot | undefined> {
  const bytes = await readInput(sql, orderId, SNAPSHOT);
  return bytes && JSON.parse(new TextDecoder().decode(bytes));
}

export async function readInput(sql: Sql, orderId: string, name: string): Promise<Uint8Array | undefined> {
  const row = await one<{ bytes: Uint8Array }>(sql, 'select bytes from inputs where order_id = $1 and name = $2', [
    orderId,
    name,
  ]);
  return row?.bytes;
}

export async function listParts(sql: Sql, orderId: string, run: number): Promise<Part[]> {
  return sql.query<Part>('select name, data from parts where order_id = $1 and run = $2 order by name', [orderId, run]);
}

export async function putParts(sql: Sql, orderId: string, run: number, parts: Part[]): Promise<void> {
  for (const part of parts) {
    await sql.query(
      `insert into parts (order_id, run, name, data) values ($1, $2, $3, $4::json)
       on conflict (order_id, run, name) do update set data = excluded.data`,
      [orderId, run, part.name, JSON.stringify(part.data)],
    );
  }
}

export async function addResult(
  sql: Sql,
  result: { orderId: string; run: number; result: unknown; final: boolean; now: Date },
): Promise<void> {
  await sql.query(
    `insert into results (order_id, run, seq, result, final, created_at)
     select $1, $2, coalesce(max(seq), 0) + 1, $3::json, $4, $5 from results where order_id = $1 and run = $2`,
    [result.orderId, result.run, JSON.stringify(result.result), result.final, result.now],
  );
}

/** The vendor's newest result of a run: what is mapped and written, and replayed after a fix of the mapping. */
export async function latestResult(sql: Sql, orderId: string, run: number): Promise<{ result: unknown } | undefined> {
  return one(sql, 'select result from results where order_id = $1 and run = $2 order by seq desc limit 1', [
    orderId,
    run,
  ]);
}

export async function listWritten(sql: Sql, orderId: string): Promise<WrittenPart[]> {
  return sql.query<WrittenPart>(
    'select part, about, type, resource_id as id, version from written where order_id = $1 order by part',
    [orderId],
  );
}

/** What earlier generations of the same order wrote. */
export async function listSuperseded(sql: Sql, baseKey: string, generation: number): Promise<WrittenPart[]> {
  return sql.query<WrittenPart>(
    `select part, about, type, resource_id as id, version from written
      where order_id in (select id from orders where base_key = $1 and generation < $2) order by order_id, part`,
    [baseKey, generation],
  );
}

export async function saveWritten(sql: Sql, orderId: string, written: WrittenPart[], now: Date): Promise<void> {
  for (const part of written) {
    await sql.query(
      `insert into written (order_id, part, type, resource_id, version, written_at, about)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (order_id, part) do update
         set type = excluded.type, resource_id = excluded.resource_id, version = excluded.version,
             written_at = excluded.written_at, about = excluded.about`,
      [orderId, part.part, part.type, part.id, part.version ?? null, now, part.about ?? null],
    );
  }
}

export async function addDisclosure(
  sql: Sql,
  disclosure: { at: Date; site: string; vendor: string; orderKey: string; input?: string; fields: string[] },
): Promise<void> {
  await sql.query(
    'insert into disclosures (at, site, vendor, order_key, input, fields) values ($1, $2, $3, $4, $5, $6::json)',
    [
      disclosure.at,
      disclosure.site,
      disclosure.vendor,
      disclosure.orderKey,
      disclosure.input ?? null,
      JSON.stringify(disclosure.fields),
    ],
  );
}

/**
 * Forgets what an ended order was made of and what the vendor answered, once the site's retention has passed. The order,
 * its timeline, what was written and the disclosures stay; it can no longer be replayed.
 */
export async function forgetOrderData(sql: Sql, site: string, endedBefore: Date): Promise<void> {
  const old = 'order_id in (select id from orders where site = $1 and ended_at < $2)';
  for (const table of ['parts', 'results', 'files']) {
    await sql.query(`delete from ${table} where ${old}`, [site, endedBefore]);
  }
  // What belongs to a resource of the EHR is served for as long as that stands.
  await sql.query(
    `update stored_files set expires_at = ended_at from orders
      where orders.id = order_id and orders.site = $1 and ended_at < $2
        and stored_files.resource_id is null and expires_at is null`,
    [site, endedBefore],
  );
  // The snapshot and the inputs' hashes stay, so that news of the order can still be judged; the bytes go.
  await sql.query(`update inputs set bytes = ''::bytea where name <> '${SNAPSHOT}' and ${old}`, [site, endedBefore]);
}
