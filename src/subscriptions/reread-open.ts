/** Reads the resources of open orders again, many in one search; what a search does not show is read by id. */
import type { Resource } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit } from '../orders/types.ts';
import { isOrderType } from './routed-types.ts';

export interface RereadOptions {
  site: { name: string };
  client: FhirClient;
  admit: Admit;
  log: Log;
  openOrders?(site: string): Promise<{ type: string; id: string }[]>;
  signal?: AbortSignal;
}

/** Ids asked for in one search: some servers cut URLs at 2,000 characters. */
const AT_ONCE = 20;

async function search(client: FhirClient, type: string, ids: string[]): Promise<Map<string, Resource>> {
  const found = new Map<string, Resource>();
  for await (const page of client.pages(`${type}?_id=${ids.join(',')}&_count=${AT_ONCE}`)) {
    for (const { resource } of page.entry ?? []) {
      if (resource?.resourceType === type && resource.id !== undefined) {
        found.set(resource.id, resource);
      }
    }
  }
  return found;
}

/** Tells admission how the open orders' resources are now; `seen` (`Type/id`) are left out. Gives how many were told. */
export async function rereadOpen(options: RereadOptions, seen: ReadonlySet<string>): Promise<number> {
  const { client, log, signal } = options;
  const site = options.site.name;
  let told = 0;
  try {
    const open = new Set(
      ((await options.openOrders?.(site)) ?? []).map(({ type, id }) => `${type}/${id}`).filter((key) => !seen.has(key)),
    );
    const byType = Map.groupBy([...open], (key) => key.slice(0, key.indexOf('/')));
    for (const [type, keys] of byType) {
      if (!isOrderType(type)) {
        continue;
      }
      const ids = keys.map((key) => key.slice(type.length + 1));
      for (let start = 0; start < ids.length; start += AT_ONCE) {
        signal?.throwIfAborted();
        const some = ids.slice(start, start + AT_ONCE);
        const found = await search(client, type, some);
        for (const id of some) {
          const resource = found.get(id) ?? (await client.read<Resource>(type, id));
          await options.admit({ site, type, id, source: 'sweep', ...(resource ? { resource } : { gone: true }) });
          told += 1;
        }
      }
    }
  } catch (thrown) {
    const code = signal?.aborted ? 'shutting-down' : asAdapterError(thrown).code;
    log.warn({ site, code }, 'open orders not all read again');
  }
  return told;
}
