/** The files of an order's run: what a vendor's work leaves behind for the EHR. */
import { createHash } from 'node:crypto';
import { AdapterError } from '../../errors.ts';
import type { ResultFile } from '../../vendors/contract.ts';
import { one, type Sql } from './database.ts';

/** A file without its bytes. */
export interface StoredFile {
  name: string;
  contentType: string;
  title: string;
  size: number;
  /** Base64. */
  sha1: string;
}

export async function putFiles(sql: Sql, orderId: string, run: number, files: ResultFile[]): Promise<void> {
  for (const { name, contentType, title, bytes } of files) {
    await sql.query(
      `insert into files (order_id, run, name, content_type, title, size, sha1, bytes)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (order_id, run, name) do update
         set content_type = excluded.content_type, title = excluded.title, size = excluded.size,
             sha1 = excluded.sha1, bytes = excluded.bytes`,
      [
        orderId,
        run,
        name,
        contentType,
        title,
        bytes.byteLength,
        createHash('sha1').update(bytes).digest('base64'),
        bytes,
      ],
    );
  }
}

export async function listFiles(sql: Sql, orderId: string, run: number): Promise<StoredFile[]> {
  return sql.query<StoredFile>(
    `select name, content_type as "contentType", title, size, sha1 from files
      where order_id = $1 and run = $2 order by name`,
    [orderId, run],
  );
}

/**
 * Bytes that are read at once. PostgreSQL's answer spells them in hex and the driver gathers a row before we see it, growing
 * as it goes: of one row with all of a picture, eight times its size would be in memory.
 */
export const PIECE = 64 * 1024;

/** The bytes of a file in pieces. Throws where they are gone, because the site's retention has passed. */
export async function* readFile(
  sql: Sql,
  orderId: string,
  run: number,
  { name, size }: Pick<StoredFile, 'name' | 'size'>,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += PIECE) {
    const row = await one<{ bytes: Uint8Array }>(
      sql,
      `select substring(bytes from $4::int for $5::int) as bytes from files
        where order_id = $1 and run = $2 and name = $3`,
      [orderId, run, name, at + 1, PIECE],
    );
    if (row?.bytes.byteLength !== Math.min(PIECE, size - at)) {
      throw new AdapterError('unexpected', 'A file of the result is gone', { kind: 'permanent', remedy: 'hold' });
    }
    yield row.bytes;
  }
}
