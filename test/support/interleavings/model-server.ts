/** A FHIR server in memory that keeps every version: what the real reading, writing and sweeping work against. */
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { matchesCriteria } from '../../../src/config/criteria.ts';
import { AdapterError } from '../../../src/errors.ts';
import type { Capabilities, FhirClient } from '../../../src/fhir/types.ts';

export interface Version {
  version: string;
  /** Milliseconds since 1970. */
  at: number;
  /** Absent: it was deleted with this version. */
  resource?: Resource;
}

export interface ModelServer {
  client: FhirClient;
  /** All versions of `Type/id`, the oldest first. */
  versions(reference: string): Version[];
  now(reference: string): Resource | undefined;
  /** Everything of a type that stands. */
  all(type: string): Resource[];
  put(resource: Resource & { id: string }): Resource & { id: string };
  remove(reference: string): void;
}

const BASE_URL = 'https://ehr.example/fhir/R4';
const SEARCHED: Record<string, string[]> = {
  DocumentReference: ['related'],
  ServiceRequest: [],
  Patient: [],
  Task: ['focus', 'status', 'owner', 'identifier'],
  Observation: ['identifier', 'subject'],
  DiagnosticReport: ['identifier', 'subject'],
  Provenance: ['target'],
};

const CAPABILITIES: Capabilities = {
  fhirVersion: '4.0.1',
  transaction: true,
  batch: true,
  atomic: true,
  types: Object.fromEntries(
    Object.entries(SEARCHED).map(([type, searchParams]) => [
      type,
      {
        interactions: ['read', 'create', 'update', 'search-type'],
        conditionalCreate: false,
        updateCreate: false,
        versioning: 'versioned-update' as const,
        searchParams,
      },
    ]),
  ),
};

/** The words of a search that FHIR has for all types, and those that the house's matcher has no parameter for. */
const WORDS: Record<string, (resource: Resource, value: string) => boolean> = {
  _id: (resource, value) => value.split(',').includes(resource.id ?? ''),
  _lastUpdated: (resource, value) =>
    Date.parse(resource.meta?.lastUpdated ?? '') >= Date.parse(value.replace(/^ge/, '')),
  identifier: (resource, value) =>
    value.split(',').some((token) => identified(resource).some((one) => fits(one, token))),
  subject: (resource, value) => 'subject' in resource && JSON.stringify(resource.subject ?? {}).includes(`"${value}"`),
  related: (resource, value) =>
    resource.resourceType === 'DocumentReference' &&
    (resource.context?.related ?? []).some(({ reference }) => reference === value),
  owner: (resource, value) =>
    resource.resourceType === 'Task' && value.split(',').includes(resource.owner?.reference ?? ''),
  focus: (resource, value) => resource.resourceType === 'Task' && resource.focus?.reference === value,
  status: (resource, value) => 'status' in resource && resource.status === value,
  target: (resource, value) =>
    resource.resourceType === 'Provenance' &&
    resource.target.some(({ reference }) => value.split(',').includes(reference ?? '')),
};

function identified(resource: Resource): string[] {
  const list = 'identifier' in resource && Array.isArray(resource.identifier) ? resource.identifier : [];
  return list.map(({ system = '', value = '' }) => `${system}|${value}`);
}

/** A token that ends in a bar asks for any value of its system. */
function fits(one: string, token: string): boolean {
  return token.endsWith('|') ? one.startsWith(token) : one === token;
}

export function modelServer(now: () => Date): ModelServer {
  const histories = new Map<string, Version[]>();
  let made = 0;

  const versions = (reference: string): Version[] => histories.get(reference) ?? [];
  const current = (reference: string): Resource | undefined => versions(reference).at(-1)?.resource;
  const all = (type: string): Resource[] =>
    [...histories].flatMap(([reference, list]) => {
      const resource = reference.startsWith(`${type}/`) ? list.at(-1)?.resource : undefined;
      return resource ? [resource] : [];
    });

  function add(reference: string, resource?: Resource): Version {
    const list = versions(reference);
    const version = { version: String(list.length + 1), at: now().getTime(), ...(resource && { resource }) };
    histories.set(reference, [...list, version]);
    return version;
  }

  function put<T extends Resource>(resource: T & { id: string }): T & { id: string } {
    const reference = `${resource.resourceType}/${resource.id}`;
    const meta = {
      ...resource.meta,
      versionId: String(versions(reference).length + 1),
      lastUpdated: now().toISOString(),
    };
    const saved = { ...structuredClone(resource), meta };
    add(reference, saved);
    return structuredClone(saved);
  }

  function create<T extends Resource>(resource: T): T & { id: string } {
    made += 1;
    return put({ ...resource, id: `made-${made}` });
  }

  function update<T extends Resource>(resource: T & { id: string }, ifMatch: string | undefined): T & { id: string } {
    const standing = current(`${resource.resourceType}/${resource.id}`);
    if (ifMatch !== undefined && standing?.meta?.versionId !== ifMatch) {
      throw new AdapterError('ehr-conflict', 'Another version stands', { status: 412 });
    }
    return put(resource);
  }

  function search(query: string): Bundle {
    const [path = '', words = ''] = query.split('?');
    const history = /^(\w+\/[^/]+)\/_history$/.exec(path)?.[1];
    const parameters = [...new URLSearchParams(words)].filter(
      ([name]) => !['_sort', '_count', '_total', '_include', '_revinclude'].includes(name),
    );
    const ours = parameters.filter(([name]) => name in WORDS);
    const others = parameters.filter(([name]) => !(name in WORDS));
    const rest = `${path}?${others.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
    const found = history
      ? versions(history).flatMap(({ resource }) => resource ?? [])
      : all(path).filter(
          (resource) =>
            ours.every(([name, value]) => WORDS[name]?.(resource, value)) &&
            (others.length === 0 || matchesCriteria(resource, rest)),
        );
    found.sort((a, b) => Date.parse(a.meta?.lastUpdated ?? '') - Date.parse(b.meta?.lastUpdated ?? ''));
    const entry = found.map(
      (resource): BundleEntry => ({ resource: structuredClone(resource), search: { mode: 'match' } }),
    );
    return { resourceType: 'Bundle', type: 'searchset', entry };
  }

  /** All or nothing: every condition is looked at before the first entry is written. */
  function submit(bundle: Bundle): Bundle {
    const names = new Map<string, string>();
    for (const { fullUrl, resource, request } of bundle.entry ?? []) {
      const ifMatch = /"(.+)"/.exec(request?.ifMatch ?? '')?.[1];
      if (ifMatch !== undefined && current(request?.url ?? '')?.meta?.versionId !== ifMatch) {
        throw new AdapterError('ehr-conflict', 'Another version stands', { status: 412 });
      }
      if (fullUrl?.startsWith('urn:uuid:') && resource) {
        made += 1;
        names.set(fullUrl, `${resource.resourceType}/made-${made}`);
      }
    }
    const entry = (bundle.entry ?? []).map(({ fullUrl, resource, request }): BundleEntry => {
      const reference = names.get(fullUrl ?? '') ?? request?.url ?? '';
      const text = [...names].reduce((json, [urn, name]) => json.replaceAll(urn, name), JSON.stringify(resource));
      const saved = put({ ...JSON.parse(text), id: reference.split('/')[1] });
      const version = saved.meta?.versionId;
      return { response: { status: '200', location: `${reference}/_history/${version}`, etag: `W/"${version}"` } };
    });
    return { resourceType: 'Bundle', type: 'transaction-response', entry };
  }

  const client: FhirClient = {
    site: 'site',
    baseUrl: BASE_URL,
    // What is asked for by a type is of that type.
    read: async (type, id) => structuredClone(current(`${type}/${id}`)) as never,
    search: async (query) => search(query),
    async *pages(query) {
      yield search(query);
    },
    create: async (resource) => create(resource),
    saveBytes: async () => Promise.reject(new Error('There are no files in these tests')),
    update: async (resource, options) => update(resource, options?.ifMatch),
    remove: async (type, id) => void add(`${type}/${id}`),
    submit: async (bundle) => submit(bundle),
    fetchBytes: () => Promise.reject(new Error('Nothing has to be fetched')),
    capabilities: async () => CAPABILITIES,
    serverTime: async () => now(),
  };
  return { client, versions, now: current, all, put, remove: (reference) => void add(reference) };
}
