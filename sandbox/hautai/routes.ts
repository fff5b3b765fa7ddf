/** The Haut.AI simulator over HTTP: the API, and a storage host of its own where pictures go and masks come from. */
import express, { type RequestHandler, type Router } from 'express';
import type { VendorFaults } from '../faults.ts';
import type { VendorLedger } from '../ledger.ts';
import { admit } from './admit.ts';
import { addAuthRoutes } from './auth-routes.ts';
import { addBatchRoutes } from './batch-routes.ts';
import { addDatasetRoutes } from './dataset-routes.ts';
import { forbidden, oneError, refuse } from './errors.ts';
import { HAUTAI_FAULTS } from './faults.ts';
import { type HautaiOptions, withDefaults } from './options.ts';
import { addResultRoutes } from './result-routes.ts';
import { createSigner } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import { storageRoutes } from './storage.ts';
import { addSubjectRoutes } from './subject-routes.ts';
import { createTokens } from './tokens.ts';
import { createWorld } from './world.ts';

export interface HautaiParts {
  faults: VendorFaults;
  ledger: VendorLedger;
  now: () => Date;
  options?: HautaiOptions;
  /** Where the storage's router is reached, without a slash at the end; should be another origin than the API's. */
  storageUrl: () => string;
  /** Has something done after some milliseconds; default: real time, which keeps no process alive. */
  later?: (run: () => void, milliseconds: number) => void;
}

const inRealTime = (run: () => void, milliseconds: number) => void setTimeout(run, milliseconds).unref();

/** The two routers of one simulator, with a memory of its own: nothing is kept when it goes. */
export function hautaiRoutes(parts: HautaiParts): { api: Router; storage: Router } {
  const { faults, ledger, now, storageUrl, later = inRealTime } = parts;
  const options = withDefaults(parts.options ?? {});
  faults.describe([...HAUTAI_FAULTS]);
  const simulator: Simulator = {
    options,
    world: createWorld(options.datasetId),
    tokens: createTokens(options, now),
    signer: createSigner(storageUrl, now),
    ledger,
    now,
    take: (name) => faults.take(name),
    lasts: (name) => faults.level(name) > 0,
    later,
  };

  const api = express.Router({ strict: true, caseSensitive: true });
  api.use(admit(simulator));
  api.all(/^\/api\/v[13]\/companies\/([^/]+)\//, isolateCompanies(options.companyId));
  addAuthRoutes(api, simulator);
  addDatasetRoutes(api, simulator);
  addSubjectRoutes(api, simulator);
  addBatchRoutes(api, simulator);
  addResultRoutes(api, simulator);
  // `admit` has turned away every path that there is not.
  api.use(((request, response) => {
    refuse(response, 405, oneError('method_not_allowed', `Method "${request.method}" not allowed.`));
  }) satisfies RequestHandler);
  return { api, storage: storageRoutes(simulator) };
}

/** What belongs to another company is not even looked for. */
function isolateCompanies(companyId: string): RequestHandler {
  return (request, response, next) => (request.params[0] === companyId ? next() : forbidden(response));
}
