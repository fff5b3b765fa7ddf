/**
 * What a cohort order asks for. Pure; the patient is not even given to it.
 *
 * An order is a ServiceRequest. It says its criteria by name (see NAMES), each as often as is needed, in
 * - an extension `urn:fhir-ai-adapter:cohort-criteria` whose inner extensions have a name as `url` and any simple value,
 *   a Coding or a CodeableConcept: `{ url: 'stain', valueString: 'HER2' }`, `{ url: 'ageMin', valueInteger: 40 }`;
 * - `orderDetail`, where a coding of the system `urn:fhir-ai-adapter:cohort-criterion` holds the name and the rest of the
 *   concept the value: `{ coding: [{ system: 'urn:…:cohort-criterion', code: 'stain' }], text: 'HER2' }`. SNOMED CT's code
 *   of H&E staining needs no name.
 * Where neither names an organ, `bodySite` does; where neither names a diagnosis, `reasonCode` does: those two may be the
 * patient's own. What the route fixes goes before all, but of sizes the smaller counts. What is not understood is refused
 * and not left out: without it the order would find more, and more would be bought. An order's words are never repeated.
 */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { z } from 'zod';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Refusal, VendorOrder } from '../contract.ts';
import type { AgeBand, Criteria, FixedCriteria, Gender, Kind, Term } from './criteria-types.ts';

export const CRITERIA_EXTENSION = 'urn:fhir-ai-adapter:cohort-criteria';
export const CRITERION_SYSTEM = 'urn:fhir-ai-adapter:cohort-criterion';

/** By name: how a clinician is told of it. */
const NAMES = {
  organ: 'organ',
  diagnosis: 'diagnosis',
  stain: 'stain',
  marker: 'marker',
  ageMin: 'lowest age',
  ageMax: 'highest age',
  gender: 'gender',
  malignant: 'statement on malignancy',
  cases: 'number of cases',
  slidesPerCase: 'number of slides per case',
} as const;
type Name = keyof typeof NAMES;
const isName = (text: unknown): text is Name => typeof text === 'string' && Object.hasOwn(NAMES, text);

const OLDEST = 120;
const MOST_CASES = 10_000;
const MOST_SLIDES_PER_CASE = 100;
const MOST_TERMS = 50;
/** Characters. What is longer is a sentence, perhaps of the patient, and no term. */
const LONGEST_TERM = 200;

/** In SNOMED CT. */
const HE_STAINING = '104210008';

const text = z.string().optional();
const coding = z.object({ system: text, code: text, display: text });
const concept = z.object({ text, coding: z.array(coding).optional() });
const concepts = z.array(concept).optional();
const inner = z.object({
  url: z.string(),
  valueString: text,
  valueCode: text,
  valueBoolean: z.boolean().optional(),
  valueInteger: z.number().optional(),
  valuePositiveInt: z.number().optional(),
  valueUnsignedInt: z.number().optional(),
  valueDecimal: z.number().optional(),
  valueCoding: coding.optional(),
  valueCodeableConcept: concept.optional(),
});
const outer = z.object({ url: z.literal(CRITERIA_EXTENSION), extension: z.array(inner).min(1) });
const ours = z.looseObject({ url: z.literal(CRITERIA_EXTENSION) });
const request = z.object({
  resourceType: z.literal('ServiceRequest'),
  bodySite: concepts,
  reasonCode: concepts,
  orderDetail: concepts,
  // Those of others are none of our business, whatever their shape.
  extension: z
    .array(z.unknown())
    .transform((all) => all.filter((one) => ours.safeParse(one).success))
    .pipe(z.array(outer))
    .optional(),
});

interface Said {
  name: Name;
  value: CodeableConcept;
}

function conceptOf({ url: _, valueCodeableConcept, valueCoding, ...simple }: z.infer<typeof inner>): CodeableConcept {
  const [first] = Object.values(simple).filter((value) => value !== undefined);
  return (
    valueCodeableConcept ?? (valueCoding ? { coding: [valueCoding] } : first === undefined ? {} : { text: `${first}` })
  );
}

/** What an order detail says; undefined: it is no criterion. */
function detail({ text: words, coding: codings = [] }: z.infer<typeof concept>): Said | undefined {
  const [naming, ...others] = codings.filter(({ system }) => system === CRITERION_SYSTEM);
  if (others.length > 0) {
    return undefined;
  }
  if (naming) {
    const rest = codings.filter((one) => one !== naming);
    return isName(naming.code)
      ? { name: naming.code, value: { ...(words !== undefined && { text: words }), coding: rest } }
      : undefined;
  }
  const isHe = codings.some(({ system, code }) => system === SYSTEMS.snomed && code === HE_STAINING);
  return isHe ? { name: 'stain', value: { text: 'H&E' } } : undefined;
}

const plain = (words: string | undefined): string => words?.trim().replaceAll(/\s+/g, ' ') ?? '';

function termOf({ text: words, coding: codings = [] }: CodeableConcept): Term {
  const snomed = codings.flatMap(({ system, code }) => (system === SYSTEMS.snomed ? (code ?? []) : []));
  const icd = codings.flatMap(({ system, code = '' }) =>
    system === SYSTEMS.icd10 || system === SYSTEMS.icd10cm ? plain(code).toUpperCase() : [],
  );
  // A bare code of a system that we do not know may be a word: `valueCoding: { code: 'HER2' }`.
  const bare = codings.flatMap(({ system, code }) => (system === undefined ? plain(code) : []));
  const all = [plain(words), ...codings.map(({ display }) => plain(display)), ...bare];
  return {
    words: [...new Set(all)].filter((one) => one !== '' && one.length <= LONGEST_TERM),
    snomed: [...new Set(snomed)],
    icd10: [...new Set(icd)].filter((code) => /^[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?$/.test(code)),
  };
}

const ENOUGH: Record<Kind, (term: Term) => boolean> = {
  organ: ({ words, snomed }) => words.length > 0 || snomed.length > 0,
  diagnosis: ({ words, icd10 }) => words.length > 0 || icd10.length > 0,
  stain: ({ words }) => words.length > 0,
  marker: ({ words }) => words.length > 0,
};

const WORD_OF = {
  gender: { m: 'm', male: 'm', f: 'f', female: 'f' } satisfies Record<string, Gender>,
  malignant: { true: true, false: false } satisfies Record<string, boolean>,
} as const;

/** The one value of a criterion that has one; what it says in plain text, a code before its display. */
const scalarOf = ({ text: words, coding: codings = [] }: CodeableConcept): string =>
  (plain(words) || plain(codings[0]?.code) || plain(codings[0]?.display)).toLowerCase();

/** A value as far as it could be read, and sentences on what is wrong with it. */
interface Read<T> {
  value: T;
  wrong: string[];
}

function readTerms(
  kind: Kind,
  said: readonly Said[],
  fixed: readonly string[] | undefined,
  otherwise: readonly CodeableConcept[] = [],
): Read<Term[]> {
  const own = said.filter(({ name }) => name === kind).map(({ value }) => value);
  const values = fixed?.map((words): CodeableConcept => ({ text: words })) ?? (own.length > 0 ? own : otherwise);
  const terms = values.map(termOf);
  const known = `a term of up to ${LONGEST_TERM} characters or a code of its own`;
  return {
    value: terms,
    wrong: [
      ...(terms.length > MOST_TERMS ? [`The order has more than ${MOST_TERMS} of the criterion ${NAMES[kind]}.`] : []),
      ...(terms.every(ENOUGH[kind]) ? [] : [`The order does not give its ${NAMES[kind]} as ${known}.`]),
    ],
  };
}

/** @param read the value of a text; undefined: it is none */
function readOne<T>(
  name: Name,
  said: readonly Said[],
  rule: string,
  read: (words: string) => T | undefined,
): Read<T | undefined> {
  const values = said.filter((one) => one.name === name).map(({ value }) => read(scalarOf(value)));
  const [first, ...others] = new Set(values);
  if (values.includes(undefined)) {
    return { value: undefined, wrong: [`The ${NAMES[name]} is not ${rule}.`] };
  }
  return { value: first, wrong: others.length > 0 ? [`The order has more than one ${NAMES[name]}.`] : [] };
}

const readNumber = (name: Name, said: readonly Said[], from: number, to: number) =>
  readOne(name, said, `a whole number from ${from} to ${to}`, (words) => {
    const number = /^\d{1,6}$/.test(words) ? Number(words) : Number.NaN;
    return number >= from && number <= to ? number : undefined;
  });

const readWord = <T>(name: Name, said: readonly Said[], words: Readonly<Record<string, T>>) =>
  readOne(name, said, `one of ${Object.keys(words).join(', ')}`, (word) =>
    Object.hasOwn(words, word) ? words[word] : undefined,
  );

/** A band that is open at one end goes on to the end of life. */
function readAge(said: readonly Said[], fixed: FixedCriteria['age']): Read<AgeBand | undefined> {
  const from = readNumber('ageMin', fixed ? [] : said, 0, OLDEST);
  const to = readNumber('ageMax', fixed ? [] : said, 0, OLDEST);
  const isOpen = from.value === undefined && to.value === undefined;
  const stated: AgeBand | undefined = isOpen ? undefined : [from.value ?? 0, to.value ?? OLDEST];
  const band: AgeBand | undefined = fixed ? [fixed[0], fixed[1]] : stated;
  const isAbove = band !== undefined && band[0] > band[1];
  const wrong = [...from.wrong, ...to.wrong, ...(isAbove ? ['The lowest age is above the highest age.'] : [])];
  return { value: band, wrong };
}

const smaller = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);

const refuse = (sentences: readonly string[]): Refusal => ({
  refuse: { code: 'order-incomplete', text: sentences.join(' ') },
});

/** What is said in the structured ways, as far as it is understood. */
function readSaid({ extension = [], orderDetail = [] }: z.infer<typeof request>): Read<Said[]> {
  const inside = extension.flatMap((one) => one.extension);
  const details = orderDetail.map(detail);
  const named = inside.flatMap((one) => (isName(one.url) ? { name: one.url, value: conceptOf(one) } : []));
  return {
    value: [...named, ...details.filter((one) => one !== undefined)],
    wrong: [
      ...(named.length < inside.length ? ['The order has a cohort criterion that is not known.'] : []),
      ...(details.includes(undefined) ? ['The order has a detail that is no criterion of a cohort.'] : []),
    ],
  };
}

/** The criteria, or which of them are wrong. Never throws, whatever the order looks like. */
export function criteriaOf({
  focus,
  options,
}: Pick<VendorOrder<FixedCriteria>, 'focus' | 'options'>): Criteria | Refusal {
  const parsed = request.safeParse(focus);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path[0];
    const isField = field === 'bodySite' || field === 'reasonCode' || field === 'orderDetail' || field === 'extension';
    return refuse([isField ? `The order's ${field} cannot be read.` : 'The order is not a ServiceRequest.']);
  }
  const { value: said, wrong } = readSaid(parsed.data);
  const organ = readTerms('organ', said, options.organ, parsed.data.bodySite);
  const diagnosis = readTerms('diagnosis', said, options.diagnosis, parsed.data.reasonCode);
  const stain = readTerms('stain', said, options.stains);
  const marker = readTerms('marker', said, options.markers);
  const age = readAge(said, options.age);
  const gender = readWord('gender', options.gender ? [] : said, WORD_OF.gender);
  const malignant = readWord('malignant', options.malignant === undefined ? said : [], WORD_OF.malignant);
  const cases = readNumber('cases', said, 1, MOST_CASES);
  const slides = readNumber('slidesPerCase', said, 1, MOST_SLIDES_PER_CASE);
  const criteria: Criteria = {
    organ: organ.value,
    diagnosis: diagnosis.value,
    stain: stain.value,
    marker: marker.value,
    age: age.value,
    gender: options.gender ?? gender.value,
    malignant: options.malignant ?? malignant.value,
    cases: smaller(options.cases, cases.value),
    slidesPerCase: smaller(options.slidesPerCase, slides.value),
  };
  const read = [organ, diagnosis, stain, marker, age, gender, malignant, cases, slides];
  const all = [...wrong, ...read.flatMap((one) => one.wrong), ...contradictions(criteria)];
  return all.length > 0 ? refuse(all) : criteria;
}

function contradictions({ cases: _, slidesPerCase, ...asked }: Criteria): string[] {
  const isEmpty = Object.values(asked).every((one) => one === undefined || (Array.isArray(one) && one.length === 0));
  return [
    ...(isEmpty ? ['The order does not say what cases are wanted: no organ, diagnosis or other criterion.'] : []),
    ...(slidesPerCase !== undefined && slidesPerCase < asked.stain.length
      ? ['The order wants fewer slides per case than it names stains.']
      : []),
  ];
}
