/** The words that a finding rests on, in FHIR: extensions with offsets, notes with quotes, references to the source. */
import type { Annotation, Extension, Reference, Resource } from '@medplum/fhirtypes';
import type { Evidence } from '../findings.ts';
import type { OrderInput } from '../vendors/contract.ts';
import { EXTENSIONS } from './terminology.ts';
import { cleanText, shorten } from './tidy.ts';

/** Longest quote in a note, in code points; the offsets lead to the whole. */
const QUOTE = 1000;

function inputOf(evidence: Evidence, inputs: OrderInput[]): OrderInput | undefined {
  return inputs.find(({ name }) => name === evidence.input);
}

function isPlace(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
}

/**
 * `derivation-reference` for one piece of evidence. Offset and length count Unicode code points of the input's extracted
 * text, and stand only where the words were found there: unverified places are never highlighted.
 */
export function derivation(evidence: Evidence, inputs: OrderInput[]): Extension | undefined {
  const input = inputOf(evidence, inputs);
  const { start, end, verified } = evidence;
  if (input === undefined || !verified || !isPlace(start) || !isPlace(end) || end <= start) {
    return undefined;
  }
  return {
    url: EXTENSIONS.derivationReference,
    extension: [
      { url: 'reference', valueReference: { reference: input.reference } },
      { url: 'offset', valueInteger: start },
      { url: 'length', valueInteger: end - start },
    ],
  };
}

export function derivations(evidence: Evidence[], inputs: OrderInput[]): Extension[] {
  return evidence.flatMap((one) => derivation(one, inputs) ?? []);
}

/** One line about one quote. Says so where the words could not be found in the text. */
export function quoted(evidence: Evidence): string {
  const words = shorten(cleanText(evidence.quote).trim(), QUOTE);
  if (words === '') {
    return '';
  }
  return evidence.verified
    ? `Quoted from the source: “${words}”`
    : `As the vendor quotes it: “${words}” (not found so)`;
}

/** Quotes and remarks as annotations. */
export function annotations(evidence: Evidence[], remarks: string[] = []): Annotation[] {
  const lines = [...evidence.map(quoted), ...remarks.map((remark) => cleanText(remark).trim())];
  return [...new Set(lines)].filter((line) => line !== '').map((text) => ({ text }));
}

/** The inputs that the evidence names, each once; all inputs where it names none. */
export function sources(evidence: Evidence[], inputs: OrderInput[]): OrderInput[] {
  const named = inputs.filter(({ name }) => evidence.some(({ input }) => input === name));
  return named.length > 0 ? named : inputs;
}

/** References to the inputs of the given types; all types where none are given. */
export function sourceReferences<T extends Resource>(inputs: OrderInput[], types?: readonly string[]): Reference<T>[] {
  const references = inputs
    .map(({ reference }) => reference)
    .filter((reference) => types === undefined || types.includes(reference.split('/').at(-2) ?? ''));
  return [...new Set(references)].map((reference) => ({ reference }));
}
