/** What results take over from the order. Pure. */
import type { Reference, Resource, ServiceRequest, Specimen } from '@medplum/fhirtypes';

/** The ServiceRequest that a result is based on; other kinds of order have no place in `basedOn`. */
export function basedOn(focus: Resource): Reference<ServiceRequest>[] {
  return focus.resourceType === 'ServiceRequest' ? [{ reference: `ServiceRequest/${focus.id}` }] : [];
}

/** What was taken of the patient, as the order names it; what it only contains cannot be pointed to from elsewhere. */
export function specimensOf(focus: Resource): Reference<Specimen>[] {
  const specimens = focus.resourceType === 'ServiceRequest' ? (focus.specimen ?? []) : [];
  return specimens.filter(({ reference }) => !reference?.startsWith('#'));
}
