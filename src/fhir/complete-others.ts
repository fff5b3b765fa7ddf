/** Completes drafts of other people's data: a group, its people without what would name them, a report about one. Pure. */
import type { Attachment, DiagnosticReport, Group, Patient, Reference, Resource } from '@medplum/fhirtypes';
import type { Draft, Finding } from '../findings.ts';
import type { Order } from './about.ts';
import type { Devices } from './complete-finding.ts';
import { derivations } from './evidence.ts';
import { resultIdentifier } from './identifiers.ts';
import { aiMeta } from './labels.ts';

/** References to what a finding holds, as far as it is written. */
function held<T extends Resource>({ holds = [] }: Finding, { referenceOf }: Order): Reference<T>[] {
  return holds.flatMap((part) => {
    const reference = referenceOf(part);
    return reference === undefined ? [] : [{ reference }];
  });
}

/** `active`: that it is not is how it is withdrawn. */
export function completeGroup(draft: Draft<Group>, finding: Finding, order: Order): Group {
  return {
    ...draft,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    active: true,
    member: held<Patient>(finding, order).map((entity) => ({ entity })),
  };
}

/** Nothing is passed on that could tell who somebody else's patient is, whatever a draft holds. */
export function completePatient({ gender, deceasedBoolean }: Draft<Patient>, finding: Finding, order: Order): Patient {
  return {
    resourceType: 'Patient',
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    active: true,
    gender,
    deceasedBoolean,
  };
}

/** A vendor's address would expire, and tells who has looked. */
function withoutAddress({ url, ...attachment }: Attachment): Attachment {
  return attachment;
}

/** `preliminary`, or as the site says, whatever its source says: nobody here has signed it. */
export function completeReport(
  { resultsInterpreter, ...draft }: Draft<DiagnosticReport>,
  finding: Finding,
  order: Order,
  devices: Devices,
): DiagnosticReport {
  return {
    ...draft,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    basedOn: order.basedOn,
    status: order.policy.reportStatus,
    subject: order.subject,
    encounter: order.encounter,
    issued: order.now,
    performer: [devices.organization],
    specimen: draft.specimen ?? order.specimens,
    result: held(finding, order),
    presentedForm: draft.presentedForm?.map(withoutAddress),
    extension: [...(draft.extension ?? []), ...derivations(finding.evidence, order.inputs)],
  };
}
