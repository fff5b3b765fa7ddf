/** Sweeps for one search: from its watermark to the end, each match offered to admission. */
import type { Resource } from '@medplum/fhirtypes';
import type { SiteConfig } from '../config/schema.ts';
import { type AdapterError, asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Cursors, News } from '../orders/types.ts';
import { changedOfRoster, mark, readRoster } from './roster.ts';
import type { SearchHabits } from './sweep-habits.ts';
import { changedAt, changedSince, isRefusal, type Oddity } from './sweep-windows.ts';

export interface CriteriaOptions {
  site: SiteConfig;
  client: FhirClient;
  cursors: Cursors;
  admit: Admit;
  log: Log;
  /** An operator's backlog from this time on: everything since then is offered, the watermark stays as it is. */
  since?: Date;
  signal?: AbortSignal;
  habits: SearchHabits;
  /** The sweep brought an order, or news of one, that changed then (milliseconds since 1970). */
  onNews?(changed: number): void;
  /** Milliseconds of a clock that only goes forward. */
  elapsed(): number;
}

export interface Wanted {
  criteria: string;
  type: string;
  routes: string[];
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
  /** The problem in words, with what to configure. */
  advice?: string;
  /** Seconds that the server asked us to stay away. */
  pause?: number;
}

/** Late commits and clocks that drift: documented cases reach two minutes. */
export const OVERLAP_MILLISECONDS = 5 * 60 * 1000;

const watermarkName = (criteria: string) => `sweep:${criteria}`;
const rosterName = (criteria: string) => `roster:${criteria}`;

/** Where the first sweep begins: the earliest start of the routes that share this search. */
async function firstStart(options: CriteriaOptions, routes: string[]): Promise<Date> {
  const starts = await Promise.all(routes.map((id) => options.cursors.get(options.site.name, `route:${id}:since`)));
  const times = starts.map((start) => Date.parse(start ?? '')).filter((time) => !Number.isNaN(time));
  return times.length > 0 ? new Date(Math.min(...times)) : options.client.serverTime();
}

/** Offers one resource to admission; false: not now, so the watermark must not pass it. */
async function offer(options: CriteriaOptions, news: News, swept: SweptCriteria): Promise<boolean> {
  try {
    const { orders, told } = await options.admit(news);
    swept.orders += orders;
    swept.told += told;
    if (orders + told > 0 && news.resource && !options.since) {
      options.onNews?.(changedAt(news.resource));
    }
    return true;
  } catch (thrown) {
    const error = asAdapterError(thrown);
    options.log.warn({ site: news.site, resourceType: news.type, code: error.code }, 'swept resource not admitted');
    return error.kind === 'permanent' && error.remedy !== 'hold';
  }
}

/** What a refused search means, in words, with what an administrator can do. */
function adviceOf(error: AdapterError, type: string, roster: boolean): string {
  const status = error.status === undefined ? '' : ` (${error.status})`;
  return roster
    ? `The FHIR server refuses the searches of the roster for ${type}${status}: check subscriptions.roster and the scopes system/Patient.rs and system/${type}.rs`
    : `The FHIR server refuses to search ${type} over all patients${status}: grant system/${type}.rs, or set subscriptions.roster if it searches for one patient at a time only`;
}

/** The patients of the roster, and which of them were looked at before. */
async function rosterOf(options: CriteriaOptions, criteria: string) {
  const { site, client, cursors, signal } = options;
  const { roster } = site.subscriptions;
  if (!roster) {
    return undefined;
  }
  const patients = await readRoster(client, roster, signal);
  const marks = new Set(((await cursors.get(site.name, rosterName(criteria))) ?? '').split(' '));
  return { by: roster.by, patients, isKnown: (patient: string) => marks.has(mark(patient)) };
}

/** One search of one site, read to its end where the server lets us. Never throws; what went wrong stands in the result. */
export async function sweepCriteria(
  options: CriteriaOptions,
  { criteria, type, routes }: Wanted,
  seen: Set<string>,
): Promise<SweptCriteria> {
  const { site, client, cursors, log, since, signal, habits } = options;
  const swept: SweptCriteria = { criteria, seen: 0, orders: 0, told: 0 };
  const oddities = new Set<Oddity>();
  let pages = 0;
  try {
    const began = options.elapsed();
    const stored = await cursors.get(site.name, watermarkName(criteria));
    const first = async () => since ?? (await firstStart(options, routes));
    const start = stored === undefined ? await first() : new Date(stored);
    const from = since ?? new Date(start.getTime() - (stored === undefined ? 0 : OVERLAP_MILLISECONDS));
    let complete = true;

    const save = async (reached: number): Promise<string> => {
      // Whatever changed while we read may stand on a page that we had passed, or on a patient who was done.
      const whole = Math.floor((options.elapsed() - began) / 1000) * 1000;
      const watermark = new Date(Math.max(reached - whole, start.getTime())).toISOString();
      await cursors.set(site.name, watermarkName(criteria), watermark);
      return watermark;
    };
    const common = {
      ...{ client, criteria, type, from, habits },
      ...(signal && { signal }),
      onOddity: (what: Oddity) => void oddities.add(what),
      onPage: () => {
        pages += 1;
      },
    };
    const roster = await rosterOf(options, criteria);
    const refused = new Set<string>();
    const beginning = roster?.patients.every(roster.isKnown) === false ? await first() : from;
    const changes: AsyncGenerator<Resource & { id: string }> = roster
      ? changedOfRoster({
          ...common,
          ...roster,
          sinceFor: (patient) => (since || roster.isKnown(patient) ? from : new Date(Math.min(+beginning, +from))),
          onRefused: (patient) => void refused.add(patient),
        })
      : changedSince({
          ...common,
          // A long backlog need not be read again from its beginning when a later page fails.
          onWindow: async (until) => void (complete && !since && (await save(until))),
        });

    let highest = Number.NEGATIVE_INFINITY;
    const earliest = Math.min(+beginning, +from) - 1000;
    for await (const resource of changes) {
      const changed = changedAt(resource);
      swept.seen += 1;
      // A server that ignores `_lastUpdated` shows all it has; what is older was offered before, or is backlog.
      if (changed >= earliest || Number.isNaN(changed)) {
        const { id } = resource;
        seen.add(`${type}/${id}`);
        const news: News = { site: site.name, type, id, resource, source: since ? 'operator' : 'sweep' };
        complete = (await offer(options, { ...news, ...(since && { backlog: true }) }, swept)) && complete;
        highest = Math.max(highest, Number.isNaN(changed) ? highest : changed);
      }
      signal?.throwIfAborted();
    }
    if (refused.size > 0) {
      log.warn({ site: site.name, resourceType: type, count: refused.size }, 'patients of the roster were refused');
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
    if (roster) {
      const marks = roster.patients.filter((patient) => !refused.has(patient)).map(mark);
      await cursors.set(site.name, rosterName(criteria), [...new Set(marks)].sort().join(' '));
    }
    return { ...swept, watermark: await save(highest) };
  } catch (thrown) {
    const error = asAdapterError(thrown);
    const code = signal?.aborted ? 'shutting-down' : error.code;
    log.warn({ site: site.name, resourceType: type, code }, 'sweep not finished');
    return {
      ...swept,
      problem: code,
      ...(pages === 0 &&
        isRefusal(thrown) && { advice: adviceOf(error, type, site.subscriptions.roster !== undefined) }),
      ...(error.retryAfter !== undefined && { pause: error.retryAfter }),
    };
  } finally {
    warnOnce(options, type, criteria, oddities);
  }
}

/** Loud, but not at every sweep. */
function warnOnce({ log, site, habits }: CriteriaOptions, type: string, criteria: string, oddities: Set<Oddity>): void {
  for (const status of oddities) {
    const about = `${criteria} ${status}`;
    if (!habits.warned.has(about)) {
      habits.warned.add(about);
      log.warn({ site: site.name, resourceType: type, status }, 'the server does not do as the sweep asks');
    }
  }
}
