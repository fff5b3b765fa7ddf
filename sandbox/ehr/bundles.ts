/** Searchsets: pages with absolute next links, included resources, summaries. */
import { randomUUID } from 'node:crypto';
import { gone, OperationOutcomeError, type SearchRequest } from '@medplum/core';
import { type FhirRepository, getExtraEntries } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, BundleLink, Resource } from '@medplum/fhirtypes';
import { definitions } from './definitions.ts';
import { refuse } from './outcomes.ts';
import { findAll, parseQuery } from './search.ts';
import type { Store } from './store.ts';
import type { Manner, Stored } from './types.ts';

const DEFAULT_COUNT = 20;
/** Searches whose pages HAPI still remembers. */
const REMEMBERED = 200;

export interface Bundles {
  /** `fresh`: the client sent `Cache-Control: no-cache`. */
  search(type: string, words: URLSearchParams, fresh: boolean): Promise<Bundle<Stored>>;
  /** HAPI's next page: `?_getpages=…`. */
  page(words: URLSearchParams): Promise<Bundle<Stored>>;
}

export interface BundlesOptions {
  store: Store;
  repository: FhirRepository;
  manner: Manner;
  base(): string;
  now(): Date;
  most: number;
  /** Milliseconds that HAPI answers the same question from the list it found before. */
  reuseMs: number;
}

interface Search {
  id: string;
  at: number;
  request: SearchRequest;
  self: string;
  found: Stored[];
}

function subset(resource: Stored, { fields, summary }: SearchRequest): Stored {
  if (!fields && summary !== 'text' && summary !== 'data') {
    return resource;
  }
  const keep = new Set(['resourceType', 'id', 'meta', ...(fields ?? []), ...(summary === 'text' ? ['text'] : [])]);
  const kept = Object.entries(resource).filter(([name]) => (summary === 'data' ? name !== 'text' : keep.has(name)));
  const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
  return {
    ...resource,
    ...Object.fromEntries(Object.keys(resource).map((name) => [name, undefined])),
    ...Object.fromEntries(kept),
    meta: { ...resource.meta, tag: [...(resource.meta?.tag ?? []), tag] },
  };
}

function number(words: URLSearchParams, name: string): number | undefined {
  const text = words.get(name);
  if (text !== null && !/^\d{1,9}$/.test(text)) {
    throw refuse('invalid', 'invalid', `Invalid ${name}`);
  }
  return text === null ? undefined : Number(text);
}

export function openBundles(options: BundlesOptions): Bundles {
  const { store, repository, manner, base, now, most, reuseMs } = options;
  const remembered = new Map<string, Search>();
  /** The newest search of each self link. */
  const latest = new Map<string, string>();

  function remember(search: Search): void {
    remembered.set(search.id, search);
    latest.set(search.self, search.id);
    const [oldest] = remembered.values();
    if (oldest && remembered.size > REMEMBERED) {
      remembered.delete(oldest.id);
      latest.delete(oldest.self);
    }
  }

  function nextLink({ id, self, found }: Search, offset: number, count: number): BundleLink[] {
    if (count === 0 || offset + count >= found.length) {
      return [];
    }
    if (manner === 'hapi') {
      const query = new URLSearchParams({
        _getpages: id,
        _getpagesoffset: String(offset + count),
        _count: String(count),
        _bundletype: 'searchset',
      });
      return [{ relation: 'next', url: `${base()}?${query}` }];
    }
    const url = new URL(self);
    url.searchParams.set('_cursor', Buffer.from(`o:${offset + count}`).toString('base64url'));
    return [{ relation: 'next', url: url.href }];
  }

  async function bundle(search: Search, offset: number, count: number): Promise<Bundle<Stored>> {
    const { id, request, self, found } = search;
    // A page made later shows the resources as they are then, without what was deleted meanwhile.
    const page = found.slice(offset, offset + count).flatMap((each) => store.live(each.resourceType, each.id) ?? []);
    const entry: BundleEntry<Stored>[] = page.map((resource) => ({
      fullUrl: `${base()}/${resource.resourceType}/${resource.id}`,
      search: { mode: 'match' },
      resource: subset(resource, request),
    }));
    const extra: BundleEntry<Resource>[] = [];
    for (const { resourceType } of [...(request.include ?? []), ...(request.revInclude ?? [])]) {
      definitions().know(resourceType);
    }
    await getExtraEntries(repository, request, page, extra, { fullUrl: (type, key) => `${base()}/${type}/${key}` });
    const included = extra.flatMap(({ resource, ...rest }) =>
      resource?.id ? [{ ...rest, resource: { ...resource, id: resource.id } }] : [],
    );
    // Medplum counts only when it is asked to.
    const total = request.total === 'none' || (manner === 'medplum' && !request.total) ? undefined : found.length;
    const all = [...entry, ...included];
    return {
      resourceType: 'Bundle',
      id,
      meta: { lastUpdated: now().toISOString() },
      type: 'searchset',
      ...(total !== undefined && { total }),
      link: [{ relation: 'self', url: self }, ...nextLink(search, offset, count)],
      ...(all.length > 0 && { entry: all }),
    };
  }

  return {
    async search(type, words, fresh) {
      const request = parseQuery(type, words);
      const cursor = Buffer.from(request.cursor ?? '', 'base64url').toString();
      const asked = number(words, '_count') ?? DEFAULT_COUNT;
      const count = words.get('_summary') === 'count' ? 0 : Math.min(asked, most);
      const offset = Number(/^o:(\d+)$/.exec(cursor)?.[1] ?? number(words, '_offset') ?? 0);
      if (manner === 'medplum' && offset > 10_000) {
        throw refuse('invalid', 'invalid', 'Search offset exceeds maximum (got more than 10000)');
      }
      const self = `${base()}/${type}${words.size > 0 ? `?${words}` : ''}`;
      const at = now().getTime();
      const before = fresh ? undefined : remembered.get(latest.get(self) ?? '');
      const reused = before && at - before.at < reuseMs ? before : undefined;
      const search = reused ?? { id: randomUUID(), at, request, self, found: findAll(store, request, base()) };
      if (manner === 'hapi') {
        remember(search);
      }
      return bundle(search, offset, count);
    },

    async page(words) {
      const id = words.get('_getpages') ?? '';
      const search = remembered.get(id);
      if (!search) {
        throw new OperationOutcomeError(gone);
      }
      const count = Math.min(number(words, '_count') ?? DEFAULT_COUNT, most);
      return bundle(search, number(words, '_getpagesoffset') ?? 0, count);
    },
  };
}
