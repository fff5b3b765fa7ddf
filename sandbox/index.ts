/** The sandbox: an EHR and the vendors' simulators in one process, for trying the adapter without anybody's account. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { AignosticsOptions } from './aignostics/options.ts';
import { aignosticsRoutes } from './aignostics/routes.ts';
import { type Ehr, openEhr } from './ehr/index.ts';
import type { EhrOptions } from './ehr/types.ts';
import { createFaults, type Faults } from './faults.ts';
import { faultRoutes } from './faults-routes.ts';
import type { HautaiOptions } from './hautai/options.ts';
import { hautaiRoutes } from './hautai/routes.ts';
import { type HealthsageOptions, healthsageRoutes } from './healthsage/routes.ts';
import { type HematoOptions, hematoRoutes } from './hemato/routes.ts';
import type { HistaiOptions } from './histai/options.ts';
import { histaiRoutes } from './histai/routes.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { ledgerRoutes } from './ledger-routes.ts';
import { otherName } from './other-name.ts';

export interface SandboxOptions {
  /** 0, the default: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Whose habits the EHR has; default `medplum`. */
  manner?: EhrOptions['manner'];
  /** Default `atomic`. */
  transactions?: EhrOptions['transactions'];
  now?: () => Date;
  healthsage?: HealthsageOptions;
  hemato?: HematoOptions;
  hautai?: HautaiOptions;
  aignostics?: AignosticsOptions;
  histai?: HistaiOptions;
  /** What else the EHR can be told: limits, tokens, time scales. */
  ehr?: Partial<Omit<EhrOptions, 'manner' | 'transactions' | 'now' | 'baseUrl' | 'storageUrl' | 'faults'>>;
}

export interface Sandbox {
  /** `http://127.0.0.1:8090`, without a slash at the end. */
  url: string;
  ehr: Ehr;
  faults: Faults;
  ledger: Ledger;
  /** Stops listening and breaks off what is open. */
  close(): Promise<void>;
}

/** Where everything is, below the sandbox's URL. */
export const PATHS = {
  ehr: '/fhir/R4',
  storage: '/storage',
  healthsage: '/healthsage',
  hemato: '/hemato',
  hautai: '/hautai',
  /** The API below `/api`, as the vendor's; the identity provider below `/auth0`. */
  aignostics: '/aignostics',
  histai: '/histai',
  faults: '/faults',
  ledger: '/ledger',
} as const;

/** Starts the sandbox. Rejects with the error of `listen` where the port is not to be had. */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', manner = 'medplum', transactions = 'atomic', now = () => new Date() } = options;
  const faults = createFaults();
  const ledger = createLedger(now);
  let url = '';
  let secondUrl = '';
  const ehr = openEhr({
    ...options.ehr,
    manner,
    transactions,
    now,
    baseUrl: () => `${url}${PATHS.ehr}`,
    storageUrl: () => `${url}${PATHS.storage}`,
    faults: faults.of('ehr'),
  });
  const healthsage = healthsageRoutes({
    faults: faults.of('healthsage'),
    ledger: ledger.of('healthsage'),
    now,
    ...(options.healthsage && { options: options.healthsage }),
  });
  const hemato = hematoRoutes({
    faults: faults.of('hemato'),
    ledger: ledger.of('hemato'),
    now,
    ...(options.hemato && { options: options.hemato }),
  });
  const hautai = hautaiRoutes({
    faults: faults.of('hautai'),
    ledger: ledger.of('hautai'),
    now,
    storageUrl: () => `${secondUrl}${PATHS.storage}/hautai`,
    ...(options.hautai && { options: options.hautai }),
  });
  const aignostics = aignosticsRoutes({
    faults: faults.of('aignostics'),
    ledger: ledger.of('aignostics'),
    now,
    storageUrl: () => `${secondUrl}${PATHS.storage}/aignostics`,
    oauthUrl: () => `${url}${PATHS.aignostics}/auth0`,
    ...(options.aignostics && { options: options.aignostics }),
  });
  const histai = histaiRoutes({
    faults: faults.of('histai'),
    ledger: ledger.of('histai'),
    now,
    storageUrl: () => `${secondUrl}${PATHS.storage}/histai`,
    ...(options.histai && { options: options.histai }),
  });

  const app = express();
  app.disable('x-powered-by');
  app.use(PATHS.ehr, ehr.router);
  app.use(`${PATHS.storage}/hautai`, hautai.storage);
  app.use(`${PATHS.storage}/aignostics`, aignostics.storage);
  app.use(`${PATHS.storage}/histai`, histai.storage);
  app.use(PATHS.storage, ehr.storage);
  app.use(PATHS.healthsage, healthsage);
  app.use(PATHS.hemato, hemato);
  app.use(PATHS.hautai, hautai.api);
  app.use(`${PATHS.aignostics}/api`, aignostics.api);
  app.use(`${PATHS.aignostics}/auth0`, aignostics.oauth);
  app.use(PATHS.histai, histai.api);
  app.use(PATHS.faults, faultRoutes(faults));
  app.use(PATHS.ledger, ledgerRoutes(ledger));
  app.get('/', (_request, response) => {
    response.json({ paths: PATHS, faults: faults.list() });
  });
  app.use(notFound);
  app.use(failed);

  const server = createServer(app).on('upgrade', ehr.upgrade);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await ehr.close();
    throw error;
  }
  const { address, port: own } = addressOf(server.address());
  url = `http://${host.includes(':') ? `[${host}]` : host}:${own}`;
  secondUrl = otherName(url, address);

  return {
    url,
    ehr,
    faults,
    ledger,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, ehr.close()]);
    },
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') {
    throw new Error('The sandbox listens on no port');
  }
  return address;
}

const notFound: RequestHandler = (_request, response) => {
  response.status(404).json({ error: 'There is nothing here', hint: `Try one of ${Object.values(PATHS).join(' ')}` });
};

const failed: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const status = typeof error?.status === 'number' ? error.status : 500;
  response.status(status).json({ error: status < 500 ? 'The request cannot be read' : 'The sandbox itself failed' });
};
