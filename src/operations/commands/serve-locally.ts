/** The API for one command alone, on the database that all adapters share; what is asked is done by the next that runs. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import type { Config } from '../../config.ts';
import { silentLog } from '../../log.ts';
import { openAdmission } from '../../orders/admission.ts';
import { databaseClock } from '../../orders/clock.ts';
import { openCursors } from '../../orders/store/cursors.ts';
import { openDatabase } from '../../orders/store/database.ts';
import { openLeases } from '../../orders/store/leases.ts';
import { openMemory } from '../../orders/store/memory.ts';
import { openSecrets, secretBoxOf } from '../../orders/store/secrets.ts';
import { buildSites } from '../../runtime.ts';
import { openStorages } from '../../storage/open.ts';
import { sweepBacklog } from '../../subscriptions/backlog.ts';
import { vendors } from '../../vendors/index.ts';
import { apiRouter } from '../api.ts';
import { openLogins } from '../logins.ts';

/**
 * Serves the API on the loopback interface until closed.
 * @param token of one of the configuration's users; without one the command acts as an operator of its own, because who
 * can open the database needs no other permission.
 */
export async function serveLocally(
  config: Config,
  token: string | undefined,
): Promise<{ url: string; token: string; close(): Promise<void> }> {
  const { folder, schema, url } = config.database;
  const database = await openDatabase({ url, folder, schema, connections: 2 });
  const clock = await databaseClock(database);
  const now = (): Date => clock.now();
  const leases = openLeases(database, randomUUID(), now);
  const cursors = openCursors(database);
  const storages = openStorages(config, undefined);
  const sites = buildSites(config, {
    vendors,
    log: silentLog,
    memory: (site, owner) => openMemory(database, leases, { site, owner }, now),
    secrets: (site, owner) => openSecrets({ database, leases, box: secretBoxOf(config), now }, { site, owner }),
    storages,
  });
  const admit = openAdmission({ database, sites, cursors, clock });
  const own = { name: 'command line', token: randomBytes(24).toString('base64url'), roles: ['operator' as const] };
  const app = express();
  app.use(
    '/api',
    apiRouter({
      database,
      clock,
      users: [...config.console.users, own],
      sites: config.sites.map(({ name }) => name),
      logins: openLogins({ database, sites, clock, log: silentLog }),
      sweep: (name, since, go) => sweepBacklog({ site: sites.get(name), cursors, admit, log: silentLog, since, go }),
    }),
  );
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    token: token ?? own.token,
    async close() {
      server.close();
      server.closeAllConnections();
      await Promise.all([...sites.values(), ...storages.values()].map((each) => each.close()));
      await database.close();
    },
  };
}
