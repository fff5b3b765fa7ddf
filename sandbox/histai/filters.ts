/** What a search can ask for. Between fields all must fit, within a field one value is enough; values are exact. */
import { z } from 'zod';
import type { Case } from './cases.ts';

type Value = string | number | boolean;

/** The fields whose values can be listed: by filter name, a case's values. */
export const FACETS = {
  organ: ({ organ }) => organ,
  organSystem: ({ organSystem }) => organSystem,
  primaryDiagnosis: ({ primaryDiagnosis }) => primaryDiagnosis,
  cancerType: ({ cancerType }) => cancerType,
  isCancer: ({ isCancer }) => [isCancer],
  gender: ({ gender }) => [gender],
  icd10: ({ icd10 }) => [icd10],
  stainName: ({ stainNames }) => stainNames,
  stainType: ({ stainTypes }) => stainTypes,
  biopsyRegimen: ({ biopsyRegimen }) => biopsyRegimen,
  scanner: ({ scanners }) => scanners,
  magnification: ({ magnifications }) => magnifications,
  // In snake case among names in camel case: so the vendor's document has it.
  ihc_markers: ({ ihcStudies }) => Object.keys(ihcStudies),
} as const satisfies Record<string, (one: Case) => readonly Value[]>;

export type FacetName = keyof typeof FACETS;
export const isFacet = (name: string): name is FacetName => Object.hasOwn(FACETS, name);

const texts = z.array(z.string()).nullish();
const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]).nullish();

const fields = {
  organ: texts,
  organSystem: texts,
  primaryDiagnosis: texts,
  cancerType: texts,
  isCancer: z.boolean().nullish(),
  gender: oneOrMore,
  icd10: oneOrMore,
  stainName: texts,
  stainType: texts,
  biopsyRegimen: texts,
  scanner: texts,
  magnification: z.array(z.number()).nullish(),
  ihc_markers: texts,
  /** Years, both ends included. */
  ageRange: z
    .tuple([z.number(), z.number()])
    .refine(([from, to]) => from <= to)
    .nullish(),
  /** Text within a result by marker, or within any marker's name or result: its form is not documented. */
  ihcStudiesContains: z.union([z.record(z.string(), z.string()), z.string(), z.array(z.string())]).nullish(),
};

const schema = z.object(fields);
export type Filter = z.infer<typeof schema>;

/** The filter in a body; undefined: a value is of a wrong type, or a key is unknown where that is refused. No body is `{}`. */
export function readFilter(body: unknown, unknown: 'ignored' | 'refused'): Filter | undefined {
  return (unknown === 'refused' ? schema.strict() : schema).safeParse(body ?? {}).data;
}

/** Whether a case fits. A list without values, like null, asks for nothing. */
export function fits(one: Case, filter: Filter): boolean {
  const { ageRange, ihcStudiesContains } = filter;
  return (
    Object.entries(FACETS).every(([name, valuesOf]) => {
      const asked = isFacet(name) ? listOf(filter[name]) : [];
      const values: readonly Value[] = valuesOf(one);
      return asked.length === 0 || asked.some((value) => values.includes(value));
    }) &&
    (!ageRange || (one.age >= ageRange[0] && one.age <= ageRange[1])) &&
    ihcFits(one, ihcStudiesContains ?? [])
  );
}

const listOf = (value: Value | readonly Value[] | null | undefined): readonly Value[] =>
  value === null || value === undefined ? [] : typeof value === 'object' ? value : [value];

function ihcFits({ ihcStudies }: Case, asked: NonNullable<Filter['ihcStudiesContains']>): boolean {
  const contains = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());
  if (typeof asked === 'string' || Array.isArray(asked)) {
    const studies = Object.entries(ihcStudies).map(([marker, result]) => `${marker}: ${result}`);
    return [asked].flat().every((part) => studies.some((study) => contains(study, part)));
  }
  return Object.entries(asked).every(
    ([marker, part]) => Object.hasOwn(ihcStudies, marker) && contains(ihcStudies[marker] ?? '', part),
  );
}
