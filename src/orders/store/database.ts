/**
 * The one door to what lasts: PostgreSQL where a URL is given, else PGlite in a folder of this process. Both run the same
 * SQL. JSON is kept in `json` columns (not `jsonb`: notes may hold \u0000) and passed as text.
 */
export interface Sql {
  /** Runs one statement. Parameters: strings, numbers, booleans, Dates, Uint8Arrays, null, arrays of strings. */
  query<Row>(text: string, params?: readonly unknown[]): Promise<Row[]>;
}

export interface Database extends Sql {
  readonly kind: 'postgres' | 'pglite';
  /** True where no other process can use this data, so that leases of a dead process need not be waited for. */
  readonly exclusive: boolean;
  /** Runs `work` in a transaction; throws what it throws, after the rollback. */
  tx<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Hears the bells rung by `ring` in any process, once their transaction is committed. */
  listen(listener: (bell: string) => void): () => void;
  close(): Promise<void>;
}

/** Rings a bell when the surrounding transaction commits: `orders` or `notifications`. */
export async function ring(sql: Sql, bell: string): Promise<void> {
  await sql.query("select pg_notify('fhir_ai_adapter_' || current_schema(), $1)", [bell]);
}

export interface DatabaseOptions {
  url?: string | undefined;
  /** The embedded database's folder; `memory://` keeps nothing (tests). */
  folder: string;
  schema: string;
  /** Connections of the pool. */
  connections?: number;
}

/** Opens the database and brings its tables up to date. Only the driver that is used gets loaded. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { migrate } = await import('./migrate.ts');
  const database = await connect(options);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function connect({ url, folder, schema, connections }: DatabaseOptions): Promise<Database> {
  if (url) {
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres({ url, schema, connections });
  }
  const { openPglite } = await import('./pglite.ts');
  return openPglite(folder);
}

/** The first row, or undefined. */
export async function one<Row>(sql: Sql, text: string, params?: readonly unknown[]): Promise<Row | undefined> {
  return (await sql.query<Row>(text, params))[0];
}
