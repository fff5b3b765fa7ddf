/** Which resources refer to which files, as they stand. Pure. */
import type { Attachment, Resource } from '@medplum/fhirtypes';
import type { Stored } from './standing.ts';
import { isWithdrawn } from './take-back.ts';
import type { FileHolder } from './types.ts';

/** What may refer to a file; the report last in importance: it is the others that a file belongs to. */
const HOLDERS: readonly string[] = ['Media', 'DocumentReference', 'DiagnosticReport'];

export function attachmentsIn(resource: Resource): Attachment[] {
  switch (resource.resourceType) {
    case 'Media':
      return [resource.content];
    case 'DocumentReference':
      return resource.content.map(({ attachment }) => attachment);
    case 'DiagnosticReport':
      return resource.presentedForm ?? [];
    default:
      return [];
  }
}

const urlsIn = (resource: Resource): string[] => attachmentsIn(resource).flatMap(({ url }) => url ?? []);

/**
 * What has been looked at, each once. `kept`: what stands as we mean it, by reference: a server that shows other URLs than
 * it was given still refers to those.
 */
export function fileHolders(
  seen: Iterable<Stored>,
  kept: readonly { reference: string; built: { resource: Resource } }[] = [],
): FileHolder[] {
  const meant = new Map(kept.map(({ reference, built }) => [reference, urlsIn(built.resource)]));
  const holders = new Map<string, FileHolder>();
  for (const resource of seen) {
    const { resourceType: type, id } = resource;
    const reference = `${type}/${id}`;
    if (HOLDERS.includes(type) && !holders.has(reference)) {
      const urls = isWithdrawn(resource) ? [] : [...urlsIn(resource), ...(meant.get(reference) ?? [])];
      holders.set(reference, { type, id, urls: [...new Set(urls)] });
    }
  }
  return [...holders.values()].sort((a, b) => HOLDERS.indexOf(a.type) - HOLDERS.indexOf(b.type));
}
