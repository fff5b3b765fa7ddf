/**
 * The R4B Bundle of `GET /tasks/fhir/{task_id}`: Conditions for disorders, then Procedures. Findings and other types are
 * not in it, as in the fixtures: they stand only in the JSON answer.
 */
import { type BundleEntry, type R4bBundle, toEntry } from './bundle-entry.ts';
import { misshape } from './bundle-faults.ts';
import type { Extraction } from './extract.ts';

/** What stands for the patient where the caller names none: an invalid reference. */
const PLACEHOLDER = '<subject_id>';

/** The Bundle of a task's extractions, told with the faults of BUNDLE_FAULTS. */
export function toBundle(
  extractions: readonly Extraction[],
  patientId: string | undefined,
  faults: ReadonlySet<string>,
): R4bBundle {
  const id = faults.has('placeholder-subject') ? PLACEHOLDER : (patientId ?? PLACEHOLDER);
  const subject = { reference: `Patient/${id}` };
  const of = (type: string) => extractions.filter(({ concept_type }) => concept_type === type);
  const entry = [
    ...of('disorder').map((extraction) => toEntry(condition(extraction, subject))),
    ...of('procedure').map((extraction) => toEntry(procedure(extraction, subject))),
    ...(faults.has('findings-in-bundle') ? of('finding').map((finding) => toEntry(observation(finding, subject))) : []),
  ];
  return misshape({ resourceType: 'Bundle', type: 'collection', entry }, subject, faults);
}

function condition(extraction: Extraction, subject: object): BundleEntry['resource'] {
  const system = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
  return {
    resourceType: 'Condition',
    id: extraction.id,
    verificationStatus: { coding: [{ system, code: extraction.status }] },
    code: coded(extraction),
    subject,
    ...(extraction.date && { onsetDateTime: extraction.date }),
    ...(extraction.end_date && { abatementDateTime: extraction.end_date }),
  };
}

function procedure(extraction: Extraction, subject: object): BundleEntry['resource'] {
  return {
    resourceType: 'Procedure',
    id: extraction.id,
    status: extraction.status === 'confirmed' ? 'completed' : 'unknown',
    code: coded(extraction),
    subject,
    ...(extraction.date && { performedDateTime: extraction.date }),
  };
}

function observation(extraction: Extraction, subject: object): BundleEntry['resource'] {
  return {
    resourceType: 'Observation',
    id: extraction.id,
    status: 'final',
    code: coded(extraction),
    subject,
    ...(extraction.date && { effectiveDateTime: extraction.date }),
  };
}

function coded({ snomed_ct_code, snomed_ct_term }: Extraction) {
  return { coding: [{ system: 'http://snomed.info/sct', code: snomed_ct_code, display: snomed_ct_term }] };
}
