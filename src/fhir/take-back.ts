/** Withdraws what we wrote: never deleted, always marked, so that whoever has seen it finds out. Pure. */
import type { Attachment, Meta, Narrative, Resource } from '@medplum/fhirtypes';
import { binaryReference } from './binary-reference.ts';
import { codedHash } from './content-hash.ts';
import { escapeText } from './narrative.ts';
import { OUR_SYSTEMS, SYSTEMS } from './terminology.ts';

const REPLACED = 'replaced or withdrawn by the AI adapter.';

/** Groups of people and these, of somebody else's data: they are withdrawn by being no longer active. */
export const PEOPLE = ['Group', 'Patient'] as const;

/** Types that can be withdrawn; the report first, because readers come from there, and last whom others are about. */
export const WITHDRAWABLE = [
  'DiagnosticReport',
  'Observation',
  'Condition',
  'Procedure',
  'Media',
  'DocumentReference',
  ...PEOPLE,
] as const;

function withNotice(text: Narrative | undefined, why: string | undefined): Narrative | undefined {
  const notice = `Entered in error: ${why === undefined ? REPLACED : `withdrawn by the AI adapter. ${escapeText(why)}`}`;
  return text?.div === undefined
    ? undefined
    : { ...text, div: text.div.replace(/^<div[^>]*>/, (opening) => `${opening}<p><b>${notice}</b></p>`) };
}

/** Whether somebody, we or another, has withdrawn it already. */
export function isWithdrawn(resource: Resource): boolean {
  if (resource.resourceType === 'Condition') {
    return resource.verificationStatus?.coding?.some(({ code }) => code === 'entered-in-error') ?? false;
  }
  if (resource.resourceType === 'Group' || resource.resourceType === 'Patient') {
    return resource.active === false;
  }
  return 'status' in resource && resource.status === 'entered-in-error';
}

/** Whether it stands exactly as we withdrew it: its own tag vouches for its content, without anything remembered. */
export function isWithdrawnByUs(resource: Resource): boolean {
  const tags = resource.meta?.tag?.filter(({ system }) => system === OUR_SYSTEMS.content) ?? [];
  return isWithdrawn(resource) && tags.some(({ code }) => code === codedHash(resource));
}

/** A server that signs URLs gave one that expires: what is written back names the Binary. */
function standing(attachment: Attachment): Attachment {
  const url = binaryReference(attachment.url);
  return url === undefined ? attachment : { ...attachment, url };
}

/** The content tag says what we meant to write: now the withdrawal. */
function tagged<T extends Resource>(withdrawn: T): T {
  const tag = withdrawn.meta?.tag?.filter(({ system }) => system !== OUR_SYSTEMS.content) ?? [];
  const meta: Meta = {
    ...withdrawn.meta,
    tag: [...tag, { system: OUR_SYSTEMS.content, code: codedHash(withdrawn) }],
  };
  return { ...withdrawn, meta };
}

/**
 * The resource as entered in error; undefined for types that have no such state (Provenance, Binary, Device). `why`, in
 * words for a reader, stands at the head of a report.
 */
export function takeBack(resource: Resource, why?: string): Resource | undefined {
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
      return tagged({ ...rest, verificationStatus: { coding: [code] } });
    }
    case 'DiagnosticReport': {
      const text = withNotice(resource.text, why);
      // The form for people would go on saying what no longer holds; its earlier version keeps it.
      const { presentedForm, ...report } = resource;
      return tagged({ ...report, ...(text === undefined ? {} : { text }), status: 'entered-in-error' });
    }
    case 'Media':
      return tagged({ ...resource, content: standing(resource.content), status: 'entered-in-error' });
    case 'DocumentReference': {
      const content = resource.content.map((one) => ({ ...one, attachment: standing(one.attachment) }));
      const docStatus = resource.docStatus === undefined ? {} : { docStatus: 'entered-in-error' as const };
      return tagged({ ...resource, content, ...docStatus, status: 'entered-in-error' });
    }
    case 'Group':
    case 'Patient':
      return tagged({ ...resource, active: false });
    case 'Observation':
    case 'Procedure':
      return tagged({ ...resource, status: 'entered-in-error' });
    default:
      return undefined;
  }
}
