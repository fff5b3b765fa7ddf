/** Result files on their way into a site's storage, part by part: what stands of each, stored with the order's step. */
import type { StoredPart } from '../../storage/types.ts';
import { one, type Sql } from './database.ts';

/** An order's files are those of one of its runs: another run begins anew. */
export interface RunOfOrder {
  id: string;
  run: number;
}

export interface Unfinished {
  name: string;
  key: string;
  /** The storage's id of the upload. */
  upload: string;
  /** Bytes that are kept, of `size`. */
  bytes: number;
  size: number;
  /** CRC-32C of the kept bytes, as a number. */
  crc: number;
  parts: StoredPart[];
  /** Of no use any more, although its bytes may still stand. */
  released: boolean;
}

interface Row extends Pick<Unfinished, 'name' | 'key' | 'upload' | 'released'> {
  progress: Pick<Unfinished, 'bytes' | 'size' | 'crc' | 'parts'>;
}

/** What stands of a file; undefined: nothing. */
export async function readUnfinished(sql: Sql, { id, run }: RunOfOrder, name: string): Promise<Unfinished | undefined> {
  const row = await one<Row>(
    sql,
    'select name, key, upload, progress, released from keeping where order_id = $1 and run = $2 and name = $3',
    [id, run, name],
  );
  if (!row) {
    return undefined;
  }
  const { progress, ...rest } = row;
  return { ...rest, ...progress };
}

export async function putUnfinished(sql: Sql, { id, run }: RunOfOrder, files: readonly Unfinished[]): Promise<void> {
  for (const { name, key, upload, released: _, ...progress } of files) {
    await sql.query(
      `insert into keeping (order_id, run, name, key, upload, progress) values ($1, $2, $3, $4, $5, $6::json)
       on conflict (order_id, run, name) do update
         set key = excluded.key, upload = excluded.upload, progress = excluded.progress, released = false`,
      [id, run, name, key, upload, JSON.stringify(progress)],
    );
  }
}

/** Says that an upload is of no use any more. Before its bytes are removed: a crash may come between. */
export async function releaseUnfinished(sql: Sql, key: string): Promise<void> {
  await sql.query('update keeping set released = true where key = $1', [key]);
}

/** Once the file stands among the order's, or its bytes are gone. */
export async function forgetUnfinished(sql: Sql, key: string): Promise<void> {
  await sql.query('delete from keeping where key = $1', [key]);
}

/** Uploads of a site that nobody needs any more: released, of orders that have ended, of former runs; at most 100 at a time. */
export async function listUnneeded(sql: Sql, site: string): Promise<Pick<Unfinished, 'key' | 'upload'>[]> {
  return sql.query<Pick<Unfinished, 'key' | 'upload'>>(
    `select keeping.key, upload from keeping join orders on orders.id = order_id
      where site = $1 and (released or leg = 'ended' or keeping.run <> orders.run)
      order by order_id, keeping.run, keeping.name limit 100`,
    [site],
  );
}
