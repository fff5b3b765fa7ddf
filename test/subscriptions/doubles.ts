/** Small stand-ins for what the subscriptions room is given. */
import type { Bundle, DocumentReference, Resource } from '@medplum/fhirtypes';
import { configSchema, type SiteConfig } from '../../src/config/schema.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import type { Cursors, IncomingNotification, Leases } from '../../src/orders/types.ts';

export const SECRET = 'a-secret-of-the-hospital';

export function siteConfig(subscriptions: object = {}, routes?: object[]): SiteConfig {
  const config = configSchema.parse({
    sites: [
      {
        name: 'general',
        fhir: { baseUrl: 'https://ehr.example/fhir/R4' },
        subscriptions: { secret: SECRET, ...subscriptions },
        routes: routes ?? [
          { id: 'notes', on: 'DocumentReference?status=current&type=http://loinc.org|11506-3', vendor: 'healthsage' },
        ],
      },
    ],
  });
  const [site] = config.sites;
  if (!site) {
    throw new Error('no site');
  }
  return site;
}

export function note(id: string, version = '1', lastUpdated = '2026-03-01T10:00:00.000Z'): DocumentReference {
  return {
    resourceType: 'DocumentReference',
    id,
    meta: { versionId: version, lastUpdated },
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
    content: [{ attachment: { contentType: 'text/plain', data: 'SGVsbG8=' } }],
  };
}

export function notification(fields: Partial<IncomingNotification> & { json?: unknown } = {}): IncomingNotification {
  const { json, ...rest } = fields;
  return {
    site: 'general',
    receivedAt: new Date('2026-03-01T10:00:01Z'),
    method: 'POST',
    path: '',
    headers: {},
    body: json === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(json)),
    dedupe: `dedupe-${Math.random()}`,
    ...rest,
  };
}

const unexpected = (what: string) => async () => {
  throw new Error(`the double does not ${what}`);
};

/** A FHIR server as a map of resources, with what a test wants to be different. */
export function fakeClient(resources: Map<string, Resource>, overrides: Partial<FhirClient> = {}): FhirClient {
  const page = (): Bundle => ({
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [...resources.values()].map((resource) => ({ resource })),
  });
  return {
    site: 'general',
    baseUrl: 'https://ehr.example/fhir/R4',
    read: async <T extends Resource>(type: string, id: string) => resources.get(`${type}/${id}`) as T | undefined,
    search: async () => page(),
    async *pages() {
      yield page();
    },
    create: unexpected('create'),
    saveBytes: unexpected('save bytes'),
    update: unexpected('update'),
    remove: unexpected('remove'),
    submit: unexpected('submit'),
    fetchBytes: unexpected('fetch'),
    capabilities: unexpected('tell its capabilities'),
    serverTime: async () => new Date('2026-03-01T12:00:00Z'),
    ...overrides,
  };
}

export function memoryCursors(values: Record<string, string> = {}): Cursors & { values: Map<string, string> } {
  const map = new Map(Object.entries(values));
  return {
    values: map,
    get: async (_, name) => map.get(name),
    async set(_, name, value, onlyIfAbsent) {
      if (!onlyIfAbsent || !map.has(name)) {
        map.set(name, value);
      }
      return map.get(name) ?? value;
    },
  };
}

/** Leases that are free, but for the names in `held`. */
export function freeLeases(held: Set<string> = new Set()): Leases {
  return {
    withLease: async (name, _, work) => (held.has(name) ? undefined : work(new AbortController().signal)),
  };
}

/** Polls a condition; fails after `milliseconds`. */
export async function until(condition: () => boolean, milliseconds = 5000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error('the condition did not come true in time');
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
