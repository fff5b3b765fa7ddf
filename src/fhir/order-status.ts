/** Whether a resource is an order at the moment: taken back, not yet finished, or good. Pure. */
import type { Resource } from '@medplum/fhirtypes';

export interface OrderStatus {
  /** Why it is no order any more, in words for the clinician. */
  withdrawn?: string;
  /** Why it is no order yet. */
  notYet?: string;
}

/** A DocumentReference without docStatus counts as finished where `acceptMissingDocStatus` says so. */
export function orderStatus(resource: Resource, acceptMissingDocStatus: boolean): OrderStatus {
  switch (resource.resourceType) {
    case 'DocumentReference':
      if (resource.status === 'entered-in-error' || resource.docStatus === 'entered-in-error') {
        return { withdrawn: 'The note was entered in error.' };
      }
      if (resource.status === 'superseded') {
        return { withdrawn: 'The note was replaced by a newer one.' };
      }
      if (resource.docStatus === 'preliminary') {
        return { notYet: 'The note is preliminary.' };
      }
      return resource.docStatus === undefined && !acceptMissingDocStatus
        ? { notYet: 'The note does not say that it is finished (docStatus).' }
        : {};
    case 'ServiceRequest':
      if (resource.status === 'entered-in-error' || resource.status === 'revoked') {
        return { withdrawn: `The order is ${resource.status === 'revoked' ? 'revoked' : 'entered in error'}.` };
      }
      return resource.status === 'draft' || resource.status === 'on-hold'
        ? { notYet: `The order is ${resource.status === 'draft' ? 'a draft' : 'on hold'}.` }
        : {};
    case 'DiagnosticReport':
      if (resource.status === 'entered-in-error' || resource.status === 'cancelled') {
        return { withdrawn: `The report is ${resource.status === 'cancelled' ? 'cancelled' : 'entered in error'}.` };
      }
      return ['registered', 'partial', 'preliminary'].includes(resource.status ?? '')
        ? { notYet: 'The report is preliminary.' }
        : {};
    case 'Composition':
      if (resource.status === 'entered-in-error') {
        return { withdrawn: 'The document was entered in error.' };
      }
      return resource.status === 'preliminary' ? { notYet: 'The document is preliminary.' } : {};
    default:
      return {};
  }
}
