/**
 * Finds the Datahub's own values for what an order asks for: filters take exact values, and organs have several names.
 * Pure and wary, since each value chosen is bought: words are compared whole, and all of a value's words must be accounted
 * for. So "lung" is not "Lunge"; "Colon" is "Sigmoid colon" (a part of it, by a table) and not "Colonoscopy"; "Ovary" is
 * "Left ovary" and "Ovaries", while "Left ovary" is not "Ovary", whose side nobody knows; and "Fallopian tube and ovary" is
 * neither organ, since the case's slides may be of the other one. What says more than was asked ("Acinar adenocarcinoma"
 * for "Adenocarcinoma") is told as near, and not chosen.
 */
import {
  type ChosenValue,
  type Criteria,
  FACET_KEYS,
  type Facets,
  FILLERS,
  type Field,
  type Group,
  type Kind,
  type Matched,
  type Missing,
  PARTS,
  PLURALS,
  SAME_NAME,
  SAME_STAIN,
  SAME_WORD,
  SIDES,
  STRUCTURES,
  type Term,
  type Why,
} from './criteria-types.ts';

const tokensOf = (text: string): string[] =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

const singular = (word: string): string =>
  (PLURALS.get(word) ?? word).replace(/(?<=\p{L}{2})ies$/u, 'y').replace(/(?<=\p{L}{2}[^s])s$/u, '');

const joined = (tokens: readonly string[]): string => [...tokens].sort().join(' ');

/** A key for each name of each line: that of the line's first. */
const byKey = (lines: readonly (readonly [string, ...string[]])[], key: (name: string) => string) =>
  new Map(lines.flatMap(([first, ...others]) => others.map((other) => [key(other), key(first)] as const)));

const WORDS = byKey(SAME_WORD, singular);

/** A name taken apart once, to be compared with many. */
interface Name {
  value: string;
  /** The words that count, in their usual form. */
  words: string[];
  /** The same for all names of the same, but for the side. */
  key: string;
  /** Of the body, where one is named. */
  side: string;
}

function parse(value: string): Name {
  const all = tokensOf(value).map(singular);
  const placed = all.filter((word) => !SIDES.has(word));
  const telling = placed.filter((word) => !FILLERS.has(word));
  const words = (telling.length > 0 ? telling : placed).map((word) => WORDS.get(word) ?? word);
  const side = joined([...new Set(all.flatMap((word) => SIDES.get(word) ?? []))]);
  return { value, words, key: joined(words), side };
}
const NAMES = byKey(SAME_NAME, (name) => parse(name).key);
const nameOf = (value: string): Name => {
  const name = parse(value);
  return { ...name, key: NAMES.get(name.key) ?? name.key };
};

const parts = new Map(
  PARTS.map(([organ, ...within]) => [nameOf(organ).key, new Set(within.map((part) => nameOf(part).key))]),
);

const compact = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}+&]/gu, '');
const STAINS = byKey(SAME_STAIN, compact);
/** By which two names of a stain or marker are the same. A plus stays: "HER2+" is a result. */
export const stainKey = (name: string): string => STAINS.get(compact(name)) ?? compact(name);

/** One after another: the first way in which both names are the same says why. */
type Ways = readonly (readonly [Why, (name: string) => string])[];

const lower = (name: string): string => name.trim().toLowerCase();
const same = (name: string): string => name;
const NAME_WAYS: Ways = [
  ['exact', same],
  ['case', lower],
  ['spelling', (name) => joined(tokensOf(name))],
  ['plural', (name) => joined(tokensOf(name).map(singular))],
];
const STAIN_WAYS: Ways = [
  ['exact', same],
  ['case', lower],
  ['spelling', compact],
  ['synonym', stainKey],
];

const sameIn = (ways: Ways, asked: string, value: string): Why | undefined =>
  ways.find(([, key]) => key(asked) !== '' && key(asked) === key(value))?.[0];

/** A side that was asked for must be that of the value; where none was, any will do. */
function sameName(asked: Name, value: Name): Why | undefined {
  const isSame = asked.key === value.key;
  const isPart = parts.get(asked.key)?.has(value.key) === true;
  if (asked.key === '' || (asked.side !== '' && asked.side !== value.side) || !(isSame || isPart)) {
    return undefined;
  }
  const alike = !isSame ? 'part' : asked.side === value.side ? 'synonym' : 'side';
  return sameIn(NAME_WAYS, asked.value, value.value) ?? alike;
}

interface Value extends Name {
  count: number | undefined;
}

/** The values of the first way of saying it for which there are any. */
function choose<T>(
  names: readonly T[],
  values: readonly Value[],
  compare: (name: T, value: Value) => Why | undefined,
): ChosenValue[] {
  const found = names.map((name) =>
    values.flatMap((value) => {
      const why = compare(name, value);
      return why === undefined ? [] : { value: value.value, why };
    }),
  );
  return found.find((some) => some.length > 0) ?? [];
}

const namesOf = ({ words, snomed }: Term): Name[] =>
  [...words, ...snomed.flatMap((code) => STRUCTURES.get(code) ?? [])].map(nameOf);

/** A code stands for what is below it: C50 for C50.4, and never the other way. */
function below(code: string, { value }: Name): Why | undefined {
  const [asked = '', other = ''] = [code, value].map((one) => one.replaceAll(/[\s.]/g, '').toUpperCase());
  return asked === other ? 'exact' : other.startsWith(asked) ? 'below' : undefined;
}

/** "Prostate adenocarcinoma" as the finding and its organ, where both are there; the longest organ within the name. */
function split({ words, side }: Name, diagnoses: readonly Value[], organs: readonly Value[]) {
  const [organ] = organs
    .filter((own) => own.words.length < words.length && own.words.every((word) => words.includes(word)))
    .sort((a, b) => b.words.length - a.words.length);
  if (!organ) {
    return undefined;
  }
  const rest = nameOf(words.filter((word) => !organ.words.includes(word)).join(' '));
  const places = choose([nameOf(`${side} ${organ.words.join(' ')}`)], organs, sameName);
  const values = diagnoses
    .filter(({ key, side: own }) => key !== '' && key === rest.key && own === '')
    .map(({ value }): ChosenValue => ({ value, why: 'compound' }));
  return values.length > 0 && places.length > 0 ? { values, organs: places } : undefined;
}

type Look = (term: Term, values: readonly Value[], organs: readonly Value[]) => Pick<Group, 'values' | 'organs'>;

const byName: Look = (term, values) => ({ values: choose(namesOf(term), values, sameName) });

const byStain: Look = ({ words }, values) => ({
  values: choose(words, values, (name, { value }) => sameIn(STAIN_WAYS, name, value)),
});

/** The narrowest code first. */
const byCode: Look = ({ icd10 }, values) => {
  const codes = icd10.toSorted((a, b) => b.length - a.length);
  return { values: choose(codes, values, below) };
};

/** By the whole name, and by its parts: then the organ counts for all of them. */
const byDiagnosis: Look = ({ words }, values, organs) => {
  const names = words.map(nameOf);
  const whole = choose(names, values, sameName);
  const found = names.map((name) => split(name, values, organs)).find((one) => one !== undefined);
  const others = (found?.values ?? []).filter(({ value }) => !whole.some((one) => one.value === value));
  return { values: [...whole, ...others], ...(found && others.length > 0 && { organs: found.organs }) };
};

const LOOKS: Record<Field, Look> = {
  organ: byName,
  organSystem: byName,
  primaryDiagnosis: byDiagnosis,
  cancerType: byDiagnosis,
  icd10: byCode,
  stainName: byStain,
  ihc_markers: byStain,
};

/** Undefined: the Datahub lists no such field. */
function valuesIn(facets: Facets, field: Field): Value[] | undefined {
  const key = FACET_KEYS[field].find((one) => Object.hasOwn(facets, one));
  const listed = key === undefined ? undefined : facets[key];
  return listed?.flatMap(({ value, count }) =>
    typeof value === 'string' && count !== 0 ? { ...nameOf(value), count } : [],
  );
}

const MOST_NEAR = 5;

/** Values that have all of the term's words, and more. */
function nearTo(term: Term, values: readonly Value[], chosen: readonly ChosenValue[]): string[] {
  const words = namesOf(term)[0]?.words ?? [];
  return values
    .filter((value) => words.length > 0 && words.every((word) => value.words.includes(word)))
    .filter(({ value }) => !chosen.some((one) => one.value === value))
    .slice(0, MOST_NEAR)
    .map(({ value }) => value);
}

const total = (values: readonly Value[], chosen: readonly ChosenValue[]): number | undefined => {
  const counts = chosen.map(({ value }) => values.find((one) => one.value === value)?.count);
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
};

/** The terms in that field, of several, where most of them are found: a request has all its fields hold at once. */
function find<F extends Field>(
  facets: Facets,
  kind: Kind,
  terms: readonly Term[],
  fields: readonly [F, ...F[]],
): { field: F; groups: Group[]; missing: Missing[] } {
  const organs = valuesIn(facets, 'organ') ?? [];
  const tried = fields.map((field) => {
    const values = valuesIn(facets, field);
    const all = terms.map((term, asked): Group => {
      const found = LOOKS[field](term, values ?? [], organs);
      const near = nearTo(term, values ?? [], found.values);
      return { asked, ...found, count: total(values ?? [], found.values), near };
    });
    const why: Missing['why'] = values === undefined ? 'not-listed' : 'nothing-alike';
    const missing = all
      .filter((one) => one.values.length === 0)
      .map(({ asked, near }): Missing => ({ kind, asked, why, near }));
    return { field, groups: all.filter((one) => one.values.length > 0), missing };
  });
  const [best = { field: fields[0], groups: [], missing: [] }] = tried.sort(
    (a, b) => b.groups.length - a.groups.length,
  );
  return best;
}

/** A diagnosis whose own organ is none of those asked for is not what was meant. */
function withinOrgans(groups: readonly Group[], organs: readonly Group[]): { groups: Group[]; missing: Missing[] } {
  const asked = new Set(organs.flatMap(({ values }) => values.map(({ value }) => value)));
  const agrees = (one: Group) => !one.organs || asked.size === 0 || one.organs.some(({ value }) => asked.has(value));
  const others = groups.filter((one) => !agrees(one));
  return {
    groups: groups.filter(agrees),
    missing: others.map(({ asked: place, near }) => ({ kind: 'diagnosis', asked: place, why: 'other-organ', near })),
  };
}

/** The Datahub's values for the criteria, and what has none. */
export function matchFacets(criteria: Criteria, facets: Facets): Matched {
  const organ = find(facets, 'organ', criteria.organ, ['organ', 'organSystem']);
  const named = find(facets, 'diagnosis', criteria.diagnosis, ['primaryDiagnosis', 'cancerType', 'icd10']);
  const diagnosis = withinOrgans(named.groups, organ.field === 'organ' ? organ.groups : []);
  const stain = find(facets, 'stain', criteria.stain, ['stainName']);
  const marker = find(facets, 'marker', criteria.marker, ['ihc_markers', 'stainName']);
  const missing = [organ, named, diagnosis, stain, marker].flatMap((one) => one.missing);
  const isLost =
    (criteria.organ.length > 0 && organ.groups.length === 0) ||
    (criteria.diagnosis.length > 0 && diagnosis.groups.length === 0) ||
    stain.missing.length + marker.missing.length > 0;
  const { age, gender, malignant } = criteria;
  const chosen = {
    organ: { field: organ.field, groups: organ.groups },
    diagnosis: { field: named.field, groups: diagnosis.groups },
    stain: { field: stain.field, groups: stain.groups },
    marker: { field: marker.field, groups: marker.groups },
    ...(age && { age }),
    ...(gender && { gender }),
    ...(malignant !== undefined && { malignant }),
  };
  return isLost ? { missing } : { chosen, missing };
}
