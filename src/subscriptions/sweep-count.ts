/** How much a sweep since a time would bring, as the server counts it. */

import { checkCriteria } from '../config/criteria.ts';
import type { SiteConfig } from '../config/schema.ts';
import type { FhirClient } from '../fhir/types.ts';
import { groupsFor, type Roster, readRoster, searchFor } from './roster.ts';
import { newHabits } from './sweep-habits.ts';
import { withWords } from './sweep-windows.ts';

export interface RouteCount {
  route: string;
  vendor: string;
  /** undefined: the server cannot say. */
  count: number | undefined;
}

async function countOnce(client: FhirClient, search: string, since: Date): Promise<number | undefined> {
  return (await client.search(withWords(search, `_lastUpdated=ge${since.toISOString()}&_summary=count`))).total;
}

/** The sum over all patients of the roster; undefined as soon as one group cannot be counted. */
async function countRoster(
  client: FhirClient,
  on: string,
  since: Date,
  patients: string[],
  by: Roster['by'],
): Promise<number | undefined> {
  const { type } = checkCriteria(on);
  let sum = 0;
  for (const group of groupsFor(patients, type, by, newHabits())) {
    const count = await countOnce(client, searchFor(on, type, group, by), since);
    if (count === undefined) {
      return undefined;
    }
    sum += count;
  }
  return sum;
}

/** How many resources each route's whole search matches now that changed since then. Never throws. */
export async function countSince(site: SiteConfig, client: FhirClient, since: Date): Promise<RouteCount[]> {
  const { roster } = site.subscriptions;
  const patients = roster && (await readRoster(client, roster).catch(() => undefined));
  const counts: RouteCount[] = [];
  for (const { id: route, on, vendor } of site.routes) {
    const counting =
      roster === undefined
        ? countOnce(client, on, since)
        : patients
          ? countRoster(client, on, since, patients, roster.by)
          : Promise.resolve(undefined);
    counts.push({ route, vendor, count: await counting.catch(() => undefined) });
  }
  return counts;
}
