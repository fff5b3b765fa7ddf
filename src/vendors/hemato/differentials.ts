/** Suggested differential diagnoses: an Observation each; a Condition beside it only where the route says so. Pure. */
import type { CodeableConcept, Condition, ObservationComponent } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft } from '../../findings.ts';
import type { VendorOrder } from '../contract.ts';
import { component, localCode, observation, type Unnamed } from './observation.ts';
import type { Report } from './report-shape.ts';
import { countOf, numberOf, pure } from './units.ts';

const ICD10 = /^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$/;
const SUGGESTED = 'A suggestion of software for a clinician to consider; not a diagnosis.';
const UNKNOWN_EDITION = 'Which edition of ICD-10 the code is of is not known here, so it is written as text.';

export interface Suggestion {
  /** One line: the diagnosis in words, else its code. */
  term: string;
  code: string | undefined;
  confidence: string | undefined;
  score: string | undefined;
  significance: string | undefined;
}

export function suggestionsOf({ content }: Report): Suggestion[] {
  const found = content.diagnostic_report?.differential_diagnosis ?? [];
  return found.flatMap((one) => {
    const code = one['icd10-code']?.trim().toUpperCase() || undefined;
    const term = one['english-long']?.trim() || one['english-short']?.trim() || code;
    const { confidence, score, 'clinical-significance': significance } = one;
    return term === undefined ? [] : [{ term, code, confidence, score, significance }];
  });
}

/** The code as a coding only where the edition is known and it looks like one of it. */
function conceptOf({ term, code }: Suggestion, system: string | undefined): CodeableConcept {
  if (code === undefined || code === term) {
    return { text: term };
  }
  return system !== undefined && ICD10.test(code)
    ? { coding: [{ system, code }], text: term }
    : { text: `${term} (ICD-10 ${code})` };
}

const text = (code: string, label: string, value: string | undefined): ObservationComponent[] =>
  value === undefined || value.trim() === '' ? [] : [component(code, label, { valueString: value.trim() })];

/** What the scale of the score and the letter mean is not documented: numbers and letters, and no more. */
function components({ confidence, score, significance }: Suggestion): ObservationComponent[] {
  const sure = numberOf(confidence);
  const points = countOf(score);
  return [
    ...(sure !== undefined && sure >= 0 && sure <= 1
      ? [component('confidence', 'confidence', { valueQuantity: pure(sure) })]
      : text('confidence', 'confidence', confidence)),
    ...(points === undefined ? text('score', 'score', score) : [component('score', 'score', { valueInteger: points })]),
    ...text('clinical-significance', 'clinical significance', significance),
  ];
}

/** ICD-10's two editions write the same code with different meanings: the contract with the vendor says which. */
export function icdSystem(icd10: Icd10 | undefined): string | undefined {
  return icd10 === undefined ? undefined : { 'icd-10': SYSTEMS.icd10, 'icd-10-cm': SYSTEMS.icd10cm }[icd10];
}
export type Icd10 = 'icd-10' | 'icd-10-cm';

export function differentials(
  task: string,
  report: Report,
  order: Pick<VendorOrder, 'focus'>,
  options: { icd10: Icd10 | undefined; asCondition: boolean },
): Unnamed[] {
  const system = icdSystem(options.icd10);
  const code = localCode('observation', 'differential', 'Suggested differential diagnosis');
  return suggestionsOf(report).flatMap((suggestion): Unnamed[] => {
    const value = conceptOf(suggestion, system);
    const unknown = suggestion.code !== undefined && value.coding === undefined ? [UNKNOWN_EDITION] : [];
    const parts = components(suggestion);
    const shared = {
      label: suggestion.term,
      evidence: [],
      remarks: [SUGGESTED, ...unknown],
    };
    const name = suggestion.code ?? suggestion.term;
    const from = `${task} ${suggestion.term}`;
    const condition: Draft<Condition> = {
      resourceType: 'Condition',
      verificationStatus: {
        coding: [{ system: SYSTEMS.conditionVerification, code: 'differential', display: 'Differential' }],
      },
      code: value,
    };
    return [
      {
        ...shared,
        named: { prefix: 'differential/', name, from },
        resource: observation(order, code, {
          valueCodeableConcept: value,
          ...(parts.length > 0 && { component: parts }),
        }),
      },
      ...(options.asCondition ? [{ ...shared, named: { prefix: 'condition/', name, from }, resource: condition }] : []),
    ];
  });
}
