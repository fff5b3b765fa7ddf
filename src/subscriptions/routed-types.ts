/** Which resource types a site's routes order from, and the searches that we subscribe to and sweep for. */
import { checkCriteria } from '../config/criteria.ts';
import type { SiteConfig } from '../config/schema.ts';
import type { OrderType } from '../config/search-parameters.ts';

/** A type of which orders are made; it narrows a text from outside to a resource type. */
export { isOrderType } from '../config/search-parameters.ts';

type Routed = Pick<SiteConfig, 'routes'> & { fhir?: Pick<SiteConfig['fhir'], 'owners'> };

/** The types of all routes' `on`, and Task where the EHR may make Tasks for us; news of any other type is nobody's. */
export function routedTypes(site: Routed): Set<string> {
  return new Set(wantedCriteria(site).map(({ type }) => type));
}

/** What orders by ServiceRequest or Task are done with: it names the order that it belongs to, or the order names it. */
const INPUT_TYPES: readonly OrderType[] = ['DocumentReference', 'Media'];

/**
 * The types whose news is heard where it comes: those that are ordered by, and what such orders are done with. Nobody is
 * asked for news of the latter alone; what an administrator's own Subscription tells of a picture is not thrown away.
 */
export function heardTypes(site: Routed): Set<string> {
  const types = routedTypes(site);
  return types.has('ServiceRequest') || types.has('Task') ? new Set([...types, ...INPUT_TYPES]) : types;
}

/**
 * The routes' searches without their status parameters, each once, with the routes that share it: so that news of a
 * revoked or corrected order reaches us too. Beside them, where the site says who we are, the Tasks that are for us.
 */
export function wantedCriteria(site: Routed): { criteria: string; type: string; routes: string[] }[] {
  const wanted = new Map<string, { criteria: string; type: string; routes: string[] }>();
  for (const route of site.routes) {
    const { statusFree, type } = checkCriteria(route.on);
    const entry = wanted.get(statusFree) ?? { criteria: statusFree, type, routes: [] };
    wanted.set(statusFree, { ...entry, routes: [...entry.routes, route.id] });
  }
  const owners = site.fhir?.owners ?? [];
  if (owners.length > 0) {
    // Whatever its status: a Task that is cancelled in the EHR stops its order.
    const criteria = `Task?owner=${owners.join(',')}`;
    wanted.set(criteria, { criteria, type: 'Task', routes: site.routes.map(({ id }) => id) });
  }
  return [...wanted.values()];
}
