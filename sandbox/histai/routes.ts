/** The HistAI Pathology Datahub's simulator over HTTP: the API, and a storage host of its own where files come from. */
import express, { type RequestHandler, type Router } from 'express';
import type { VendorFaults } from '../faults.ts';
import type { VendorLedger } from '../ledger.ts';
import { admit } from './admit.ts';
import { createAnswers } from './answers.ts';
import { addBillingRoutes } from './billing-routes.ts';
import { addCaseRoutes } from './case-routes.ts';
import { createCases } from './cases.ts';
import { addCohortRoutes } from './cohort-routes.ts';
import { addExportRoutes } from './export-routes.ts';
import { HISTAI_FAULTS, type HistaiFault } from './faults.ts';
import { type HistaiOptions, withDefaults } from './options.ts';
import { createSigner } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import { storageRoutes } from './storage.ts';
import { createWorld } from './world.ts';

export interface HistaiParts {
  faults: VendorFaults;
  ledger: VendorLedger;
  now: () => Date;
  options?: HistaiOptions;
  /** Where the storage's router is reached, without a slash at the end; should be another origin than the API's. */
  storageUrl: () => string;
}

/** The two routers of one simulator, with a memory of its own: nothing is kept when it goes. The API's paths begin `/v1`. */
export function histaiRoutes(parts: HistaiParts): { api: Router; storage: Router } {
  const { faults, ledger, now, storageUrl } = parts;
  const options = withDefaults(parts.options ?? {});
  faults.describe([...HISTAI_FAULTS]);
  const take = (name: HistaiFault) => faults.take(name);
  const simulator: Simulator = {
    options,
    cases: createCases(options.bytesPerSlide),
    world: createWorld(options, now),
    answers: createAnswers(options, take),
    signer: createSigner(storageUrl, now),
    ledger,
    now,
    take,
    lasts: (name) => faults.level(name) > 0,
  };

  const api = express.Router({ strict: true, caseSensitive: true });
  api.use(admit(simulator));
  addCaseRoutes(api, simulator);
  addCohortRoutes(api, simulator);
  addExportRoutes(api, simulator);
  addBillingRoutes(api, simulator);
  // A documented path by another method: the vendor's table of errors has nothing else for it.
  api.use(((_request, response) => simulator.answers.refuse(response, 'NOT_FOUND')) satisfies RequestHandler);
  return { api, storage: storageRoutes(simulator) };
}
