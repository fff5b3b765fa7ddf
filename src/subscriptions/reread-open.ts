/** Reads the resources of open orders again, many in one search; what a search does not show is read by id. */
import type { Resource } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit } from '../orders/types.ts';
import { isOrderType } from './routed-types.ts';
import { isRefusal } from './sweep-windows.ts';

export interface RereadOptions {
  site: { name: string };
  client: FhirClient;
  admit: Admit;
  log: Log;
  openOrders?(site: string): Promise<{ type: string; id: string }[]>;
  signal?: AbortSignal;
}

export interface Reread {
  /** Resources that were read. */
  read: number;
  /** Seconds that the server asked us to stay away; the rest was not read then. */
  pause?: number;
}

/** Ids asked for in one search: some servers cut URLs at 2,000 characters. */
const AT_ONCE = 100;
const LONGEST = 1200;

function inBatches(ids: readonly string[]): string[][] {
  const batches: string[][] = [];
  let length = 0;
  for (const id of ids) {
    const last = batches.at(-1);
    length += id.length + 1;
    if (last && last.length < AT_ONCE && length <= LONGEST) {
      last.push(id);
    } else {
      batches.push([id]);
      length = id.length + 1;
    }
  }
  return batches;
}

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

/**
 * Tells admission how the open orders' resources are now; `seen` (`Type/id`) are left out. One request at a time, so that
 * thousands of open orders are no storm. What fails is left to the next sweep.
 */
export async function rereadOpen(options: RereadOptions, seen: ReadonlySet<string>): Promise<Reread> {
  const { client, log, signal } = options;
  const site = options.site.name;
  let read = 0;

  async function tell(type: Resource['resourceType'], id: string, found: Resource | undefined): Promise<void> {
    let resource = found;
    try {
      resource ??= await client.read<Resource>(type, id);
    } catch (thrown) {
      // One that may not be read must not hide the others; a server that is down is left alone.
      if (!isRefusal(thrown)) {
        throw thrown;
      }
      log.warn({ site, resourceType: type, code: thrown.code }, 'an open order may not be read');
      return;
    }
    read += 1;
    try {
      await options.admit({ site, type, id, source: 'sweep', ...(resource ? { resource } : { gone: true }) });
    } catch (thrown) {
      log.warn({ site, resourceType: type, code: asAdapterError(thrown).code }, 'swept resource not admitted');
    }
  }

  try {
    const open = new Set(
      ((await options.openOrders?.(site)) ?? []).map(({ type, id }) => `${type}/${id}`).filter((key) => !seen.has(key)),
    );
    const byType = Map.groupBy([...open], (key) => key.slice(0, key.indexOf('/')));
    for (const [type, keys] of byType) {
      if (!isOrderType(type)) {
        continue;
      }
      let searches = true;
      for (const some of inBatches(keys.map((key) => key.slice(type.length + 1)))) {
        signal?.throwIfAborted();
        let found = new Map<string, Resource>();
        try {
          found = searches ? await search(client, type, some) : found;
        } catch (thrown) {
          if (!isRefusal(thrown)) {
            throw thrown;
          }
          // A server that wants a patient in every search still lets us read by id.
          searches = false;
        }
        for (const id of some) {
          signal?.throwIfAborted();
          await tell(type, id, found.get(id));
        }
      }
    }
  } catch (thrown) {
    const error = asAdapterError(thrown);
    log.warn({ site, code: signal?.aborted ? 'shutting-down' : error.code }, 'open orders not all read again');
    return { read, ...(error.retryAfter !== undefined && { pause: error.retryAfter }) };
  }
  return { read };
}
