import { mkdir } from 'node:fs/promises';
import { PGlite, types } from '@electric-sql/pglite';
import { AdapterError } from '../../errors.ts';
import type { Database, Sql } from './database.ts';
import { lockFolder } from './folder-lock.ts';

interface Runner {
  query<Row>(text: string, params?: unknown[]): Promise<{ rows: Row[] }>;
}

function sqlOf(runner: Runner): Sql {
  return {
    async query<Row>(text: string, params: readonly unknown[] = []): Promise<Row[]> {
      try {
        return (await runner.query<Row>(text, [...params])).rows;
      } catch (error) {
        throw wrap(error);
      }
    },
  };
}

function wrap(error: unknown): AdapterError {
  return error instanceof AdapterError
    ? error
    : new AdapterError('unexpected', 'The embedded database refused a statement', { cause: error });
}

/**
 * PostgreSQL in this process. There is one connection: a transaction holds it, so nothing inside `tx` may use the
 * database but through the `sql` it was given.
 * @param folder where the data lives, locked for this process; `memory://` keeps nothing.
 */
export async function openPglite(folder: string): Promise<Database> {
  const unlock = folder.startsWith('memory://') ? async () => {} : await lock(folder);
  const pglite = await PGlite.create(folder, BYTES);
  const sql = sqlOf(pglite);
  const listeners = new Set<(bell: string) => void>();
  const unlisten = await pglite.listen('fhir_ai_adapter_public', (bell) => {
    for (const listener of listeners) {
      listener(bell);
    }
  });

  return {
    kind: 'pglite',
    exclusive: true,
    query: sql.query,
    async tx(work) {
      try {
        return await pglite.transaction((transaction) => work(sqlOf(transaction)));
      } catch (error) {
        throw wrap(error);
      }
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await unlisten();
      await pglite.close();
      await unlock();
    },
  };
}

/**
 * PGlite's own turning of bytes into hex and back goes byte by byte: 8 s for a notification of 31 MB, in which nothing
 * else runs. Node's does the same in a third of the time and less.
 */
const BYTES = {
  serializers: {
    [types.BYTEA]: (value: unknown): string => {
      if (!(value instanceof Uint8Array)) {
        throw new TypeError('bytea takes bytes');
      }
      return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
    },
  },
  parsers: { [types.BYTEA]: (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex')) },
};

async function lock(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  return lockFolder(folder);
}
