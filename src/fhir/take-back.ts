/** Withdraws what we wrote: never deleted, always marked, so that whoever has seen it finds out. Pure. */
import type { Narrative, Resource } from '@medplum/fhirtypes';
import { SYSTEMS } from './terminology.ts';

const NOTICE = 'Entered in error: replaced or withdrawn by the AI adapter.';

function withNotice(text: Narrative | undefined): Narrative | undefined {
  return text?.div === undefined
    ? undefined
    : { ...text, div: text.div.replace(/^<div[^>]*>/, (opening) => `${opening}<p><b>${NOTICE}</b></p>`) };
}

/** Whether somebody, we or another, has withdrawn it already. */
export function isWithdrawn(resource: Resource): boolean {
  if (resource.resourceType === 'Condition') {
    return resource.verificationStatus?.coding?.some(({ code }) => code === 'entered-in-error') ?? false;
  }
  return 'status' in resource && resource.status === 'entered-in-error';
}

/** The resource as entered in error; undefined for types that have no such state (Provenance, Binary). */
export function takeBack(resource: Resource): Resource | undefined {
  switch (resource.resourceType) {
    case 'Condition': {
      // con-5: what was entered in error has no clinical status, and then con-4 allows it no abatement either.
      const {
        clinicalStatus,
        abatementAge,
        abatementDateTime,
        abatementPeriod,
        abatementRange,
        abatementString,
        ...rest
      } = resource;
      const code = { system: SYSTEMS.conditionVerification, code: 'entered-in-error' };
      return { ...rest, verificationStatus: { coding: [code] } };
    }
    case 'DiagnosticReport': {
      const text = withNotice(resource.text);
      // The form for people would go on saying what no longer holds; its earlier version keeps it.
      const { presentedForm, ...report } = resource;
      return { ...report, ...(text === undefined ? {} : { text }), status: 'entered-in-error' };
    }
    case 'Observation':
    case 'Procedure':
    case 'Media':
    case 'DocumentReference':
      return { ...resource, status: 'entered-in-error' };
    default:
      return undefined;
  }
}
