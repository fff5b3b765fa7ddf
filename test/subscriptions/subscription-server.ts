/** A FHIR server that keeps Subscriptions, as a double: what it makes of each one that it takes is the test's. */
import type { Resource } from '@medplum/fhirtypes';
import type { Capabilities, FhirClient, TypeCapabilities } from '../../src/fhir/types.ts';
import { silentLog } from '../../src/log.ts';
import type { AnySubscription } from '../../src/subscriptions/register/shape.ts';
import { fakeClient, siteConfig } from './doubles.ts';

export const PUBLIC = 'https://adapter.hospital.example';
export const ENDPOINT = `${PUBLIC}/notify/general`;
export const TAG = { system: 'urn:fhir-ai-adapter:deployment', code: `${PUBLIC}/general` };

const able: TypeCapabilities = {
  interactions: [],
  conditionalCreate: false,
  updateCreate: false,
  versioning: 'versioned',
  searchParams: [],
};

export function capabilities(software: string, changes: Partial<Capabilities> = {}, types = ['Subscription']) {
  return {
    fhirVersion: '4.0.1',
    software,
    transaction: true,
    batch: true,
    atomic: true,
    types: Object.fromEntries(types.map((type) => [type, able])),
    ...changes,
  } satisfies Capabilities;
}

export interface Write {
  what: 'create' | 'update' | 'remove';
  resource?: AnySubscription;
  headers?: Record<string, string>;
}

export interface ServerOptions {
  can?: Capabilities;
  /** What it makes of what it takes; throws to refuse. */
  change?(one: AnySubscription): AnySubscription;
  /** Resources beside: topics. */
  others?: object[];
}

/** Keeps what it is sent, JSON for JSON. */
export function subscriptionServer(software: string, options: ServerOptions = {}) {
  const kept = new Map<string, AnySubscription>();
  const log: Write[] = [];
  let next = 1;
  const asResource = <T extends Resource>(one: object): T => JSON.parse(JSON.stringify(one));
  const save = (id: string, resource: object) => {
    const sent: AnySubscription = JSON.parse(JSON.stringify(resource));
    const versionId = String(Number(kept.get(id)?.meta?.versionId ?? 0) + 1);
    const stored = { ...sent, id, meta: { ...sent.meta, versionId } };
    kept.set(id, options.change?.(stored) ?? stored);
    return stored;
  };
  const client: FhirClient = fakeClient(new Map(), {
    capabilities: async () => options.can ?? capabilities(software),
    read: async <T extends Resource>(_: string, id: string) => {
      const one = kept.get(id);
      return one && asResource<T>(one);
    },
    async *pages(query: string) {
      const type = /^[A-Za-z]+/.exec(query)?.[0];
      const all = [...kept.values(), ...(options.others ?? [])].map((one) => asResource(one));
      const entry = all.filter(({ resourceType }) => resourceType === type).map((resource) => ({ resource }));
      yield { resourceType: 'Bundle', type: 'searchset', entry };
    },
    create: async <T extends Resource>(resource: T, { headers }: { headers?: Record<string, string> } = {}) => {
      log.push({ what: 'create', resource: JSON.parse(JSON.stringify(resource)), ...(headers && { headers }) });
      const stored = save(String(next), resource);
      next += 1;
      return asResource<T>(stored);
    },
    update: async <T extends Resource>(resource: T & { id: string }) => {
      log.push({ what: 'update', resource: JSON.parse(JSON.stringify(resource)) });
      return asResource<T>(save(resource.id, resource));
    },
    remove: async (_, id) => {
      log.push({ what: 'remove' });
      kept.delete(id);
    },
  });
  return {
    client,
    kept,
    log,
    writes: () => log.map(({ what }) => what),
    all: () => [...kept.values()],
    /** What the server or an administrator makes of one of them. */
    set: (id: string, change: Partial<AnySubscription>) => {
      const one = kept.get(id);
      if (!one) {
        throw new Error(`no Subscription ${id}`);
      }
      kept.set(id, { ...one, ...change });
    },
  };
}

export const registerOptions = (client: FhirClient, subscriptions: object = {}, routes?: object[]) => ({
  config: siteConfig(subscriptions, routes),
  publicUrl: PUBLIC,
  client,
  log: silentLog,
  written: new Map<string, string>(),
  now: () => new Date('2026-03-01T12:00:00Z'),
  wait: async () => {},
});

/** In the manner of servers that notify at once. */
export const activated = (one: AnySubscription): AnySubscription =>
  one.status === 'requested' ? { ...one, status: 'active' } : one;
