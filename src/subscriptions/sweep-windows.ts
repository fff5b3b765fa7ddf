/**
 * Reads all matches of a search that changed since a moment, in the order of change. Servers page badly over long lists
 * (Medplum ends at 10,000), so a long run starts a new window where the last one got to.
 */
import type { Resource } from '@medplum/fhirtypes';
import type { FhirClient } from '../fhir/types.ts';

export interface WindowsOptions {
  client: FhirClient;
  /** `Type?words`. */
  criteria: string;
  type: string;
  from: Date;
  /** Aborts between two pages. */
  signal?: AbortSignal;
  /** Matches after which a new window begins. */
  windowSize?: number;
  /** Told once where the server does not do as asked. */
  onOddity?(what: 'unsorted' | 'unfiltered'): void;
}

const PAGE_SIZE = 200;

/** A search with more words. */
export function withWords(criteria: string, words: string): string {
  const separator = criteria.includes('?') ? (criteria.endsWith('?') ? '' : '&') : '?';
  return `${criteria}${separator}${words}`;
}

/** Milliseconds since 1970 of `meta.lastUpdated`; NaN where it is missing or no time. */
export function changedAt(resource: Resource): number {
  return Date.parse(resource.meta?.lastUpdated ?? '');
}

/** Every match with an id, page by page; the same one may come more than once. Throws what the client throws. */
export async function* changedSince(options: WindowsOptions): AsyncGenerator<Resource & { id: string }> {
  const { client, criteria, type, signal } = options;
  let from: number | undefined = options.from.getTime();
  while (from !== undefined) {
    const since: number = from;
    from = undefined;
    let latest = since;
    let count = 0;
    let sorted = true;
    const words = `_lastUpdated=ge${new Date(since).toISOString()}&_sort=_lastUpdated&_count=${PAGE_SIZE}`;
    for await (const page of client.pages(withWords(criteria, words))) {
      signal?.throwIfAborted();
      for (const { resource, search } of page.entry ?? []) {
        if (resource?.resourceType !== type || resource.id === undefined || (search?.mode ?? 'match') !== 'match') {
          continue;
        }
        const changed = changedAt(resource);
        // Servers may keep finer times than they show, hence the second.
        if (changed < since - 1000) {
          options.onOddity?.('unfiltered');
        }
        if (changed < latest && changed >= since && sorted) {
          sorted = false;
          options.onOddity?.('unsorted');
        }
        latest = Math.max(latest, Number.isNaN(changed) ? latest : changed);
        count += 1;
        yield { ...resource, id: resource.id };
      }
      // Only where the order can be trusted, and where it gets us any further.
      if (count >= (options.windowSize ?? 5000) && sorted && latest > since) {
        from = latest;
        break;
      }
    }
  }
}
