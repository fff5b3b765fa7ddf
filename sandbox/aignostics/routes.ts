/** The Aignostics simulator over HTTP: the API, the identity provider, and a storage host of its own. */
import express, { type RequestHandler, type Router } from 'express';
import type { VendorFaults } from '../faults.ts';
import type { VendorLedger } from '../ledger.ts';
import { addAccessRoutes } from './access-routes.ts';
import { admit } from './admit.ts';
import { refuse } from './answers.ts';
import { addApplicationRoutes } from './application-routes.ts';
import { createApplications } from './applications.ts';
import { addArtifactRoutes } from './artifact-routes.ts';
import { createDownloads } from './downloads.ts';
import { AIGNOSTICS_FAULTS } from './faults.ts';
import { addItemRoutes } from './item-routes.ts';
import { me } from './me.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { type AignosticsOptions, withDefaults } from './options.ts';
import { addRunRoutes } from './run-routes.ts';
import { createSigner } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import { storageRoutes } from './storage.ts';
import { createTokens } from './tokens.ts';
import { createWorld } from './world.ts';

export interface AignosticsParts {
  faults: VendorFaults;
  ledger: VendorLedger;
  now: () => Date;
  options?: AignosticsOptions;
  /** Where the storage's router is reached, without a slash at the end; should be another origin than the API's. */
  storageUrl: () => string;
  /** Where the identity provider's router is reached, without a slash at the end. */
  oauthUrl: () => string;
}

/** The three routers of one simulator, with a memory of its own: nothing is kept when it goes. The API's paths begin `/v1`. */
export function aignosticsRoutes(parts: AignosticsParts): { api: Router; oauth: Router; storage: Router } {
  const { faults, ledger, now, storageUrl, oauthUrl } = parts;
  const options = withDefaults(parts.options ?? {});
  faults.describe([...AIGNOSTICS_FAULTS]);
  const simulator: Simulator = {
    options,
    applications: createApplications(options),
    world: createWorld(),
    tokens: createTokens(options, now),
    downloads: createDownloads({ ledger, now }),
    signer: createSigner(storageUrl, now),
    ledger,
    now,
    oauthUrl,
    take: (name) => faults.take(name),
    lasts: (name) => faults.level(name) > 0,
  };

  const api = express.Router({ strict: true, caseSensitive: true });
  api.use(admit(simulator));
  api.get('/v1/me', me);
  addApplicationRoutes(api, simulator);
  addRunRoutes(api, simulator);
  addItemRoutes(api, simulator);
  addArtifactRoutes(api, simulator);
  if (options.spec !== '1.4') {
    addAccessRoutes(api, simulator);
  }
  // `admit` has turned away every path that there is not.
  api.use(((_request, response) => refuse(response, 405, 'Method Not Allowed')) satisfies RequestHandler);
  return { api, oauth: oauthRoutes(simulator), storage: storageRoutes(simulator) };
}
