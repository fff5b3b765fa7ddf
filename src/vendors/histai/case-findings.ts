/**
 * A resource for each thing that is known of a bought case: a person of somebody else's data, of whom nothing is written
 * but the sex. When anything was found is not known, and nothing says so. Pure.
 */
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { DraftResource, Finding } from '../../findings.ts';
import { caseReport } from './case-report.ts';
import { LABORATORY, line, local, OTHER_PEOPLE_NOTE, SEXES } from './codes.ts';
import { resultsOf } from './composition.ts';
import { token, unique } from './part-names.ts';
import type { BoughtCase, Result } from './state.ts';

/** Cases that get resources of their own; the others stand in the records of the cohort. */
export const MOST_CASES = 300;

/** Code of the WHO's ICD-10. A longer one is of a national edition, and what is no code may be anything. */
const ICD10 = /^[A-Z]\d\d(\.\d{1,2})?$/;

interface Case {
  one: BoughtCase;
  /** The part of its Patient. */
  person: string;
}

const about = ({ one, person }: Case, name: string, what: string, resource: DraftResource): Finding => ({
  part: `${person}/${name}`,
  resource,
  label: `Case ${one.caseId}: ${what}`,
  evidence: [],
  about: person,
});

function ageOf(of: Case): Finding[] {
  const { age } = of.one;
  if (age === undefined) {
    return [];
  }
  const code = local('age', 'Age');
  const resource: DraftResource = {
    resourceType: 'Observation',
    status: 'preliminary',
    code: { ...code, coding: [...(code.coding ?? []), { system: SYSTEMS.loinc, code: '30525-0', display: 'Age' }] },
    valueQuantity: { value: age, unit: 'years', system: SYSTEMS.ucum, code: 'a' },
    note: OTHER_PEOPLE_NOTE,
  };
  return [about(of, 'age', 'age', resource)];
}

function studiesOf(of: Case): Finding[] {
  const results = resultsOf(of.one);
  const names = unique(results.map(({ marker }) => `ihc/${token(marker)}`));
  return results.map(({ marker, result }, index) =>
    about(of, names[index] ?? '', marker, {
      resourceType: 'Observation',
      status: 'preliminary',
      category: [LABORATORY],
      code: local(`ihc/${marker}`, `${marker} by immunohistochemistry`),
      valueString: result,
      note: OTHER_PEOPLE_NOTE,
    }),
  );
}

/** One, whatever the number of diagnoses: the record has a single code, and does not say of which of them. */
function diagnosisOf(of: Case): Finding[] {
  const { primaryDiagnosis, icd10 } = of.one;
  const given = line(icd10 ?? '');
  const code = given !== undefined && ICD10.test(given.toUpperCase()) ? given.toUpperCase() : undefined;
  const words = primaryDiagnosis.flatMap((text) => line(text) ?? []);
  const text = words.length > 0 ? words.join('; ') : given;
  if (text === undefined) {
    return [];
  }
  const unread = code === undefined && given !== undefined && words.length > 0 ? [`Code as given: ${given}`] : [];
  const resource: DraftResource = {
    resourceType: 'Condition',
    verificationStatus: { coding: [{ system: SYSTEMS.conditionVerification, code: 'unconfirmed' }] },
    code: { ...(code !== undefined && { coding: [{ system: SYSTEMS.icd10, code }] }), text },
    note: [...OTHER_PEOPLE_NOTE, ...unread.map((note) => ({ text: note }))],
  };
  return [about(of, 'diagnosis', 'diagnosis', resource)];
}

/** A case's Patient first, and what refers to others of these after them. */
function findingsOf(of: Case): Finding[] {
  const { one, person } = of;
  const observed = [...ageOf(of), ...studiesOf(of)];
  const report = caseReport(one, observed.length > 0);
  return [
    {
      part: person,
      resource: { resourceType: 'Patient', ...(one.gender && { gender: SEXES[one.gender] }) },
      label: `Case ${one.caseId}`,
      evidence: [],
    },
    ...observed,
    ...diagnosisOf(of),
    ...(report ? [{ ...about(of, 'report', 'report', report), holds: observed.map(({ part }) => part) }] : []),
  ];
}

/** Nothing where the site does not want them. `people`: the parts of the Patients. */
export function caseFindings({ cases, caseResources }: Pick<Result, 'cases' | 'caseResources'>): {
  items: Finding[];
  people: string[];
  missing: string[];
} {
  const taken = caseResources ? cases.slice(0, MOST_CASES) : [];
  const people = unique(taken.map(({ caseId }) => `case/${token(caseId)}`));
  const left = caseResources ? cases.length - taken.length : 0;
  return {
    items: taken.flatMap((one, index) => findingsOf({ one, person: people[index] ?? '' })),
    people,
    missing:
      left === 0
        ? []
        : [`${left} of ${cases.length} cases one by one (at most ${MOST_CASES} get resources of their own)`],
  };
}
