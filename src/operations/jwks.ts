import { Router } from 'express';
import type { SiteConfig } from '../config.ts';
import { loadSigningKey } from '../fhir/auth/signing-key.ts';
import { onlyMethods } from './problem.ts';

/** `/sites/{site}/.well-known/jwks.json`: the public part of the key we sign our token requests with (SMART Backend Services). */
export function jwksRouter(sites: readonly SiteConfig[]): Router {
  const router = Router();
  router.get('/sites/:site/.well-known/jwks.json', async (request, response) => {
    const site = sites.find(({ name }) => name === request.params.site);
    if (!site) {
      response.status(404).json({ error: 'There is no such site' });
      return;
    }
    const { auth } = site.fhir;
    const keys = auth.type === 'smart-backend' ? [(await loadSigningKey(auth)).publicJwk] : [];
    response.set('Cache-Control', 'public, max-age=300').json({ keys });
  });
  router.all('/sites/:site/.well-known/jwks.json', onlyMethods('GET'));
  return router;
}
