/** Which orders a piece of news makes, and which it is news of. */
import { checkCriteria, matchesCriteria } from '../config/criteria.ts';
import type { RouteConfig } from '../config.ts';
import type { Clock } from './clock.ts';
import type { Order } from './order.ts';
import type { SiteRuntime } from './site.ts';
import { admitOrder, latestGeneration } from './store/admit-order.ts';
import type { Database } from './store/database.ts';
import { tellOrder } from './store/tell-order.ts';
import type { Admit, Cursors, News } from './types.ts';

interface Services {
  database: Database;
  sites: Map<string, SiteRuntime>;
  cursors: Cursors;
  clock: Clock;
}

/** The cursor that remembers the server's time of a route's first start. */
export function routeStart(route: string): string {
  return `route:${route}:since`;
}

/**
 * Takes news of a resource. Each route that matches makes one order of it, keyed `{site}/{type}/{id}/{route}`; where that
 * order exists, the news is put beside it instead. Repeats change nothing.
 */
export function openAdmission(services: Services): Admit {
  return async (news) => {
    const site = services.sites.get(news.site);
    const admitted = { orders: 0, told: 0 };
    for (const route of site?.config.routes ?? []) {
      if (site && checkCriteria(route.on).type === news.type) {
        const effect = await admitToRoute(services, site, route, news);
        admitted.orders += effect === 'order' ? 1 : 0;
        admitted.told += effect === 'told' ? 1 : 0;
      }
    }
    return admitted;
  };
}

async function admitToRoute(
  services: Services,
  site: SiteRuntime,
  route: RouteConfig,
  news: News,
): Promise<'order' | 'told' | undefined> {
  const { database, clock } = services;
  const baseKey = `${site.name}/${news.type}/${news.id}/${route.id}`;
  const existing = await latestGeneration(database, baseKey);
  const { resource } = news;
  const version = resource?.meta?.versionId ?? null;
  if (existing) {
    if (!news.gone && !isNewer(existing, version, resource?.meta?.lastUpdated ?? null)) {
      return undefined;
    }
    await tellOrder(
      database,
      existing.id,
      { source: news.source, ...(version && { version }), ...(news.gone && { gone: true }) },
      clock.now(),
    );
    return 'told';
  }
  if (news.gone || !resource || !(await matches(site, route.on, news))) {
    return undefined;
  }
  if (!news.backlog && (await beganEarlier(services, site, route, resource.meta?.lastUpdated))) {
    return undefined;
  }
  const isNew = await admitOrder(
    database,
    {
      baseKey,
      generation: 1,
      site: site.name,
      route: route.id,
      vendor: route.vendor,
      resourceType: news.type,
      resourceId: news.id,
      seenVersion: version,
      seenUpdated: resource.meta?.lastUpdated ?? null,
      events: [{ event: 'admitted', detail: { source: news.source, version, route: route.id } }],
    },
    clock.now(),
  );
  return isNew ? 'order' : undefined;
}

async function matches(site: SiteRuntime, on: string, news: News): Promise<boolean> {
  const { type, askServer } = checkCriteria(on);
  // What the words that can be evaluated here rule out need not be asked of the server.
  if (news.resource === undefined || !matchesCriteria(news.resource, on)) {
    return false;
  }
  if (!askServer) {
    return true;
  }
  const words = on.slice(on.indexOf('?') + 1);
  const found = await site.client.search(`${type}?_id=${encodeURIComponent(news.id)}&${words}`);
  return (found.entry ?? []).some((entry) => entry.resource?.id === news.id);
}

/** What was last touched before the route's first start is backlog: only an operator brings it. */
async function beganEarlier(
  services: Services,
  site: SiteRuntime,
  route: RouteConfig,
  lastUpdated: string | undefined,
): Promise<boolean> {
  const since = await services.cursors.get(site.name, routeStart(route.id));
  return since !== undefined && lastUpdated !== undefined && Date.parse(lastUpdated) < Date.parse(since);
}

/** An older version after a newer one changes nothing; numbers are compared as numbers, else the times decide. */
function isNewer(seen: Order, version: string | null, updated: string | null): boolean {
  if (version !== null && version === seen.seenVersion) {
    return false;
  }
  if (version !== null && seen.seenVersion !== null && /^\d+$/.test(version) && /^\d+$/.test(seen.seenVersion)) {
    return Number(version) > Number(seen.seenVersion);
  }
  if (updated !== null && seen.seenUpdated !== null) {
    return Date.parse(updated) >= Date.parse(seen.seenUpdated);
  }
  return true;
}
