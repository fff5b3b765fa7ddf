/** The database: reachable, new enough, its tables up to date. Nothing is created or migrated. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { asAdapterError } from '../../errors.ts';
import { listHolds } from '../../orders/store/credentials.ts';
import { type Database, one } from '../../orders/store/database.ts';
import { listCursors } from '../../orders/store/list-cursors.ts';
import { listMigrations } from '../../orders/store/migrate.ts';
import type { DoctorRow } from '../doctor.ts';
import { silentSites, sitesSaidSilent } from './subscriptions.ts';

/** PostgreSQL's server_version_num of the oldest release that is supported. */
const OLDEST = 150_000;

const readiness = z.looseObject({
  status: z.string(),
  sites: z.record(z.string(), z.looseObject({ subscriptions: z.string().catch('') })).catch({}),
  held: z.array(z.looseObject({ site: z.string(), vendor: z.string(), code: z.string() })).default([]),
});

/**
 * Looks at the database of a configuration. Where the embedded one is in use, the running adapter is asked instead.
 * @param adapterUrl where it would be listening.
 */
export async function examineDatabase(settings: Config['database'], adapterUrl: string): Promise<DoctorRow[]> {
  const { url, folder, schema } = settings;
  const row = (state: DoctorRow['state'], detail: string): DoctorRow => ({
    site: '',
    subject: 'database',
    state,
    detail,
  });
  if (url === undefined && !existsSync(join(folder, 'PG_VERSION'))) {
    return [row('ok', `embedded; ${folder} is made when the adapter first starts`)];
  }
  let database: Database | undefined;
  try {
    // Opened without its migrations: another version of the adapter may be running on it.
    database = url === undefined ? await openEmbedded(folder) : await openServer(url, schema);
    return await examine(database, row);
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (error.code === 'database-locked') {
      return askAdapter(adapterUrl, row);
    }
    return [row('wrong', `${error.message}. ${error.operator}`)];
  } finally {
    await database?.close();
  }
}

async function openEmbedded(folder: string): Promise<Database> {
  const { openPglite } = await import('../../orders/store/pglite.ts');
  return openPglite(folder);
}

/** Whether a server's tables are those of this version. Opened without its migrations, as for the doctor itself. */
export async function isUpToDate(url: string, schema: string): Promise<boolean> {
  const database = await openServer(url, schema);
  try {
    const { missing, unknown } = await listMigrations(database);
    return missing.length + unknown.length === 0;
  } finally {
    await database.close();
  }
}

async function openServer(url: string, schema: string): Promise<Database> {
  const { openPostgres } = await import('../../orders/store/postgres.ts');
  return openPostgres({ url, schema, connections: 2 });
}

type Row = (state: DoctorRow['state'], detail: string) => DoctorRow;

async function examine(database: Database, row: Row): Promise<DoctorRow[]> {
  const version = await one<{ version: string; num: number }>(
    database,
    "select current_setting('server_version') as version, current_setting('server_version_num')::int as num",
  );
  const name = `${database.kind === 'pglite' ? 'embedded PostgreSQL' : 'PostgreSQL'} ${version?.version.split(' ')[0] ?? '?'}`;
  const { missing, unknown } = await listMigrations(database);
  const rows = [
    (version?.num ?? 0) < OLDEST ? row('wrong', `${name}: 15 or later is needed`) : row('ok', name),
    unknown.length > 0
      ? row('wrong', `the tables belong to a later version of the adapter: ${unknown.join(', ')}`)
      : missing.length > 0
        ? row('warning', `the next start applies ${missing.join(', ')}`)
        : row('ok', 'the tables are up to date'),
  ];
  const holds = missing.length > 0 ? [] : await listHolds(database);
  const pushes = missing.length > 0 ? [] : await listCursors(database, 'push');
  return [...rows, ...holds.map(({ site, vendor, reason }) => held(site, vendor, reason.code)), ...silentSites(pushes)];
}

const held = (site: string, vendor: string, code: string): DoctorRow => ({
  site,
  subject: vendor,
  state: 'warning',
  detail: `orders are held: ${code}`,
});

async function askAdapter(adapterUrl: string, row: Row): Promise<DoctorRow[]> {
  const inUse = 'the embedded database is in use by a running adapter';
  try {
    const response = await fetch(new URL('readyz', `${adapterUrl}/`), { signal: AbortSignal.timeout(5000) });
    const { status, sites, held: holds } = readiness.parse(await response.json());
    return [
      row(response.ok ? 'ok' : 'wrong', `${inUse}, which says: ${status}`),
      ...holds.map(({ site, vendor, code }) => held(site, vendor, code)),
      ...sitesSaidSilent(sites),
    ];
  } catch {
    return [row('warning', `${inUse}, which does not answer at ${adapterUrl}; set ADAPTER_URL to where it listens`)];
  }
}
