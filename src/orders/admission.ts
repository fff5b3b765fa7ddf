/** Which orders a piece of news makes, and which it is news of. */
import { checkCriteria, matchesCriteria } from '../config/criteria.ts';
import type { RouteConfig } from '../config.ts';
import { isOwn } from '../fhir/task-for-us.ts';
import type { Clock } from './clock.ts';
import { ordersNamedBy } from './named-orders.ts';
import type { SiteRuntime } from './site.ts';
import { admitOrder, latestGeneration } from './store/admit-order.ts';
import type { Database } from './store/database.ts';
import { tellOrder, tellOrdersOf, tellUsers } from './store/tell-order.ts';
import { takeTask } from './task-news.ts';
import type { Admit, Admitted, Cursors, News } from './types.ts';
import { mayBeNewer } from './versions.ts';

export interface AdmissionServices {
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
 * order exists, the news is put beside it instead, and so it is where an order is done with the resource. What we wrote
 * ourselves makes no order. Repeats change nothing.
 */
export function openAdmission(services: AdmissionServices): Admit {
  return async (news) => {
    const site = services.sites.get(news.site);
    if (!site) {
      return { orders: 0, told: 0 };
    }
    const { resource } = news;
    const own = resource !== undefined && isOwn(resource);
    const admitted = own && news.type !== 'Task' ? { orders: 0, told: 0 } : await admitToRoutes(services, site, news);
    const task = news.type === 'Task' ? await takeTask(services, site, news, admitToRoutes) : { orders: 0, told: 0 };
    return {
      orders: admitted.orders + task.orders,
      told: admitted.told + task.told + (own ? 0 : await tellThoseItConcerns(services, site, news)),
    };
  };
}

/** Orders that are done with this resource, and orders that it says it belongs to. */
async function tellThoseItConcerns(services: AdmissionServices, site: SiteRuntime, news: News): Promise<number> {
  const { database, clock } = services;
  const now = clock.now();
  const about = { source: news.source };
  const reference = `${news.type}/${news.id}`;
  let told = await tellUsers(database, { site: site.name, reference, news: about }, now);
  for (const { type, id } of ordersNamedBy(site.client.baseUrl, news.resource)) {
    told += await tellOrdersOf(database, { site: site.name, type, id, news: about }, now);
  }
  return told;
}

/** What a Task brings beside the news of the order that it is about. */
export interface ByTask {
  /** The EHR's Task for us. */
  task: string;
  /** When the server last changed it: a new Task orders what may be older than the route. */
  updated: string | undefined;
}

/** Offers news to every route of its type. */
async function admitToRoutes(
  services: AdmissionServices,
  site: SiteRuntime,
  news: News,
  by?: ByTask,
): Promise<Admitted> {
  const admitted = { orders: 0, told: 0 };
  for (const route of site.config.routes) {
    if (checkCriteria(route.on).type === news.type) {
      const effect = await admitToRoute(services, site, route, news, by);
      admitted.orders += effect === 'order' ? 1 : 0;
      admitted.told += effect === 'told' ? 1 : 0;
    }
  }
  return admitted;
}

async function admitToRoute(
  services: AdmissionServices,
  site: SiteRuntime,
  route: RouteConfig,
  news: News,
  by?: ByTask,
): Promise<'order' | 'told' | undefined> {
  const { database, clock } = services;
  const baseKey = `${site.name}/${news.type}/${news.id}/${route.id}`;
  const existing = await latestGeneration(database, baseKey);
  const { resource } = news;
  const version = resource?.meta?.versionId ?? null;
  if (existing) {
    const seen = { version: existing.seenVersion, updated: existing.seenUpdated };
    const isNews = news.gone || mayBeNewer(seen, { version, updated: resource?.meta?.lastUpdated ?? null });
    const isClaimed = by === undefined || by.task === existing.taskId || by.task === existing.ehrTask;
    // A Task that we write on is newer each time: our own writing is no news.
    const isEcho = news.type === 'Task' && existing.taskId === news.id && version === existing.taskVersion;
    if ((!isNews && isClaimed) || isEcho) {
      return undefined;
    }
    const said = { ...(version && isNews && { version }), ...(news.gone && { gone: true }) };
    const claim = isClaimed ? {} : { ehrTask: by?.task };
    await tellOrder(database, existing.id, { source: news.source, ...said, ...claim }, clock.now());
    return 'told';
  }
  if (news.gone || !resource || !(await matches(site, route.on, news))) {
    return undefined;
  }
  if (!news.backlog && (await beganEarlier(services, site, route, by?.updated ?? resource.meta?.lastUpdated))) {
    return undefined;
  }
  const ehrTask = by?.task ?? (news.type === 'Task' ? news.id : undefined);
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
      ehrTask,
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
  services: AdmissionServices,
  site: SiteRuntime,
  route: RouteConfig,
  lastUpdated: string | undefined,
): Promise<boolean> {
  const since = await services.cursors.get(site.name, routeStart(route.id));
  return since !== undefined && lastUpdated !== undefined && Date.parse(lastUpdated) < Date.parse(since);
}
