/**
 * Looks for orders that no notification told us of. The watermark is the highest `meta.lastUpdated` seen in fully read
 * runs: from the server's data, never our clock, with an overlap for what was committed late.
 */
import type { SiteConfig } from '../config/schema.ts';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Cursors, News } from '../orders/types.ts';
import { rereadOpen } from './reread-open.ts';
import { wantedCriteria } from './routed-types.ts';
import { changedAt, changedSince, withWords } from './sweep-windows.ts';

export interface SweepOptions {
  site: SiteConfig;
  client: FhirClient;
  cursors: Cursors;
  admit: Admit;
  log: Log;
  /** An operator's backlog from this time on: everything since then is offered, the watermark stays as it is. */
  since?: Date;
  /** Only counts what `since` would bring. */
  dryRun?: boolean;
  /** The orders that are open, each read again: a delete is invisible to a search. */
  openOrders?(site: string): Promise<{ type: string; id: string }[]>;
  signal?: AbortSignal;
}

export interface SweptCriteria {
  criteria: string;
  seen: number;
  orders: number;
  told: number;
  /** What stands as watermark afterwards. */
  watermark?: string;
  /** An error's code: this search was not read to its end, its watermark did not move. */
  problem?: string;
}

export interface SweepResult {
  site: string;
  swept: SweptCriteria[];
  /** With `dryRun`: how many resources each route's `on` matches now, where the server can say. */
  counts: { route: string; vendor: string; count: number | undefined }[];
  /** Open orders' resources that were read again. */
  reread: number;
}

/** Late commits and clocks that drift: documented cases reach two minutes. */
const OVERLAP_MILLISECONDS = 5 * 60 * 1000;

const watermarkName = (criteria: string) => `sweep:${criteria}`;

/** Where the first sweep begins: the earliest start of the routes that share this search. */
async function firstStart(options: SweepOptions, routes: string[]): Promise<Date> {
  const starts = await Promise.all(routes.map((id) => options.cursors.get(options.site.name, `route:${id}:since`)));
  const times = starts.map((start) => Date.parse(start ?? '')).filter((time) => !Number.isNaN(time));
  return times.length > 0 ? new Date(Math.min(...times)) : options.client.serverTime();
}

/** Offers one resource to admission; false: not now, so the watermark must not pass it. */
async function offer(options: SweepOptions, news: News, swept: SweptCriteria): Promise<boolean> {
  try {
    const { orders, told } = await options.admit(news);
    swept.orders += orders;
    swept.told += told;
    return true;
  } catch (thrown) {
    const error = asAdapterError(thrown);
    options.log.warn({ site: news.site, resourceType: news.type, code: error.code }, 'swept resource not admitted');
    return error.kind === 'permanent' && error.remedy !== 'hold';
  }
}

async function sweepCriteria(
  options: SweepOptions,
  { criteria, type, routes }: { criteria: string; type: string; routes: string[] },
  seen: Set<string>,
): Promise<SweptCriteria> {
  const { site, client, cursors, log, since, signal } = options;
  const swept: SweptCriteria = { criteria, seen: 0, orders: 0, told: 0 };
  try {
    const stored = await cursors.get(site.name, watermarkName(criteria));
    const start = stored === undefined ? await firstStart(options, routes) : new Date(stored);
    const from = since ?? new Date(start.getTime() - (stored === undefined ? 0 : OVERLAP_MILLISECONDS));
    const oddities = new Set<string>();
    const onOddity = (what: string) => void oddities.add(what);
    const source = since ? 'operator' : 'sweep';
    let highest = Number.NEGATIVE_INFINITY;
    let complete = true;
    for await (const resource of changedSince({ client, criteria, type, from, onOddity, ...(signal && { signal }) })) {
      const { id } = resource;
      swept.seen += 1;
      seen.add(`${type}/${id}`);
      const news: News = { site: site.name, type, id, resource, source, ...(since && { backlog: true }) };
      complete = (await offer(options, news, swept)) && complete;
      const changed = changedAt(resource);
      highest = Math.max(highest, Number.isNaN(changed) ? highest : changed);
      signal?.throwIfAborted();
    }
    for (const status of oddities) {
      log.warn({ site: site.name, resourceType: type, status }, 'the server does not do as the sweep asks');
    }
    if (since) {
      return swept;
    }
    if (!complete) {
      return { ...swept, problem: 'not-admitted', ...(stored !== undefined && { watermark: stored }) };
    }
    if (highest === Number.NEGATIVE_INFINITY) {
      highest = (await client.serverTime()).getTime() - OVERLAP_MILLISECONDS;
    }
    const watermark = new Date(Math.max(highest, start.getTime())).toISOString();
    await cursors.set(site.name, watermarkName(criteria), watermark);
    return { ...swept, watermark };
  } catch (thrown) {
    const code = signal?.aborted ? 'shutting-down' : asAdapterError(thrown).code;
    log.warn({ site: site.name, resourceType: type, code }, 'sweep not finished');
    return { ...swept, problem: code };
  }
}

/** How many resources a route's whole search matches since then; undefined where the server cannot say. */
async function count(client: FhirClient, on: string, since: Date): Promise<number | undefined> {
  try {
    const words = `_lastUpdated=ge${since.toISOString()}&_summary=count`;
    return (await client.search(withWords(on, words))).total;
  } catch {
    return undefined;
  }
}

/** One sweep of one site. Never throws: what went wrong stands in the result, and the next sweep repairs it. */
export async function sweepSite(options: SweepOptions): Promise<SweepResult> {
  const { site, client, since } = options;
  const result: SweepResult = { site: site.name, swept: [], counts: [], reread: 0 };
  if (options.dryRun) {
    const from = since ?? new Date(0);
    for (const { id: route, on, vendor } of site.routes) {
      result.counts.push({ route, vendor, count: await count(client, on, from) });
    }
    return result;
  }
  const seen = new Set<string>();
  for (const wanted of wantedCriteria(site)) {
    result.swept.push(await sweepCriteria(options, wanted, seen));
  }
  if (!since) {
    result.reread = await rereadOpen(options, seen);
  }
  return result;
}
