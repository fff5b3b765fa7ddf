/** Whether a slide may be sent as it is: else what a person has to say, or why it is refused, in words. Pure. */
import type { Question, Reason } from '../contract.ts';
import { CONCEPT_WORDS, conceptOf } from './aliases.ts';
import { type Known, type Metadata, metadataFor, type SlideSchema, termsFor } from './metadata.ts';
import type { Fault } from './schema.ts';
import { spelt } from './words.ts';

export type Verdict =
  | { metadata: Metadata }
  /** Only a person can say it; the answer belongs to this slide, or with a disease to all. */
  | { ask: Question }
  | { refuse: Reason }
  /** The version wants to know something that we do not know of. */
  | { unknown: string };

/** Question ids: `disease`, and with the slide's number `tissue/2`, `resolution/2`. */
export const DISEASE = 'disease';

const fieldOf = ({ path, keyword, params }: Fault): string =>
  keyword === 'required' ? String(params.missingProperty) : (path.at(-1) ?? '');

/** Whether a person's word about disease or tissue could mend it. */
const isAbout = (fault: Fault, what: 'disease' | 'tissue' | 'specimen'): boolean => conceptOf(fieldOf(fault)) === what;

function questionFor(faults: Fault[], number: number, known: Known, schema: SlideSchema): Question | undefined {
  const choices = (terms: string[]) => Object.fromEntries(terms.map((term) => [term, spelt(term)]));
  const about = (what: 'disease' | 'tissue') =>
    faults.some((fault) => isAbout(fault, what) || isAbout(fault, 'specimen'));
  const diseases = termsFor(schema, 'disease');
  if (known.disease === undefined && diseases.length > 0 && about('disease')) {
    const text = 'The order does not say in a way that is known here which disease the slides show. Which is it?';
    return { id: DISEASE, text, choices: choices(diseases) };
  }
  const tissues = termsFor(schema, 'tissue', known.disease);
  if (known.tissue === undefined && tissues.length > 0 && about('tissue')) {
    const text = `The order does not say in a way that is known here which tissue slide ${number} shows. Which is it?`;
    return { id: `tissue/${number}`, text, choices: choices(tissues) };
  }
  if (known.resolution === undefined && faults.some((fault) => conceptOf(fieldOf(fault)) === 'resolution')) {
    const text = `The file of slide ${number} does not say its resolution. How many micrometres is one pixel wide?`;
    return { id: `resolution/${number}`, text, number: { unit: 'um/{pixel}', minimum: 0.01, maximum: 10 } };
  }
  return undefined;
}

const shown = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : typeof value === 'string'
      ? spelt(value)
      : '';

/** `at most 150000`: what would have been right. */
function wanted({ keyword, params }: Fault): string {
  const { limit, allowedValues, allowedValue } = params;
  switch (keyword) {
    case 'maximum':
      return `at most ${shown(limit)} is accepted`;
    case 'minimum':
      return `at least ${shown(limit)} is needed`;
    case 'exclusiveMaximum':
      return `less than ${shown(limit)} is accepted`;
    case 'exclusiveMinimum':
      return `more than ${shown(limit)} is needed`;
    case 'enum':
    case 'const': {
      const values = Array.isArray(allowedValues) ? allowedValues : [allowedValue];
      return `accepted: ${values.slice(0, 20).map(shown).join(', ')}`;
    }
    default:
      return 'this is not accepted';
  }
}

/** Limits and words first: they say most to whoever reads it. */
const TELLING = ['maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum', 'enum', 'const', 'required'];

function refusal(faults: Fault[], number: number): Verdict {
  const sorted = TELLING.flatMap((keyword) => faults.filter((fault) => fault.keyword === keyword));
  const telling = sorted.find((fault) => conceptOf(fieldOf(fault)) !== undefined);
  const concept = telling && conceptOf(fieldOf(telling));
  if (!telling || concept === undefined) {
    return { unknown: fieldOf(sorted[0] ?? faults[0] ?? { path: [], keyword: '', params: {}, value: undefined }) };
  }
  const name = CONCEPT_WORDS[concept];
  const text =
    telling.keyword === 'required'
      ? `Slide ${number} cannot be analysed: its ${name} is not known.`
      : `Slide ${number} cannot be analysed: its ${name} is ${shown(telling.value) || 'not usable'}; ${wanted(telling)}.`;
  return { refuse: { code: 'input-unsupported', text } };
}

/** @param number of the slide within the order, from 1 */
export function judgeSlide(schema: SlideSchema, known: Known, number: number): Verdict {
  const { metadata, faults } = metadataFor(schema, known);
  if (faults.length === 0) {
    return { metadata };
  }
  const ask = questionFor(faults, number, known, schema);
  return ask ? { ask } : refusal(faults, number);
}
