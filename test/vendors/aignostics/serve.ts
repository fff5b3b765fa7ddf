/** The Aignostics simulator on two hosts of its own, and what came to each. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import express, { type Router } from 'express';
import { z } from 'zod';
import { AIGNOSTICS_DEFAULTS } from '../../../sandbox/aignostics/defaults.ts';
import type { AignosticsFault } from '../../../sandbox/aignostics/faults.ts';
import type { AignosticsOptions } from '../../../sandbox/aignostics/options.ts';
import { aignosticsRoutes } from '../../../sandbox/aignostics/routes.ts';
import { createFaults } from '../../../sandbox/faults.ts';
import { createLedger } from '../../../sandbox/ledger.ts';

export const VENDOR = 'aignostics';

/** One request as the vendor saw it. */
export interface Seen {
  host: 'api' | 'oauth' | 'storage';
  method: string;
  /** As it was asked for, with its query; of the API from `/v1` on. */
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
  status: number;
  /** As JSON; undefined where there was none. */
  answer: unknown;
}

export interface Served {
  settings: Record<string, unknown>;
  seen: Seen[];
  set(fault: AignosticsFault, times?: number): void;
  level(fault: AignosticsFault, level: number): void;
  billed(unit: 'runs' | 'slides'): number;
  now(): Date;
  close(): Promise<void>;
}

async function listen(use: (app: express.Express) => void) {
  const app = express();
  use(app);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Leaves only these files in what the vendor answers: fetching all of them again and again takes long. */
function onlyFiles(names: readonly string[]): express.RequestHandler {
  return (request, response, next) => {
    const send = response.send.bind(response);
    response.send = (body: unknown) => send(/\/items(\?|$)/.test(request.url) ? thinned(body, names) : body);
    next();
  };
}

const named = z.object({ name: z.string() });

function thinned(body: unknown, names: readonly string[]): unknown {
  try {
    return JSON.stringify(
      JSON.parse(String(body), (key, value) =>
        key === 'output_artifacts' && Array.isArray(value)
          ? value.filter((one) => names.includes(named.parse(one).name))
          : value,
      ),
    );
  } catch {
    // Cut off on purpose.
    return body;
  }
}

/** Small results, so that each is made in no time. */
const SMALL: AignosticsOptions = { cellRows: 20, polygons: 5, mapSize: 48, slowMs: 50 };

/** `files`: those that a slide comes to; absent: as the simulator says. */
export async function serveAignostics(
  now: () => Date,
  { files, ...options }: AignosticsOptions & { files?: string[] } = {},
): Promise<Served> {
  const faults = createFaults();
  const ledger = createLedger(now);
  const seen: Seen[] = [];
  const record =
    (host: Seen['host']): express.RequestHandler =>
    (request, response, next) => {
      const { method, url: path, headers } = request;
      const one: Seen = { host, method, path, headers, body: undefined, status: 0, answer: undefined };
      seen.push(one);
      const json = response.json.bind(response);
      response.json = (answer: unknown) => {
        one.answer = JSON.parse(JSON.stringify(answer));
        return json(answer);
      };
      response.on('close', () => {
        one.body = request.body;
        one.status = response.statusCode;
      });
      next();
    };
  let ports = { api: 0, storage: 0 };
  const { api, oauth, storage } = aignosticsRoutes({
    faults: faults.of(VENDOR),
    ledger: ledger.of(VENDOR),
    now,
    options: { ...SMALL, ...options },
    // The other name of this machine, so that it is another origin.
    storageUrl: () => `http://localhost:${ports.storage}`,
    oauthUrl: () => `http://127.0.0.1:${ports.api}/auth0`,
  });
  const at = (app: express.Express, path: string, host: Seen['host'], router: Router) =>
    app.use(path, record(host), router);
  const first = await listen((app) => {
    app.use(files ? onlyFiles(files) : (_request, _response, next) => next());
    at(app, '/api', 'api', api);
    at(app, '/auth0', 'oauth', oauth);
  });
  const second = await listen((app) => at(app, '/', 'storage', storage));
  ports = { api: first.port, storage: second.port };
  const { clientId, audience, refreshToken } = AIGNOSTICS_DEFAULTS;
  const base = `http://127.0.0.1:${first.port}`;
  return {
    settings: {
      baseUrl: `${base}/api/v1`,
      auth: { clientId, tenant: `${base}/auth0`, audience, refreshToken },
      storageHosts: ['localhost'],
    },
    seen,
    set: (fault, times = 1) => faults.set(VENDOR, fault, times),
    level: (fault, level) => faults.setLevel(VENDOR, fault, level),
    billed: (unit) => ledger.read()[VENDOR]?.billed[unit] ?? 0,
    now,
    async close() {
      first.close();
      second.close();
    },
  };
}
