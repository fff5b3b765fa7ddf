/** Which resource types a site's routes order from, and the searches that we subscribe to and sweep for. */
import type { Resource } from '@medplum/fhirtypes';
import { checkCriteria } from '../config/criteria.ts';
import type { SiteConfig } from '../config/schema.ts';

type Routed = Pick<SiteConfig, 'routes'>;

/** The types of all routes' `on`; news of any other type is nobody's. */
export function routedTypes(site: Routed): Set<string> {
  return new Set(site.routes.map((route) => checkCriteria(route.on).type));
}

/** A type of which orders are made; it narrows a text from outside to a resource type. */
export function isOrderType(type: string): type is Resource['resourceType'] {
  return type === 'DocumentReference' || type === 'ServiceRequest' || type === 'Task';
}

/**
 * The routes' searches without their status parameters, each once, with the routes that share it: so that news of a
 * revoked or corrected order reaches us too.
 */
export function wantedCriteria(site: Routed): { criteria: string; type: string; routes: string[] }[] {
  const wanted = new Map<string, { criteria: string; type: string; routes: string[] }>();
  for (const route of site.routes) {
    const { statusFree, type } = checkCriteria(route.on);
    const entry = wanted.get(statusFree) ?? { criteria: statusFree, type, routes: [] };
    wanted.set(statusFree, { ...entry, routes: [...entry.routes, route.id] });
  }
  return [...wanted.values()];
}
