/** A small FHIR search server on a port of its own, with the oddities that sweeps meet. */
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import type { BundleEntry, Resource } from '@medplum/fhirtypes';
import { configSchema } from '../../src/config/schema.ts';
import { openFhirClient } from '../../src/fhir/client.ts';
import { silentLog } from '../../src/log.ts';

export interface Asked {
  path: string;
  words: URLSearchParams;
  cacheControl: string | undefined;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: object;
}

/** Answers every GET with what `respond` says; undefined: 404. */
export async function serveSearches(
  t: TestContext,
  respond: (asked: Asked, base: string) => Answer | undefined,
): Promise<{ client: ReturnType<typeof openFhirClient>; base: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  let base = '';
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const one = {
      path: url.pathname.replace(/^\/fhir\//, ''),
      words: url.searchParams,
      cacheControl: request.headers['cache-control'],
    };
    if (one.path !== 'metadata') {
      asked.push(one);
    }
    const { status = 200, headers = {}, body } = (one.path === 'metadata' ? {} : respond(one, base)) ?? { status: 404 };
    response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
    response.end(JSON.stringify(body ?? { resourceType: 'OperationOutcome', issue: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/fhir`;
  const { fhir } = configSchema.shape.sites.element.shape;
  const config = fhir.parse({ baseUrl: base });
  const client = openFhirClient({ site: 'general', config, log: silentLog, wait: async () => {} });
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await client.close();
  });
  return { client, base, asked };
}

export function searchset(resources: Resource[], links: Record<string, string> = {}): Answer {
  const entry: BundleEntry[] = resources.map((resource) => ({ resource, search: { mode: 'match' } }));
  const link = Object.entries(links).map(([relation, url]) => ({ relation, url }));
  return { body: { resourceType: 'Bundle', type: 'searchset', link, entry } };
}

/** What changed since, in the order of change. */
export function since<T extends Resource>(resources: T[], { words }: Asked): T[] {
  const from = Date.parse(/^ge(.*)/.exec(words.get('_lastUpdated') ?? '')?.[1] ?? '');
  const changed = (resource: T) => Date.parse(resource.meta?.lastUpdated ?? '');
  return resources
    .filter((resource) => Number.isNaN(from) || changed(resource) >= from)
    .sort((a, b) => changed(a) - changed(b));
}
