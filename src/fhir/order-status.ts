/** Whether a resource is an order at the moment: taken back, paused, not yet finished, or good. Pure. */
import type { Resource } from '@medplum/fhirtypes';

/** Why an order is none any more. */
export interface Withdrawal {
  /** `entered-in-error` also takes back what was written of it; the others only stop the work. */
  code: 'entered-in-error' | 'revoked' | 'replaced';
  /** Words for the clinician. */
  text: string;
}

export interface OrderStatus {
  withdrawn?: Withdrawal;
  /** On hold: it goes on when it is active again. In words. */
  paused?: string;
  /** Why it is no order yet. */
  notYet?: string;
}

const inError = (what: string): OrderStatus => ({
  withdrawn: { code: 'entered-in-error', text: `The ${what} was entered in error.` },
});

/**
 * A DocumentReference without docStatus counts as finished where `acceptMissingDocStatus` says so; `document` is what it
 * is to the clinician.
 */
export function orderStatus(
  resource: Resource,
  acceptMissingDocStatus: boolean,
  document: 'note' | 'picture' | 'slide' = 'note',
): OrderStatus {
  switch (resource.resourceType) {
    case 'DocumentReference':
      if (resource.status === 'entered-in-error' || resource.docStatus === 'entered-in-error') {
        return inError(document);
      }
      if (resource.status === 'superseded') {
        return { withdrawn: { code: 'replaced', text: `The ${document} was replaced by a newer one.` } };
      }
      if (resource.docStatus === 'preliminary') {
        return { notYet: `The ${document} is preliminary.` };
      }
      return resource.docStatus === undefined && !acceptMissingDocStatus
        ? { notYet: `The ${document} does not say that it is finished (docStatus).` }
        : {};
    case 'Media': {
      const picture = document === 'slide' ? 'slide' : 'picture';
      if (resource.status === 'entered-in-error') {
        return inError(picture);
      }
      if (resource.status === 'not-done') {
        return { withdrawn: { code: 'revoked', text: `The ${picture} was not taken.` } };
      }
      return resource.status === 'preparation' ? { notYet: `The ${picture} has not been taken yet.` } : {};
    }
    case 'ImagingStudy':
      if (resource.status === 'entered-in-error') {
        return inError('imaging study');
      }
      if (resource.status === 'cancelled') {
        return { withdrawn: { code: 'revoked', text: 'The imaging study was cancelled.' } };
      }
      return resource.status === 'registered' ? { notYet: 'The slide has not been scanned yet.' } : {};
    case 'ServiceRequest':
      if (resource.status === 'entered-in-error') {
        return inError('order');
      }
      if (resource.status === 'revoked') {
        return { withdrawn: { code: 'revoked', text: 'The order was revoked.' } };
      }
      if (resource.doNotPerform === true) {
        return { withdrawn: { code: 'revoked', text: 'The order says that it is not to be done.' } };
      }
      if (resource.status === 'on-hold') {
        return { paused: 'The order is on hold in the EHR.' };
      }
      return resource.status === 'draft' ? { notYet: 'The order is a draft.' } : {};
    case 'Task':
      // What else a Task says of its state, we have written ourselves.
      if (resource.status === 'entered-in-error') {
        return inError('order');
      }
      return resource.status === 'cancelled'
        ? { withdrawn: { code: 'revoked', text: 'The Task was cancelled in the EHR.' } }
        : {};
    case 'DiagnosticReport':
      if (resource.status === 'entered-in-error') {
        return inError('report');
      }
      if (resource.status === 'cancelled') {
        return { withdrawn: { code: 'revoked', text: 'The report was cancelled.' } };
      }
      return ['registered', 'partial', 'preliminary'].includes(resource.status ?? '')
        ? { notYet: 'The report is preliminary.' }
        : {};
    case 'Composition':
      if (resource.status === 'entered-in-error') {
        return inError('document');
      }
      return resource.status === 'preliminary' ? { notYet: 'The document is preliminary.' } : {};
    default:
      return {};
  }
}
