/**
 * Whether a case is what was asked for, looked at here once more: a filter that the Datahub does not know may be ignored
 * there, and would silently widen what is bought. What a case does not say, it does not fit. Pure.
 */
import type { CaseRecord, Chosen, ChosenValue, Field, Group } from './criteria-types.ts';

const lower = (text: string): string => text.trim().toLowerCase();

/** A case's values of each field of a search. */
const VALUES: Record<Field, (one: CaseRecord) => readonly string[]> = {
  organ: ({ organ }) => organ,
  organSystem: ({ organSystem }) => organSystem,
  primaryDiagnosis: ({ primaryDiagnosis }) => primaryDiagnosis,
  cancerType: ({ cancerType }) => cancerType,
  icd10: ({ icd10 }) => (icd10 === undefined ? [] : [icd10]),
  stainName: ({ stainNames, slides }) => [...stainNames, ...slides.map(({ stainName }) => stainName)],
  ihc_markers: ({ ihcStudies }) => Object.keys(ihcStudies),
};

export function fits(one: CaseRecord, { organ, diagnosis, stain, marker, age, gender, malignant }: Chosen): boolean {
  const has = (field: Field, values: readonly ChosenValue[]): boolean => {
    const own = VALUES[field](one).map(lower);
    return values.some(({ value }) => own.includes(lower(value)));
  };
  const isOfOrgan = ({ values }: Group) => has(organ.field, values);
  const isDiagnosis = ({ values, organs }: Group) => has(diagnosis.field, values) && (!organs || has('organ', organs));
  return (
    (organ.groups.length === 0 || organ.groups.some(isOfOrgan)) &&
    (diagnosis.groups.length === 0 || diagnosis.groups.some(isDiagnosis)) &&
    stain.groups.every(({ values }) => has(stain.field, values)) &&
    marker.groups.every(({ values }) => has(marker.field, values)) &&
    (age === undefined || (one.age !== undefined && one.age >= age[0] && one.age <= age[1])) &&
    (gender === undefined || (one.gender !== undefined && lower(one.gender) === gender)) &&
    (malignant === undefined || one.isCancer === malignant)
  );
}
