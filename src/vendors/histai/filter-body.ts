/**
 * The body of a search for what was chosen, in the camel case of the vendor's examples (markers in snake case, as there).
 * It may find more than was asked for, never less: each case that comes back is looked at again (see fits.ts). Pure.
 */
import type { AgeBand, Chosen, Gender, Group } from './criteria-types.ts';

export interface FilterBody {
  organ?: string[];
  organSystem?: string[];
  primaryDiagnosis?: string[];
  cancerType?: string[];
  icd10?: string[];
  stainName?: string[];
  ihc_markers?: string[];
  isCancer?: boolean;
  gender?: Gender;
  ageRange?: AgeBand;
}

const valuesOf = (groups: readonly Pick<Group, 'values'>[]): string[] => [
  ...new Set(groups.flatMap(({ values }) => values.map(({ value }) => value))),
];

/**
 * Of groups of which a case needs each, the rarest alone: a list of values finds what has any of them, so that all of them
 * together would find more.
 */
function rarest(groups: readonly Group[]): string[] {
  const [first] = groups.toSorted((a, b) => (a.count ?? Number.MAX_VALUE) - (b.count ?? Number.MAX_VALUE));
  return first ? valuesOf([first]) : [];
}

/** Organs that the diagnoses' own names say, where every one of them does. */
function impliedOrgans(groups: readonly Group[]): string[] {
  const organs = groups.map((one) => one.organs);
  return organs.includes(undefined) ? [] : valuesOf(organs.map((values = []) => ({ values })));
}

export function filterBody({ organ, diagnosis, stain, marker, age, gender, malignant }: Chosen): FilterBody {
  const stains = [...stain.groups, ...(marker.field === 'stainName' ? marker.groups : [])];
  const places = valuesOf(organ.groups);
  const lists = {
    ...(places.length > 0 ? { [organ.field]: places } : { organ: impliedOrgans(diagnosis.groups) }),
    [diagnosis.field]: valuesOf(diagnosis.groups),
    stainName: rarest(stains),
    ihc_markers: marker.field === 'ihc_markers' ? rarest(marker.groups) : [],
  };
  return {
    ...Object.fromEntries(Object.entries(lists).filter(([, values]) => values.length > 0)),
    ...(malignant !== undefined && { isCancer: malignant }),
    ...(gender && { gender }),
    ...(age && { ageRange: age }),
  };
}
