/** The Haut.AI simulator on two ports of its own, and what came to each. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import express, { type Router } from 'express';
import { z } from 'zod';
import { createFaults, type Faults } from '../../../sandbox/faults.ts';
import { HAUTAI_DEFAULTS } from '../../../sandbox/hautai/defaults.ts';
import type { HautaiOptions } from '../../../sandbox/hautai/options.ts';
import { hautaiRoutes } from '../../../sandbox/hautai/routes.ts';
import { createLedger, type Ledger } from '../../../sandbox/ledger.ts';

/** One request as the vendor saw it. */
export interface Seen {
  host: 'api' | 'storage';
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface Served {
  baseUrl: string;
  storageUrl: string;
  seen: Seen[];
  faults: Faults;
  ledger: Ledger;
  /** Batches opened, also those whose answer was lost. */
  opened(): number;
  close(): Promise<void>;
}

export const { companyId, datasetId, token } = HAUTAI_DEFAULTS;
export const VENDOR = 'hautai';

async function listen(router: () => Router, watch: express.RequestHandler[]) {
  const app = express().use(...watch, (request, response, next) => router()(request, response, next));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    port,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Leaves the masks of these parameters only in what the vendor answers: drawing all of them again and again takes long. */
function onlyMasks(names: readonly string[]): express.RequestHandler {
  return (request, response, next) => {
    const send = response.send.bind(response);
    response.send = (body: unknown) => send(request.path.endsWith('/results/') ? thinned(body, names) : body);
    next();
  };
}

function thinned(body: unknown, names: readonly string[]): unknown {
  try {
    return JSON.stringify(
      JSON.parse(String(body), (key, value) =>
        typeof value === 'object' && value !== null && 'masks' in value && !names.includes(key)
          ? { ...value, masks: {} }
          : value,
      ),
    );
  } catch {
    // Cut off on purpose.
    return body;
  }
}

/** `masks`: the parameters that have any; absent: as the simulator says. */
export async function serveHautai(
  now: () => Date,
  { masks, ...options }: HautaiOptions & { masks?: string[] } = {},
): Promise<Served> {
  const faults = createFaults();
  const ledger = createLedger(now);
  const seen: Seen[] = [];
  let opened = 0;
  const record =
    (host: Seen['host']): express.RequestHandler =>
    (request, response, next) => {
      const query = Object.fromEntries(new URL(request.url, 'http://vendor').searchParams);
      const one: Seen = {
        host,
        method: request.method,
        path: request.path,
        query,
        headers: request.headers,
        body: undefined,
      };
      seen.push(one);
      response.on('close', () => {
        one.body = request.body;
        // A connection that hangs up has no status yet: the batch was opened all the same.
        const taken = response.statusCode === 200 && request.method === 'POST' && request.path.endsWith('/upload/');
        opened += taken ? 1 : 0;
      });
      next();
    };
  const routers: { api?: Router; storage?: Router } = {};
  const present = (router: Router | undefined): Router => {
    if (!router) {
      throw new Error('the simulator is not there yet');
    }
    return router;
  };
  const storage = await listen(() => present(routers.storage), [record('storage')]);
  // The other name of this machine, so that it is another origin.
  const storageUrl = `http://localhost:${storage.port}`;
  Object.assign(
    routers,
    hautaiRoutes({
      faults: faults.of(VENDOR),
      ledger: ledger.of(VENDOR),
      now,
      options: { secondsUntilReady: 4, ...options },
      storageUrl: () => storageUrl,
      later: () => {},
    }),
  );
  const thin = masks === undefined ? [] : [onlyMasks(masks)];
  const api = await listen(() => present(routers.api), [record('api'), ...thin]);
  return {
    baseUrl: `http://127.0.0.1:${api.port}`,
    storageUrl,
    seen,
    faults,
    ledger,
    opened: () => opened,
    async close() {
      await Promise.all([api.close(), storage.close()]);
    },
  };
}
