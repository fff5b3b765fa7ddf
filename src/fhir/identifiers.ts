/** The identifiers of what we write, and the ids that are derived from them. Pure. */
import { createHash } from 'node:crypto';
import type { Identifier, Resource } from '@medplum/fhirtypes';
import { OUR_SYSTEMS } from './terminology.ts';

/** On the Task: the order's key. */
export function orderIdentifier(key: string): Identifier {
  return { system: OUR_SYSTEMS.order, value: key };
}

/** On a result: the order's key, `#` and the stable part name. */
export function resultIdentifier(key: string, part: string): Identifier {
  return { system: OUR_SYSTEMS.result, value: `${key}#${part}` };
}

/** The vendor's own job ids, on Task and DiagnosticReport. */
export function jobIdentifiers(vendor: string, jobs: string[]): Identifier[] {
  return [...new Set(jobs.filter((job) => job.trim() !== ''))].map((value) => ({
    system: `urn:fhir-ai-adapter:${vendor}`,
    value,
  }));
}

/** The order's key without its generation: `site/Type/id/route~2` belongs to `site/Type/id/route`. */
export function orderOf(key: string): string {
  return key.replace(/~\d+$/, '');
}

/** A token of a search: `system|value`, where the characters that have a meaning there are escaped, URL-encoded. */
export function searchToken(system: string, value: string): string {
  return encodeURIComponent(`${system}|${value.replace(/[\\,$|]/g, '\\$&')}`);
}

/** All identifiers of a resource; for types with a single one as well, and none where the type has none. */
export function identifiersOf(resource: Resource): Identifier[] {
  if (!('identifier' in resource) || resource.identifier === undefined) {
    return [];
  }
  return [resource.identifier].flat();
}

/** The part that a resource is of this order and generation; undefined where it is none of it. */
export function partOf(resource: Resource, key: string): string | undefined {
  const prefix = `${key}#`;
  const ours = identifiersOf(resource).find(
    ({ system, value }) => system === OUR_SYSTEMS.result && value?.startsWith(prefix),
  );
  return ours?.value?.slice(prefix.length);
}

/** A UUID made of a name alone (RFC 9562 version 8, SHA-256): equal names give equal UUIDs. */
export function nameUuid(name: string): string {
  const hex = createHash('sha256').update(`fhir-ai-adapter ${name}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The fullUrl of a part within a transaction. */
export function fullUrlOf(key: string, part: string): string {
  return `urn:uuid:${nameUuid(`${key}#${part}`)}`;
}

/** The id of a part on a server without transactions that takes client-chosen ids. */
export function derivedId(key: string, part: string): string {
  return nameUuid(`${key}#${part}`);
}
