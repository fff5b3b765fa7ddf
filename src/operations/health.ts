import { setTimeout as pause } from 'node:timers/promises';
import { Router } from 'express';
import { AdapterError, asAdapterError } from '../errors.ts';
import { listHolds } from '../orders/store/credentials.ts';
import type { Database } from '../orders/store/database.ts';
import type { Meters } from './metrics.ts';
import { onlyMethods } from './problem.ts';

/** What the readiness report says of one site; a dead EHR is said, but does not make us unready. */
export interface SiteState {
  ehr: 'ok' | 'unknown' | string;
  subscriptions: string;
}

/** `/healthz` (this process lives), `/readyz` (notifications can be stored), `/metrics` (Prometheus). */
export function healthRouter(options: {
  database: Database;
  meters: Meters;
  sites: () => Record<string, SiteState>;
  stopping: () => boolean;
}): Router {
  const router = Router();
  router.use(['/healthz', '/readyz', '/metrics'], (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });
  router.get('/readyz', async (_request, response) => {
    if (options.stopping()) {
      response.status(503).json({ status: 'stopping' });
      return;
    }
    try {
      const holds = await soon(listHolds(options.database));
      response.json({
        status: 'ready',
        database: options.database.kind,
        sites: options.sites(),
        held: holds.map(({ site, vendor, reason, since, until }) => ({
          site,
          vendor,
          code: reason.code,
          since,
          until,
        })),
      });
    } catch (thrown) {
      response.status(503).json({ status: 'not ready', database: asAdapterError(thrown).code });
    }
  });
  router.get('/metrics', async (_request, response) => {
    response.type('text/plain; version=0.0.4').send(await options.meters.render());
  });
  router.all(['/healthz', '/readyz', '/metrics'], onlyMethods('GET'));
  return router;
}

/** Milliseconds after which a database that does not answer counts as not there; probes give up after ten seconds. */
const PATIENCE = 5000;

async function soon<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = pause(PATIENCE, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new AdapterError('database-unavailable', 'The database does not answer');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}
