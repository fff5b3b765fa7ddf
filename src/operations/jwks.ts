/** The public halves of the keys that we sign our token requests with (SMART Backend Services). */
import { Router } from 'express';
import type { SiteConfig } from '../config.ts';
import { loadSigningKeys } from '../fhir/auth/signing-key.ts';
import type { Log } from '../log.ts';
import { onlyMethods, sendProblem } from './problem.ts';

const PATH = '/sites/:site/.well-known/jwks.json';

/**
 * `/sites/{site}/.well-known/jwks.json`. While keys are changed both are in it, for as long as somebody may still check
 * with the old one or has to know the new one beforehand; servers may keep our answer for five minutes.
 */
export function jwksRouter(sites: readonly SiteConfig[], log?: Log): Router {
  const router = Router();
  /** What was last wrong, by site: it is told once and not at every look. */
  const told = new Map<string, string>();

  router.get(PATH, async (request, response) => {
    const site = sites.find(({ name }) => name === request.params.site);
    if (!site) {
      return sendProblem(response, 404, 'not-found', 'There is no such site.');
    }
    const { auth } = site.fhir;
    const { keys, problems } = auth.type === 'smart-backend' ? await loadSigningKeys(auth) : { keys: [], problems: [] };
    const wrong = problems.map(({ message }) => message).join('; ');
    if (wrong !== (told.get(site.name) ?? '')) {
      told.set(site.name, wrong);
      for (const { code, message } of problems) {
        log?.warn({ site: site.name, code }, message);
      }
    }
    if (problems.length > 0 && keys.length === 0) {
      response.set({ 'Cache-Control': 'no-store', 'Retry-After': '60' });
      return sendProblem(response, 503, 'not-available', 'The keys of this site cannot be read at present.');
    }
    response.set('Cache-Control', 'public, max-age=300').json({ keys: keys.map(({ publicJwk }) => publicJwk) });
  });
  router.all(PATH, onlyMethods('GET'));
  return router;
}
