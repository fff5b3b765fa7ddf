/** What stands in the EHR of one publication: looked up by identifier before anything is written, and after. */
import type { Resource } from '@medplum/fhirtypes';
import { asAdapterError } from '../errors.ts';
import { findByIdentifier, searchAll } from './find-by-identifier.ts';
import { partOf } from './identifiers.ts';
import { isWithdrawn } from './take-back.ts';
import { OUR_SYSTEMS } from './terminology.ts';
import type { FhirClient, Saved, WrittenPart } from './types.ts';

export type Stored = Resource & { id: string };

export interface Standing {
  /** The one that counts, by part. */
  parts: Map<string, Stored>;
  /** Further copies that are not withdrawn, by part. */
  copies: Map<string, Stored[]>;
  /** Types that the server would not even let us search. */
  refused: string[];
}

export function isStored(resource: Resource | undefined): resource is Stored {
  return resource?.id !== undefined;
}

/** A search that this server does not allow, as against one that failed. */
export function isRefusal(thrown: unknown): boolean {
  const { code } = asAdapterError(thrown);
  return code === 'ehr-forbidden' || code === 'ehr-rejected';
}

function byPart(found: Resource[], key: string): Map<string, Stored[]> {
  const parts = new Map<string, Stored[]>();
  for (const resource of found) {
    const part = partOf(resource, key);
    if (part !== undefined && isStored(resource)) {
      parts.set(part, [...(parts.get(part) ?? []), resource]);
    }
  }
  return parts;
}

/** The copy that counts: the one remembered, else the oldest; a withdrawn one only where there is no other. */
function choose(copies: Stored[], remembered: string | undefined): Stored | undefined {
  const live = copies.filter((copy) => !isWithdrawn(copy));
  const among = live.length > 0 ? live : copies;
  return among.find(({ id }) => id === remembered) ?? among[0];
}

/**
 * Looks the parts up, one search or a few per type. `remembered` are ids by part, from earlier publications or from
 * answers within this one; what is not found by a search, because the server's index lags, is read by that id.
 */
export async function lookUp(
  client: FhirClient,
  key: string,
  wanted: ReadonlyMap<string, string[]>,
  remembered: ReadonlyMap<string, Saved>,
): Promise<Standing> {
  const standing: Standing = { parts: new Map(), copies: new Map(), refused: [] };
  for (const [type, parts] of wanted) {
    let found: Resource[];
    try {
      const values = parts.map((part) => `${key}#${part}`);
      found = await findByIdentifier(client, type, OUR_SYSTEMS.result, values);
    } catch (thrown) {
      if (!isRefusal(thrown)) {
        throw thrown;
      }
      standing.refused.push(type);
      continue;
    }
    const copies = byPart(found, key);
    for (const part of parts) {
      const saved = remembered.get(part);
      const all = copies.get(part) ?? [];
      const known = saved?.type === type && !all.some(({ id }) => id === saved.id) ? saved : undefined;
      const read =
        known === undefined ? undefined : await client.read<Resource>(known.type as Resource['resourceType'], known.id);
      const chosen = choose(isStored(read) ? [read, ...all] : all, saved?.id);
      if (chosen !== undefined) {
        standing.parts.set(part, chosen);
        const others = all.filter((copy) => copy.id !== chosen.id && !isWithdrawn(copy));
        if (others.length > 0) {
          standing.copies.set(part, others);
        }
      }
    }
  }
  return standing;
}

async function searchIfAllowed(client: FhirClient, type: string, ids: string[]): Promise<Resource[]> {
  try {
    return await searchAll(client, type, '_id', ids);
  } catch (thrown) {
    if (!isRefusal(thrown)) {
      throw thrown;
    }
    return [];
  }
}

/**
 * Resources by type and id, as they are now, by `Type/id`. What no search shows (an index lags, a type cannot be
 * searched) is read.
 */
export async function readAll(client: FhirClient, parts: WrittenPart[]): Promise<Map<string, Stored>> {
  const types = new Set(parts.map(({ type }) => type));
  const found = new Map<string, Stored>();
  for (const type of types) {
    const ids = parts.filter((part) => part.type === type).map(({ id }) => encodeURIComponent(id));
    for (const resource of await searchIfAllowed(client, type, ids)) {
      if (isStored(resource)) {
        found.set(`${type}/${resource.id}`, resource);
      }
    }
  }
  for (const { type, id } of parts.filter((part) => !found.has(`${part.type}/${part.id}`))) {
    const resource = await client.read<Resource>(type as Resource['resourceType'], id);
    if (isStored(resource)) {
      found.set(`${type}/${id}`, resource);
    }
  }
  return found;
}
