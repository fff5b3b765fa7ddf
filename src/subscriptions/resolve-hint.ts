/** From a hint to what stands in the EHR now. */
import type { Resource } from '@medplum/fhirtypes';
import type { FhirClient } from '../fhir/types.ts';
import type { Hint, News } from '../orders/types.ts';
import { isOlder } from '../orders/versions.ts';

/** `gone` cannot be told from "not there yet" by the answer alone: an index or a replica may lag behind the news. */
const PATIENCE_SECONDS = [0.5, 1, 2, 5, 15];

export type Resolved =
  | { news: News }
  /** Ask again in `seconds`. */
  | { later: number; why: string }
  | { missing: true };

/** Whether the server has to be asked: what came along whole needs no reading. */
export function needsReading(hint: Hint): boolean {
  return hint.resource === undefined || hint.interaction === 'delete';
}

/**
 * Resolves one hint. `attempt` counts from 1: a resource that was announced and is not there, or only in an older
 * version, is waited for; then it is left to the sweep. Throws what the client throws.
 */
export async function resolveHint(
  client: FhirClient,
  hint: Hint & { type: Resource['resourceType'] },
  attempt: number,
): Promise<Resolved> {
  const { type, id } = hint;
  const about = { site: client.site, type, id, source: 'notification' } as const;
  if (!needsReading(hint)) {
    return { news: { ...about, resource: hint.resource } };
  }
  const resource = await client.read<Resource>(type, id);
  const later = PATIENCE_SECONDS[attempt - 1];
  if (resource) {
    const stale = isOlder(resource.meta?.versionId, hint.version);
    return stale && later !== undefined ? { later, why: 'older version' } : { news: { ...about, resource } };
  }
  // A delete is believed when a read confirms it, whoever sent it.
  if (hint.interaction === 'delete') {
    return { news: { ...about, gone: true } };
  }
  if (later !== undefined) {
    return { later, why: 'not there yet' };
  }
  return hint.mayBeGone ? { news: { ...about, gone: true } } : { missing: true };
}
