/** The whole adapter, put together: read it as a table of contents. `main.ts` gives it a configuration and signals. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import express from 'express';
import type { Config } from './config.ts';
import { AdapterError, asAdapterError } from './errors.ts';
import { openPermissions } from './fhir/may-read.ts';
import type { Log } from './log.ts';
import { apiRouter } from './operations/api.ts';
import { consoleRouter } from './operations/console.ts';
import { openEhrReaders } from './operations/ehr-readers.ts';
import { filesRouter } from './operations/files.ts';
import { healthRouter, type SiteState } from './operations/health.ts';
import { jwksRouter } from './operations/jwks.ts';
import { lastWord } from './operations/last-word.ts';
import { openLogins } from './operations/logins.ts';
import { openMeters } from './operations/metrics.ts';
import { tidyStorages } from './operations/tidy-storages.ts';
import { openAdmission } from './orders/admission.ts';
import { type CallbackTokens, openCallbackTokens } from './orders/callback-token.ts';
import { databaseClock } from './orders/clock.ts';
import { ENGINE_DEFAULTS, startEngine } from './orders/engine.ts';
import { startHousekeeping } from './orders/housekeeping.ts';
import { removeLeftCopies } from './orders/remove-copy.ts';
import { startRouteClocks } from './orders/route-start.ts';
import { wakeStrangers } from './orders/store/credentials.ts';
import { openCursors } from './orders/store/cursors.ts';
import { openDatabase } from './orders/store/database.ts';
import { findLargeFile } from './orders/store/large-files.ts';
import { openLeases } from './orders/store/leases.ts';
import { listOpenResources } from './orders/store/list-orders.ts';
import { openMemory } from './orders/store/memory.ts';
import { openNotifications, takeBackNotifications } from './orders/store/notifications.ts';
import { openSecrets, resealSecrets, secretBoxOf } from './orders/store/secrets.ts';
import { startWatch } from './orders/watch.ts';
import { buildSites } from './runtime.ts';
import { signingKeys } from './signed-token.ts';
import { openFileTokens } from './storage/file-token.ts';
import { openStorages } from './storage/open.ts';
import { sweepBacklog } from './subscriptions/backlog.ts';
import { callbackRouter, callbackUrls } from './subscriptions/callbacks.ts';
import { lookSooner } from './subscriptions/cds/look-sooner.ts';
import { cdsRouter } from './subscriptions/cds/router.ts';
import { intakeRouter } from './subscriptions/intake.ts';
import { type Sources, startSources } from './subscriptions/sources.ts';
import { vendors } from './vendors/index.ts';

export interface Adapter {
  port: number;
  /** Gives back what is in hand and ends; within `seconds`. */
  stop(seconds: number): Promise<void>;
}

export interface AdapterOptions {
  config: Config;
  log: Log;
  /** Said to the person who started it: what an administrator has to create where we do not register. */
  tell?(line: string): void;
}

/** Before the sources have started. */
const UNKNOWN: SiteState = { ehr: 'unknown', subscriptions: 'unknown' };

/** Starts everything in order: database, sites, engine, intake, and then what goes looking for orders. */
export async function startAdapter({ config, log, tell }: AdapterOptions): Promise<Adapter> {
  const { folder, schema, url } = config.database;
  const database = await openDatabase({ url, folder, schema });
  const clock = await databaseClock(database);
  const now = (): Date => clock.now();
  const leases = openLeases(database, randomUUID(), now);
  const cursors = openCursors(database);
  const store = openNotifications(database, now);
  const meters = openMeters(database, now);
  const box = secretBoxOf(config);
  if (box) {
    await resealSecrets(database, box, log);
  }
  const keys = signingKeys(config.security.signingKey);
  const fileTokens = keys && openFileTokens(keys, now);
  const storages = openStorages(config, fileTokens);
  const sites = buildSites(config, {
    vendors,
    log,
    memory: (site, owner) => openMemory(database, leases, { site, owner }, now),
    secrets: (site, owner) => openSecrets({ database, leases, box, now }, { site, owner }),
    storages,
  });
  const credentials = [...sites.values()].flatMap((site) =>
    [...site.routes.values()].map(({ credential }) => credential),
  );
  await wakeStrangers(database, credentials, now());
  if (database.exclusive) {
    await takeBackNotifications(database, now());
  }

  let sources: Sources | undefined;
  const siteStates = (): Record<string, SiteState> =>
    Object.fromEntries([...sites.keys()].map((name) => [name, sources?.describe(name) ?? UNKNOWN]));
  let stopping = false;
  const app = express();
  app.disable('x-powered-by');
  app.use(
    intakeRouter({
      sites: config.sites,
      store,
      bodyLimit: config.http.bodyLimit,
      log,
      now,
      onStored: ({ site }) => meters.notification(site, 'stored'),
      onRefused: (site, status) => meters.notification(site ?? 'unknown', `refused ${status}`),
    }),
  );
  app.use(healthRouter({ database, meters, sites: siteStates, stopping: () => stopping }));
  app.use(jwksRouter(config.sites, log));
  const { publicUrl } = config.http;
  const tokens = callbackTokens(config, now);
  app.use(callbackRouter({ sites, tokens, database, log, now, onCallback: meters.callback }));
  const soon = lookSooner((site) => sources?.requestSweep(site));
  app.use(cdsRouter({ sites, publicUrl, database, log, now, onCall: soon }));
  const admit = openAdmission({ database, sites, cursors, clock });
  app.use(
    '/api',
    apiRouter({
      database,
      clock,
      users: config.console.users,
      sites: [...sites.keys()],
      log,
      logins: openLogins({ database, sites, clock, log }),
      sweep: (name, since, go) => sweepBacklog({ site: sites.get(name), cursors, admit, log, since, go }),
    }),
  );
  const permissions = new Map(config.sites.map(({ name, fhir }) => [name, openPermissions(fhir)]));
  app.use(
    filesRouter({
      tokens: fileTokens,
      storages,
      users: config.console.users,
      find: (id) => findLargeFile(database, id, now()),
      readers: openEhrReaders(
        async ({ site, token, resource }) => (await permissions.get(site)?.mayRead(token, resource)) ?? false,
        now,
      ),
      log,
    }),
  );
  app.use(consoleRouter());
  app.use(lastWord(log));
  const server = await listen(app, config.http.port);

  const engine = await startEngine(
    {
      database,
      sites,
      clock,
      log,
      meter: meters.engine,
      callbackUrl: callbackUrls(publicUrl, tokens),
      random: Math.random,
      checkpoint: async () => {},
    },
    { ...ENGINE_DEFAULTS, concurrency: database.exclusive ? 4 : 8 },
  );
  const watch = startWatch({ database, sites, leases, clock, log });
  const starts = startRouteClocks({ sites, cursors, log });
  sources = startSources({
    sites,
    publicUrl,
    bodyLimit: config.http.bodyLimit,
    store,
    cursors,
    leases,
    admit,
    log,
    now,
    openOrders: (site) => listOpenResources(database, site),
    onNotification: meters.notification,
    onSilent: meters.silent,
    ...(tell && { tell }),
  });
  const housekeeping = startHousekeeping({
    database,
    config,
    leases,
    clock,
    log,
    tidy: async () => {
      await removeLeftCopies({ database, storages, log });
      await tidyStorages({ database, storages, log }, now());
    },
  });
  log.info({ port: portOf(server), process: String(process.pid) }, 'adapter started');

  return {
    port: portOf(server),
    async stop(seconds) {
      stopping = true;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      starts.stop();
      soon.stop();
      await Promise.all([sources?.stop(), watch.stop(), housekeeping.stop(), engine.stop(seconds - 3)]);
      server.closeAllConnections();
      await closed;
      const open = [...sites.values(), ...permissions.values(), ...storages.values()];
      await Promise.all(open.map((each) => each.close()));
      await database.close();
      log.info({ process: String(process.pid) }, 'adapter stopped');
    },
  };
}

/** None without a key, or where nobody can reach us: then vendors are only asked. */
function callbackTokens({ http, security }: Config, now: () => Date): CallbackTokens | undefined {
  const keys = signingKeys(security.signingKey);
  return http.publicUrl !== undefined && keys ? openCallbackTokens(keys, now) : undefined;
}

async function listen(app: express.Express, port: number): Promise<Server> {
  const server = createServer(app);
  server.listen(port);
  try {
    await once(server, 'listening');
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : asAdapterError(thrown).code;
    const why =
      code === 'EADDRINUSE'
        ? `Port ${port} is in use; set PORT to another one`
        : `Port ${port} cannot be opened (${code})`;
    throw new AdapterError('port-unavailable', why, { cause: thrown });
  }
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
