/** Codes, labels and sentences that everything written of a cohort has in common. */
import type { Annotation, CodeableConcept } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';

/** Local code system of cohorts and of their cases: nothing of LOINC or SNOMED CT says the same. */
export const LOCAL_SYSTEM = 'urn:fhir-ai-adapter:histai';

export const OTHER_PEOPLE = 'Research data of other people; not about the patient of any order.';
export const OTHER_PEOPLE_NOTE: Annotation[] = [{ text: OTHER_PEOPLE }];

export const LABORATORY: CodeableConcept = {
  coding: [{ system: SYSTEMS.observationCategory, code: 'laboratory', display: 'Laboratory' }],
};
export const PATHOLOGY: CodeableConcept = {
  coding: [{ system: SYSTEMS.diagnosticService, code: 'PAT', display: 'Pathology (gross & histopath, not surgical)' }],
};

/** As FHIR's administrative gender has them. */
export const SEXES = { f: 'female', m: 'male' } as const;

/** @param code of which FHIR wants that no blank stands at its ends and no two beside each other: see `line` */
export const local = (code: string, text: string): CodeableConcept => ({
  coding: [{ system: LOCAL_SYSTEM, code, display: text }],
  text,
});

/** Characters. */
const LONGEST = 200;

/** A name of the vendor's on one line, fit for a code; undefined where nothing is left of it. */
export function line(text: string): string | undefined {
  const words = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return words === '' ? undefined : Array.from(words).slice(0, LONGEST).join('').trimEnd();
}
