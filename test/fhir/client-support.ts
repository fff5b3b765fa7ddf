/** A real server that plays a FHIR server, a token server or a storage host, and a client whose waits take no time. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { TestContext } from 'node:test';
import express, { type Express } from 'express';
import type { FhirConfig } from '../../src/config/schema.ts';
import { AdapterError } from '../../src/errors.ts';
import { type FhirClientOptions, type OpenFhirClient, openFhirClient } from '../../src/fhir/client.ts';
import { silentLog } from '../../src/log.ts';

export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Server {
  origin: string;
  seen: Seen[];
  app: Express;
}

/** Listens on a free port and remembers every request; `routes` says what it answers. */
export async function serve(t: TestContext, routes: (app: Express, server: Server) => void): Promise<Server> {
  const app = express();
  const http = createServer(app);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const server: Server = { origin: `http://127.0.0.1:${port}`, seen: [], app };
  app.use(express.raw({ type: () => true, limit: '10mb' }));
  app.use((req, _res, next) => {
    const body = Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '';
    server.seen.push({ method: req.method, url: req.url, headers: req.headers, body });
    next();
  });
  routes(app, server);
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return server;
}

export interface TestClient {
  client: OpenFhirClient;
  /** Milliseconds of each wait between tries. */
  waits: number[];
}

/** A client of `{origin}/fhir`, closed at the end of the test. */
export function clientOf(
  t: TestContext,
  origin: string,
  config: Partial<FhirConfig> = {},
  options: Partial<FhirClientOptions> = {},
): TestClient {
  const waits: number[] = [];
  const client = openFhirClient({
    site: 'general',
    config: {
      baseUrl: `${origin}/fhir`,
      auth: { type: 'none' },
      essential: [],
      storageHosts: [],
      slideHosts: [],
      owners: [],
      binaryLimit: 1_000_000,
      transactionEntries: 400,
      timeout: 5,
      ...config,
    },
    log: silentLog,
    random: () => 0.5,
    wait: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  t.after(() => client.close());
  return { client, waits };
}

export const FHIR = 'application/fhir+json';

export function outcome(diagnostics: string) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'processing', diagnostics }] };
}

/** The AdapterError that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<AdapterError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof AdapterError) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error('was expected to fail');
}
