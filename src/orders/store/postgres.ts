import pg from 'pg';
import { AdapterError } from '../../errors.ts';
import type { Database, Sql } from './database.ts';

/** SQLSTATE classes that say "not now": connection trouble, resources, the operator's intervention, serialization. */
const TRANSIENT = /^(08|53|57|40)/;

function wrap(error: unknown): AdapterError {
  if (error instanceof AdapterError) {
    return error;
  }
  const state = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  if (error instanceof pg.DatabaseError && !TRANSIENT.test(state)) {
    // The message of a constraint error may quote a row: only its code is public.
    return new AdapterError('unexpected', `The database refused a statement (SQLSTATE ${state})`, { cause: error });
  }
  // The driver's code (ECONNREFUSED, 28P01) says why, and holds no secret.
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new AdapterError('database-unavailable', `The database cannot be used${code}`, { cause: error });
}

function sqlOf(client: pg.Pool | pg.PoolClient): Sql {
  return {
    async query<Row>(text: string, params: readonly unknown[] = []): Promise<Row[]> {
      try {
        return (await client.query(text, params.map(bind))).rows;
      } catch (error) {
        throw wrap(error);
      }
    },
  };
}

/** pg sends a Buffer as binary but a plain Uint8Array as JSON. */
function bind(value: unknown): unknown {
  return value instanceof Uint8Array && !Buffer.isBuffer(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value;
}

/** A pool on PostgreSQL 15 or later; every connection works in `schema`, which is created if missing. */
export async function openPostgres(options: {
  url: string;
  schema: string;
  connections?: number | undefined;
}): Promise<Database> {
  const config = {
    connectionString: options.url,
    options: `-c search_path=${options.schema}`,
    application_name: 'fhir-ai-adapter',
    connectionTimeoutMillis: 10_000,
    // A database host that vanished is noticed, also by the connection that only listens.
    keepAlive: true,
  };
  const pool = new pg.Pool({ ...config, max: options.connections ?? 12, idleTimeoutMillis: 30_000 });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  // One that breaks while a transaction holds it, between two statements, has no other listener: the next statement fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  const sql = sqlOf(pool);
  try {
    await createSchema(pool, options.schema);
  } catch (error) {
    await pool.end();
    throw wrap(error);
  }
  const bells = startListening(config, `fhir_ai_adapter_${options.schema}`);

  return {
    kind: 'postgres',
    exclusive: false,
    query: sql.query,
    async tx(work) {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw wrap(error);
      }
      let broken = false;
      try {
        await client.query('begin');
        const result = await work(sqlOf(client));
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(() => {
          broken = true;
        });
        throw wrap(error);
      } finally {
        client.release(broken);
      }
    },
    listen: bells.listen,
    async close() {
      await bells.stop();
      await pool.end();
    },
  };
}

/**
 * Several processes may start at once, and `if not exists` does not keep them from creating it twice. Where it exists the
 * right to create schemas is not needed.
 */
async function createSchema(pool: pg.Pool, schema: string): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin');
    await client.query("select pg_advisory_xact_lock(hashtext('fhir-ai-adapter schema ' || $1))", [schema]);
    const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
    if (rowCount === 0) {
      await client.query(`create schema ${schema}`);
    }
    await client.query('commit');
    broken = false;
  } finally {
    client.release(broken);
  }
}

/** One connection of its own that hears NOTIFY, and comes back when it breaks. */
function startListening(config: pg.ClientConfig, channel: string) {
  const listeners = new Set<(bell: string) => void>();
  let client: pg.Client | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const next = new pg.Client(config);
    const again = (): void => {
      if (client === next && !stopped) {
        client = undefined;
        timer = setTimeout(connect, 1000);
        timer.unref();
      }
    };
    client = next;
    next.on('error', again);
    next.on('end', again);
    next.on('notification', (message) => {
      for (const listener of listeners) {
        listener(message.payload ?? '');
      }
    });
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
    } catch {
      again();
    }
  };
  const ready = connect();

  return {
    listen(listener: (bell: string) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await ready;
      await client?.end().catch(() => {});
    },
  };
}
