/** Looks up what stands in the EHR by identifier or id, in as few requests as a URL's length allows. */
import type { Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { identifiersOf, searchToken } from './identifiers.ts';
import type { FhirClient } from './types.ts';

/** Longest search we send: proxies and servers cut at 2000 to 8000 characters. */
const LONGEST = 1800;
/** Bounds a server whose pages never end. */
const MOST_PAGES = 100;

/** Words joined by commas, as many to a query as fit. */
function chunked(words: string[], space: number): string[][] {
  const chunks: string[][] = [];
  let length = 0;
  for (const word of words) {
    const last = chunks.at(-1);
    if (last === undefined || length + word.length + 1 > space) {
      chunks.push([word]);
      length = word.length;
    } else {
      last.push(word);
      length += word.length + 1;
    }
  }
  return chunks;
}

/** All matches of `Type?parameter=word,word…`, whole and of that type: no included resources, no outcomes. */
export async function searchAll(
  client: FhirClient,
  type: string,
  parameter: string,
  words: string[],
  more = '',
): Promise<Resource[]> {
  const found = new Map<string, Resource>();
  for (const chunk of chunked([...new Set(words)], LONGEST - type.length - parameter.length - more.length)) {
    let pages = 0;
    for await (const page of client.pages(`${type}?${parameter}=${chunk.join(',')}${more}&_count=100`)) {
      for (const { resource } of page.entry ?? []) {
        if (resource?.resourceType === type && resource.id !== undefined) {
          found.set(resource.id, resource);
        }
      }
      pages += 1;
      if (pages >= MOST_PAGES) {
        throw new AdapterError('ehr-protocol', 'The FHIR server gives more pages of a search than can be right');
      }
    }
  }
  return [...found.values()];
}

/** Resources of one type that carry one of these values in `system`; a server's wider matches are dropped. */
export async function findByIdentifier(
  client: FhirClient,
  type: string,
  system: string,
  values: string[],
): Promise<Resource[]> {
  const words = values.map((value) => searchToken(system, value));
  const found = await searchAll(client, type, 'identifier', words);
  const wanted = new Set(values);
  const carries = (resource: Resource): boolean =>
    identifiersOf(resource).some((one) => one.system === system && one.value !== undefined && wanted.has(one.value));
  return found.filter(carries).sort(olderFirst);
}

/** Oldest first, so that everybody who has to choose among copies chooses the same one. */
export function olderFirst(a: Resource, b: Resource): number {
  const when = (resource: Resource): string => resource.meta?.lastUpdated ?? '';
  return when(a).localeCompare(when(b)) || (a.id ?? '').localeCompare(b.id ?? '');
}
