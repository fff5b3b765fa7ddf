/** Copies of slides on their way to where a vendor can fetch them: what stands of each, stored with the order's step. */
import type { Patch } from '../../slides/types.ts';
import type { StoredPart } from '../../storage/types.ts';
import { one, type Sql } from './database.ts';

export interface Staged {
  input: string;
  /** Where the copy is in the site's storage; null: the slide is passed on where it stands, and only read for its checksum. */
  key: string | null;
  /**
   * A copy as it stands in the EHR, which this one is made of: of a file that its server only gives whole, what has to be
   * written over it shows when it is here. Null: it is made of what the EHR has.
   */
  raw: string | null;
  /** The storage's id of the upload; null where the copy is whole, or there is none. */
  upload: string | null;
  /** What the source was known by: another digest is another slide, whose copy begins anew. */
  source: string;
  /** Bytes that have been copied, of `size`. */
  bytes: number;
  size: number;
  /** CRC-32C of the copied bytes, as a number. */
  crc: number;
  parts: StoredPart[];
  patches: Patch[];
  /** It is a copy as it stands in the EHR, which another is to be made of. */
  isRaw?: boolean;
  done: boolean;
  /** Not needed any more, although its bytes may still stand. */
  released: boolean;
}

/** Patches as JSON: bytes in base64. */
type StoredPatch = { offset: number; zeros: number } | { offset: number; base64: string };

interface Row extends Omit<Staged, 'bytes' | 'size' | 'crc' | 'parts' | 'isRaw' | 'patches'> {
  progress: Pick<Staged, 'bytes' | 'size' | 'crc' | 'parts' | 'isRaw'> & { patches: StoredPatch[] };
}

const stored = (patch: Patch): StoredPatch =>
  'zeros' in patch
    ? { offset: patch.offset, zeros: patch.zeros }
    : { offset: patch.offset, base64: Buffer.from(patch.bytes).toString('base64') };

const restored = (patch: StoredPatch): Patch =>
  'zeros' in patch ? patch : { offset: patch.offset, bytes: new Uint8Array(Buffer.from(patch.base64, 'base64')) };

/** What stands of a slide's copy; undefined: nothing. */
export async function readStaged(sql: Sql, orderId: string, input: string): Promise<Staged | undefined> {
  const row = await one<Row>(
    sql,
    'select input, key, raw, upload, source, progress, done, released from staged where order_id = $1 and input = $2',
    [orderId, input],
  );
  if (!row) {
    return undefined;
  }
  const { progress, ...rest } = row;
  return { ...rest, ...progress, patches: progress.patches.map(restored) };
}

export async function putStaged(sql: Sql, orderId: string, staged: readonly Staged[]): Promise<void> {
  for (const { input, key, raw, upload, source, done, released: _, patches, ...progress } of staged) {
    await sql.query(
      `insert into staged (order_id, input, key, raw, upload, source, progress, done)
       values ($1, $2, $3, $4, $5, $6, $7::json, $8)
       on conflict (order_id, input) do update
         set key = excluded.key, raw = excluded.raw, upload = excluded.upload, source = excluded.source,
             progress = excluded.progress, done = excluded.done, released = false`,
      [orderId, input, key, raw, upload, source, JSON.stringify({ ...progress, patches: patches.map(stored) }), done],
    );
  }
}

/** A copy whose bytes are to be removed. */
export interface Leftover extends Pick<Staged, 'input' | 'key' | 'raw' | 'upload'> {
  orderId: string;
}

/** Says that a copy is not needed any more; what stands of it. Before its bytes are removed: a crash may come between. */
export async function releaseStaged(sql: Sql, orderId: string, input: string): Promise<Leftover | undefined> {
  return one<Leftover>(
    sql,
    `update staged set released = true where order_id = $1 and input = $2
     returning order_id::text as "orderId", input, key, raw, upload`,
    [orderId, input],
  );
}

/** Once the bytes are gone. Does nothing where it was begun anew meanwhile. */
export async function forgetStaged(sql: Sql, { orderId, input, key }: Leftover): Promise<void> {
  await sql.query(
    `delete from staged where order_id = $1 and input = $2 and key is not distinct from $3
        and (released or order_id in (select id from orders where leg = 'ended'))`,
    [orderId, input, key],
  );
}

/** Copies of a site that nobody needs any more: released, or of orders that have ended; at most 100 at a time. */
export async function listLeftovers(sql: Sql, site: string): Promise<Leftover[]> {
  return sql.query<Leftover>(
    `select order_id::text as "orderId", input, staged.key, raw, upload from staged join orders on orders.id = order_id
      where site = $1 and (released or leg = 'ended') order by order_id, input limit 100`,
    [site],
  );
}
