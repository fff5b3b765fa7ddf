/** What a version is told of a slide: built by the version's own schema, fields and words alike. Pure. */
import type { SlideFormat } from '../../slides/types.ts';
import { ALIASES, CONCEPTS, type Concept, SPECIMEN_ALIASES } from './aliases.ts';
import { alternatives, type Fault, fieldsOf, type Judge, judgeOf, openSchema, type Schema, wordsOf } from './schema.ts';

/** What we know of a slide. */
export interface Known {
  format: SlideFormat;
  width: number;
  height: number;
  /** Micrometres a pixel. */
  resolution?: number | undefined;
  stain: string;
  /** In the platform's words: `LUNG_CANCER`, `LYMPH_NODE`. */
  disease?: string | undefined;
  tissue?: string | undefined;
  /** CRC-32C, base64. */
  checksum: string;
}

export type Metadata = Record<string, unknown>;

/** What a slide's file may be called, the best first; older versions know fewer names. */
const MEDIA_TYPES: Readonly<Record<SlideFormat, readonly [string, ...string[]]>> = {
  svs: ['application/octet-stream', 'image/tiff'],
  tiff: ['image/tiff'],
  dicom: ['application/dicom'],
  'dicom-zip': ['application/zip'],
};

const OTHER = 'OTHER';

/** `LUNG_CANCER` and `lung`, `LYMPH_NODE` and `lymph node` are the same. */
const canonical = (word: string): string =>
  word
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replace(/_CANCER$/, '');

const sameWord = (words: readonly string[] | undefined, wanted: string): string | undefined =>
  words === undefined ? wanted : words.find((word) => canonical(word) === canonical(wanted));

/** A version's schema, ready to be asked. */
export interface SlideSchema {
  root: Schema;
  judge: Judge;
}

export function slideSchema(raw: Schema): SlideSchema {
  const root = openSchema(raw);
  return { root, judge: judgeOf(root) };
}

const nameIn = (fields: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  names.find((name) => Object.hasOwn(fields, name));

/**
 * Words for a term in the order of their fitness; the last, undefined: it is left out. A term that the version does not
 * know comes first where nothing stands for it, so that the refusal can say which it was.
 */
function choices(words: readonly string[] | undefined, term: string | undefined): (string | undefined)[] {
  const fitting = term === undefined ? undefined : sameWord(words, term);
  const other = words === undefined ? undefined : sameWord(words, OTHER);
  const stated = [fitting ?? other ?? term, other].filter((word) => word !== undefined);
  return [...new Set(stated), undefined];
}

/** The disease and tissue in every way that the schema's alternatives could take them, the best first. */
function specimens(field: unknown, root: Schema, { disease, tissue }: Known): Metadata[] {
  return alternatives(field, root)
    .flatMap((one) => {
      const fields = fieldsOf(one);
      const diseaseName = nameIn(fields, SPECIMEN_ALIASES.disease);
      const tissueName = nameIn(fields, SPECIMEN_ALIASES.tissue);
      const of = (name: string | undefined, term: string | undefined) =>
        name === undefined ? [undefined] : choices(wordsOf(fields[name], root), term);
      return of(diseaseName, disease).flatMap((first, better) =>
        of(tissueName, tissue).map((second, good) => ({
          rank: better * 10 + good,
          value: {
            ...(diseaseName !== undefined && first !== undefined && { [diseaseName]: first }),
            ...(tissueName !== undefined && second !== undefined && { [tissueName]: second }),
          },
        })),
      );
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

function valueFor(concept: Exclude<Concept, 'specimen'>, words: string[] | undefined, known: Known): unknown {
  switch (concept) {
    case 'checksum':
      return known.checksum;
    case 'mediaType': {
      const [usual, ...others] = MEDIA_TYPES[known.format];
      return words === undefined ? usual : ([usual, ...others].find((type) => words.includes(type)) ?? usual);
    }
    case 'stain':
      return sameWord(words, known.stain) ?? known.stain;
    case 'width':
    case 'height':
    case 'resolution':
      return known[concept];
  }
}

/** The schema's fields that hold a concept; of a schema that lists none, the newest names. */
function namesOf(concept: Concept, root: Schema): string[] {
  const fields = fieldsOf(root);
  const listed = ALIASES[concept].filter((name) => Object.hasOwn(fields, name));
  const [newest] = ALIASES[concept];
  return Object.keys(fields).length > 0 ? listed : [newest];
}

/** The metadata that say what is known of a slide, and what is wrong with the best of them; nothing: it may be sent. */
export function metadataFor({ root, judge }: SlideSchema, known: Known): { metadata: Metadata; faults: Fault[] } {
  const plain = CONCEPTS.flatMap((concept) => {
    if (concept === 'specimen') {
      return [];
    }
    return namesOf(concept, root).flatMap((name) => {
      const value = valueFor(concept, wordsOf(fieldsOf(root)[name], root), known);
      return value === undefined ? [] : [[name, value] as const];
    });
  });
  const [field] = namesOf('specimen', root);
  const base: Metadata = Object.fromEntries(plain);
  const bodies: Metadata[] =
    field === undefined
      ? [base]
      : specimens(fieldsOf(root)[field] ?? {}, root, known).map((specimen) => ({ ...base, [field]: specimen }));
  const judged = (bodies.length > 0 ? bodies : [base]).map((metadata) => ({ metadata, faults: judge(metadata) }));
  const [first = { metadata: base, faults: judge(base) }] = judged;
  return judged.find(({ faults }) => faults.length === 0) ?? first;
}

/** What may be said of a slide's disease, or of its tissue where the disease is this one; empty: anything. */
export function termsFor({ root }: SlideSchema, what: 'disease' | 'tissue', disease?: string): string[] {
  const [field] = namesOf('specimen', root);
  const all = alternatives(field === undefined ? undefined : fieldsOf(root)[field], root).flatMap((one) => {
    const fields = fieldsOf(one);
    const diseaseName = nameIn(fields, SPECIMEN_ALIASES.disease);
    const diseases = diseaseName === undefined ? undefined : wordsOf(fields[diseaseName], root);
    const fits = what === 'disease' || disease === undefined || sameWord(diseases, disease) !== undefined;
    const name = nameIn(fields, SPECIMEN_ALIASES[what]);
    return fits && name !== undefined ? (wordsOf(fields[name], root) ?? []) : [];
  });
  return [...new Set(all)];
}
