/** What a cohort is defined by, for people, in the Datahub's own words: the order's are not known here. Pure. */
import { line, SEXES } from './codes.ts';
import type { Field, Why } from './criteria-types.ts';
import type { Definition } from './state.ts';

const FIELDS: Readonly<Record<Field, string>> = {
  organ: 'Organ',
  organSystem: 'Organ system',
  primaryDiagnosis: 'Primary diagnosis',
  cancerType: 'Type of cancer',
  icd10: 'ICD-10',
  stainName: 'Stain of a slide',
  ihc_markers: 'Immunohistochemical marker with a result',
};

/** How a value differs from what was asked for; nothing where it does not. */
const WHYS: Readonly<Record<Why, string>> = {
  exact: '',
  case: '',
  spelling: 'spelt otherwise',
  plural: 'singular for plural or the reverse',
  side: 'of one side',
  synonym: 'another name',
  part: 'a part of it',
  below: 'a code below it',
  compound: 'without the organ in its name',
};

const inTable = <T extends string>(table: Readonly<Record<T, string>>, name: string): name is T =>
  Object.hasOwn(table, name);

export interface Criterion {
  /** The search's own name of the field, on one line. */
  field: string;
  /** For people. */
  title: string;
  /** One of them is enough; never empty. */
  values: { value: string; why: string }[];
}

/** Each field of the definition with its values; what is blank is left out. */
export function criteriaOfCohort({ fields }: Definition): Criterion[] {
  return fields.flatMap(({ field: name, values }) => {
    const field = line(name);
    const clean = values.flatMap(({ value, why }) => {
      const word = line(value);
      return word === undefined ? [] : [{ value: word, why: inTable(WHYS, why) ? WHYS[why] : '' }];
    });
    return field === undefined || clean.length === 0
      ? []
      : [{ field, title: inTable(FIELDS, name) ? FIELDS[name] : field, values: clean }];
  });
}

/** Values of one criterion that a sentence lists. */
const MOST_VALUES = 20;

function listed({ title, values }: Criterion): string {
  const shown = values
    .slice(0, MOST_VALUES)
    .map(({ value, why }) => (why === '' ? `“${value}”` : `“${value}” (${why})`));
  const more = values.length - shown.length;
  return `${title} ${[...shown, ...(more > 0 ? [`${more} more`] : [])].join(' or ')}`;
}

/** The whole definition, a phrase for each criterion. */
export function phrasesOf(definition: Definition): string[] {
  const { age, gender, malignant } = definition;
  return [
    ...criteriaOfCohort(definition).map(listed),
    ...(age ? [`Age ${age[0]} to ${age[1]} years`] : []),
    ...(gender ? [`Sex ${SEXES[gender]}`] : []),
    ...(malignant === undefined ? [] : [malignant ? 'Malignant' : 'Not malignant']),
  ];
}
