/**
 * Completes a vendor's draft to a resource for the chart: whose it is, who made it from what, and never more certain
 * than an AI's word may be. Pure.
 */
import type {
  Attachment,
  CodeableConcept,
  Condition,
  Device,
  DiagnosticReport,
  DocumentReference,
  Group,
  ImagingStudy,
  Media,
  Observation,
  Organization,
  Patient,
  Procedure,
  Reference,
} from '@medplum/fhirtypes';
import type { Draft, Finding } from '../findings.ts';
import type { Order } from './about.ts';
import { completeDocument, completeMedia } from './complete-file.ts';
import { completeGroup, completePatient, completeReport } from './complete-others.ts';
import { annotations, derivations, sourceReferences, sources } from './evidence.ts';
import { resultIdentifier } from './identifiers.ts';
import { aiMeta } from './labels.ts';
import { SYSTEMS } from './terminology.ts';
import { tidy } from './tidy.ts';

/** Who stands behind the results: references, logical ones (identifier and display) where the server takes no such type. */
export interface Devices {
  /** The adapter itself. */
  adapter: Reference<Device>;
  /** The vendor's algorithm in its version. */
  model: Reference<Device>;
  /** The vendor's organisation. */
  organization: Reference<Organization>;
}

export type ResultResource =
  | Condition
  | DiagnosticReport
  | DocumentReference
  | Group
  | Media
  | Observation
  | Patient
  | Procedure;

const OBSERVATION_SOURCES = ['DocumentReference', 'Media', 'ImagingStudy'] as const;
const ABATED = ['inactive', 'remission', 'resolved'];
const CLINICAL = ['active', 'recurrence', 'relapse', ...ABATED];
const UNCERTAIN = ['unconfirmed', 'provisional', 'differential', 'refuted'];
const PROCEDURE_STATUS: readonly Procedure['status'][] = [
  'preparation',
  'in-progress',
  'not-done',
  'on-hold',
  'stopped',
  'completed',
  'unknown',
];

/** Where R4 demands a subject and there is none: it is not valid then, and left out. */
const NOBODY = {};

function concept(system: string, code: string): CodeableConcept {
  return { coding: [{ system, code }] };
}

function codeOf(value: CodeableConcept | undefined, system: string): string | undefined {
  return value?.coding?.find((coding) => coding.system === system)?.code;
}

function hasValue(draft: Draft<Observation>): boolean {
  return (
    Object.keys(draft).some((name) => /^_?value[A-Z]/.test(name)) ||
    draft.component !== undefined ||
    draft.hasMember !== undefined
  );
}

/** `preliminary` whatever the vendor says: a person signs. A Device may not be its performer in R4. */
function observation(draft: Draft<Observation>, finding: Finding, order: Order, devices: Devices): Observation {
  const { dataAbsentReason, ...rest } = draft;
  const from = sourceReferences<DocumentReference | ImagingStudy | Media>(
    sources(finding.evidence, order.inputs),
    OBSERVATION_SOURCES,
  );
  // When the report's own source was taken says nothing of a person of somebody else's data.
  const effective = finding.about !== undefined || Object.keys(draft).some((name) => name.startsWith('effective'));
  return {
    ...rest,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    basedOn: order.basedOn,
    status: 'preliminary',
    category: draft.category ?? [concept(SYSTEMS.observationCategory, 'exam')],
    subject: order.subject,
    encounter: order.encounter,
    ...(effective ? {} : { effectiveDateTime: order.findings.report.effective }),
    issued: order.now,
    performer: [devices.organization],
    device: devices.model,
    specimen: draft.specimen ?? order.specimens[0],
    derivedFrom: [...(draft.derivedFrom ?? []), ...from],
    ...(hasValue(draft) ? {} : { dataAbsentReason: dataAbsentReason ?? concept(SYSTEMS.dataAbsentReason, 'unknown') }),
    extension: [...(draft.extension ?? []), ...derivations(finding.evidence, order.inputs)],
    note: [...(draft.note ?? []), ...annotations(finding.evidence, finding.remarks)],
  };
}

function verification(draft: Draft<Condition>, order: Order): string {
  const code = codeOf(draft.verificationStatus, SYSTEMS.conditionVerification);
  if (code === 'confirmed') {
    return order.policy.confirmedInText;
  }
  return code !== undefined && UNCERTAIN.includes(code) ? code : 'unconfirmed';
}

/** Always one, and one that agrees with an abatement (con-3, con-4). */
function clinical(draft: Draft<Condition>): string {
  const code = codeOf(draft.clinicalStatus, SYSTEMS.conditionClinical);
  const abated = Object.keys(draft).some((name) => /^_?abatement[A-Z]/.test(name));
  const stated = code !== undefined && CLINICAL.includes(code) ? code : undefined;
  if (abated) {
    return stated !== undefined && ABATED.includes(stated) ? stated : 'resolved';
  }
  return stated ?? 'active';
}

/** Never `confirmed`, never on the problem list; nobody asserted it, so recorder and asserter stay empty. */
function condition(draft: Draft<Condition>, finding: Finding, order: Order): Condition {
  const { recorder, asserter, ...rest } = draft;
  const category =
    order.encounter === undefined
      ? concept(SYSTEMS.usCoreConditionCategory, 'health-concern')
      : concept(SYSTEMS.conditionCategory, 'encounter-diagnosis');
  const detail = sourceReferences(sources(finding.evidence, order.inputs));
  return {
    ...rest,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    clinicalStatus: concept(SYSTEMS.conditionClinical, clinical(draft)),
    verificationStatus: concept(SYSTEMS.conditionVerification, verification(draft, order)),
    category: [category],
    subject: order.subject ?? NOBODY,
    encounter: order.encounter,
    recordedDate: order.now,
    evidence: [...(draft.evidence ?? []), ...(detail.length > 0 ? [{ detail }] : [])],
    extension: [...(draft.extension ?? []), ...derivations(finding.evidence, order.inputs)],
    note: [...(draft.note ?? []), ...annotations(finding.evidence, finding.remarks)],
  };
}

/** As the text tells it; who performed it is not known to us, and a Device did not. */
function procedure(draft: Draft<Procedure>, finding: Finding, order: Order): Procedure {
  const { performer, recorder, asserter, ...rest } = draft;
  return {
    ...rest,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    basedOn: order.basedOn,
    status: PROCEDURE_STATUS.find((status) => status === draft.status) ?? 'unknown',
    subject: order.subject ?? NOBODY,
    encounter: order.encounter,
    extension: [...(draft.extension ?? []), ...derivations(finding.evidence, order.inputs)],
    note: [...(draft.note ?? []), ...annotations(finding.evidence, finding.remarks)],
  };
}

/** What a vendor has no say in, though its draft may carry it: a vendor's HTML above all never enters the chart. */
const NOT_THE_VENDORS = ['id', 'meta', 'text', 'contained', 'identifier', 'implicitRules', 'subject', 'encounter'];

/** The resource that a finding becomes; `file` is what a Media or DocumentReference holds. */
export function completeFinding(
  finding: Finding,
  order: Order,
  devices: Devices,
  file: Attachment = {},
): ResultResource {
  const draft = tidy(finding.resource, NOT_THE_VENDORS);
  switch (draft.resourceType) {
    case 'Observation':
      return tidy(observation(draft, finding, order, devices));
    case 'Condition':
      return tidy(condition(draft, finding, order));
    case 'Procedure':
      return tidy(procedure(draft, finding, order));
    case 'Media':
      return tidy(completeMedia(draft, finding, order, devices, file));
    case 'DocumentReference':
      return tidy(completeDocument(draft, finding, order, devices, file));
    case 'DiagnosticReport':
      return tidy(completeReport(draft, finding, order, devices));
    case 'Group':
      return tidy(completeGroup(draft, finding, order));
    case 'Patient':
      return tidy(completePatient(draft, finding, order));
  }
}
