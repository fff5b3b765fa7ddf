import type { Reference, Resource } from '@medplum/fhirtypes';
import { localReference } from '../fhir/references.ts';

/** Which elements of a resource say that it belongs to an order. */
function belongsTo(resource: Resource | undefined): Reference[] {
  switch (resource?.resourceType) {
    case 'DocumentReference':
      return resource.context?.related ?? [];
    case 'Media':
    case 'ImagingStudy':
    case 'DiagnosticReport':
      return resource.basedOn ?? [];
    default:
      return [];
  }
}

/** The orders that a document or picture names as its own, by type and id. Pure. */
export function ordersNamedBy(baseUrl: string, resource: Resource | undefined): { type: string; id: string }[] {
  return belongsTo(resource).flatMap((reference) => {
    const local = localReference(baseUrl, reference);
    return local?.type === 'ServiceRequest' ? [{ type: local.type, id: local.id }] : [];
  });
}
