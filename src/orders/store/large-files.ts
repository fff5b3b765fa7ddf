/** Result files that are too large for the EHR: where they stand in their site's storage, and to what in the EHR they belong. */
import { randomBytes } from 'node:crypto';
import { one, type Sql } from './database.ts';

export interface LargeFile {
  /** Opaque, for ever: `/files/{id}` stands in the EHR. */
  id: string;
  site: string;
  orderId: string;
  run: number;
  /** Unique within the run: `readouts.csv`. */
  name: string;
  /** Where the bytes are in the site's storage. */
  key: string;
  contentType: string;
  title: string;
  size: number;
  /** Base64, as Attachment.hash wants it. */
  sha1: string;
  /** Base64 of the four bytes, big-endian. */
  crc32c: string;
  /** The resource that the file belongs to; none before it has been written. */
  resourceType: string | null;
  resourceId: string | null;
  /** When it is removed; null: never. */
  expiresAt: Date | null;
}

export type NewLargeFile = Omit<LargeFile, 'id' | 'resourceType' | 'resourceId'>;

const COLUMNS = `id, site, order_id::text as "orderId", run, name, key, content_type as "contentType", title,
  size::float8 as size, sha1, crc32c, resource_type as "resourceType", resource_id as "resourceId",
  expires_at as "expiresAt"`;

/** Remembers a file whose bytes stand, or what has become of it; gives its id, which stays the same. */
export async function putLargeFile(sql: Sql, file: NewLargeFile): Promise<string> {
  const row = await one<{ id: string }>(
    sql,
    `insert into stored_files
       (id, site, order_id, run, name, key, content_type, title, size, sha1, crc32c, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (order_id, run, name) do update
       set key = excluded.key, content_type = excluded.content_type, title = excluded.title, size = excluded.size,
           sha1 = excluded.sha1, crc32c = excluded.crc32c, expires_at = excluded.expires_at
     returning id`,
    [
      randomBytes(16).toString('base64url'),
      file.site,
      file.orderId,
      file.run,
      file.name,
      file.key,
      file.contentType,
      file.title,
      file.size,
      file.sha1,
      file.crc32c,
      file.expiresAt,
    ],
  );
  return row?.id ?? '';
}

/** Says which resource a file belongs to, once that stands: whoever may read it may read the file, which stays. */
export async function tieLargeFile(sql: Sql, id: string, resource: { type: string; id: string }): Promise<void> {
  await sql.query('update stored_files set resource_type = $2, resource_id = $3, expires_at = null where id = $1', [
    id,
    resource.type,
    resource.id,
  ]);
}

/** Gives files that stay a time at which they go. */
export async function expireLargeFiles(sql: Sql, ids: string[], at: Date): Promise<void> {
  if (ids.length > 0) {
    await sql.query('update stored_files set expires_at = $2 where id = any($1::text[]) and expires_at is null', [
      ids,
      at,
    ]);
  }
}

/** A file that has not expired. */
export async function findLargeFile(sql: Sql, id: string, now: Date): Promise<LargeFile | undefined> {
  return one<LargeFile>(
    sql,
    `select ${COLUMNS} from stored_files where id = $1 and (expires_at is null or expires_at > $2)`,
    [id, now],
  );
}

export async function listLargeFiles(sql: Sql, orderId: string, run: number): Promise<LargeFile[]> {
  return sql.query<LargeFile>(`select ${COLUMNS} from stored_files where order_id = $1 and run = $2 order by name`, [
    orderId,
    run,
  ]);
}

/** The file of this name in this run of the order. */
export async function readLargeFile(
  sql: Sql,
  { id, run }: { id: string; run: number },
  name: string,
): Promise<LargeFile | undefined> {
  return one<LargeFile>(sql, `select ${COLUMNS} from stored_files where order_id = $1 and run = $2 and name = $3`, [
    id,
    run,
    name,
  ]);
}

/** Those of all generations and runs of an order that have not expired, the oldest first. */
export async function listLargeFilesOf(sql: Sql, baseKey: string, now: Date): Promise<LargeFile[]> {
  return sql.query<LargeFile>(
    `select ${COLUMNS} from stored_files
      where order_id in (select orders.id from orders where base_key = $1) and (expires_at is null or expires_at > $2)
      order by order_id, run, name`,
    [baseKey, now],
  );
}

/** Those of a site that belong to a resource of one of these ids, of whatever type, and stay. */
export async function listTiedFiles(sql: Sql, site: string, resourceIds: string[]): Promise<LargeFile[]> {
  return sql.query<LargeFile>(
    `select ${COLUMNS} from stored_files
      where site = $1 and resource_id = any($2::text[]) and expires_at is null order by id`,
    [site, resourceIds],
  );
}

/** Those of a site that are to be removed, the oldest first; at most 100 at a time. */
export async function listExpiredFiles(sql: Sql, site: string, now: Date): Promise<LargeFile[]> {
  return sql.query<LargeFile>(
    `select ${COLUMNS} from stored_files where site = $1 and expires_at <= $2 order by expires_at, id limit 100`,
    [site, now],
  );
}

/** After its bytes are gone. Does nothing where it was given another time meanwhile. */
export async function forgetLargeFile(sql: Sql, id: string, now: Date): Promise<void> {
  await sql.query('delete from stored_files where id = $1 and expires_at <= $2', [id, now]);
}
