/** What HealthSage found, as findings. Pure: result in, findings out. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Findings, Listed } from '../../findings.ts';
import type { VendorOrder } from '../contract.ts';
import { safeBundle, type Untaken } from './bundle.ts';
import { draft } from './drafts.ts';
import { MODEL } from './facts.ts';
import { type Item, itemOf, type Left, labelOf } from './items.ts';
import { join } from './join.ts';
import { merge, mergeLeft } from './merge.ts';
import { partNames } from './part-names.ts';
import type { DoneChunk, Note, Result } from './state.ts';

/**
 * There is no LOINC code for "findings coded from a note" and no diagnostic service that fits but "Other": Radiology,
 * Cardiology and Pathology of US Core's note profile would be wrong, and "Physician" would call it a person's.
 */
const CATEGORY: CodeableConcept = {
  coding: [{ system: SYSTEMS.diagnosticService, code: 'OTH', display: 'Other' }],
  text: 'Clinical note coding',
};
const CODE: CodeableConcept = {
  coding: [
    { system: 'urn:fhir-ai-adapter:report', code: 'note-coding', display: 'Findings coded from a clinical note' },
  ],
  text: 'Findings coded from a clinical note',
};

interface Sorted {
  items: Item[];
  left: Left[];
  listed: Untaken[];
  missing: string[];
}

const nothing: Sorted = { items: [], left: [], listed: [], missing: [] };

function partWords(chunk: { index: number; base: number; length: number }, of: number): string {
  return `part ${chunk.index + 1} of ${of} (characters ${chunk.base + 1} to ${chunk.base + chunk.length})`;
}

function leave(chunk: DoneChunk, why: string): Left[] {
  return chunk.found.map(({ extraction, evidence }) => ({
    concept: 'other',
    term: extraction.snomed_ct_term,
    label: labelOf(extraction.snomed_ct_term),
    why,
    evidence: [evidence],
  }));
}

function sortChunk(chunk: DoneChunk, note: Note, pseudonym: string, words: string): Sorted {
  const unread = chunk.unreadable > 0 ? [`${words}: ${chunk.unreadable} of its findings could not be read`] : [];
  const absent = chunk.bundle === undefined ? [`${words}: its FHIR form was not delivered`] : [];
  const safe = chunk.bundle === undefined ? { entries: [], listed: [] } : safeBundle(chunk.bundle, pseudonym);
  if ('refused' in safe && safe.refused !== undefined) {
    const why = `the vendor's FHIR result of this part was refused: ${safe.refused}`;
    return { ...nothing, left: leave(chunk, why), missing: [`${words}: ${why}`] };
  }
  const { pairs, alone } = join(chunk.found, safe.entries);
  const decided = pairs.map(({ placed, entry }) => itemOf(placed, entry, note));
  return {
    items: decided.flatMap((one) => ('item' in one ? [one.item] : [])),
    left: decided.flatMap((one) => ('left' in one ? [one.left] : [])),
    listed: [
      ...safe.listed,
      ...alone.map(({ label, snomed }) => ({
        label,
        ...(snomed === undefined ? {} : { snomed }),
        why: 'the vendor does not say on which words it rests',
      })),
    ],
    missing: [...unread, ...absent],
  };
}

function listedOf({
  label,
  why,
  code,
  evidence,
}: {
  label: string;
  why: string;
  code?: string | undefined;
  evidence: Listed['evidence'];
}): Listed {
  const concept = code === undefined ? {} : { code: { coding: [{ system: SYSTEMS.snomed, code }], text: label } };
  return { label, ...concept, why, evidence };
}

function countWords(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function conclusion(items: number, listed: number, missing: number): string {
  const coded = items === 0 ? 'No finding was coded' : `${countWords(items, 'finding', 'findings')} coded`;
  const left = listed === 0 ? '' : `, ${listed} left out`;
  const partial = missing === 0 ? '' : ` Incomplete: ${countWords(missing, 'part', 'parts')} of the work missing.`;
  return `${coded} from the note by software${left}; not verified by a clinician.${partial}`;
}

/** An affirmed finding that is denied elsewhere is told so: a reader has to look at both. */
function withDenials(items: readonly Item[], left: readonly Left[]): Item[] {
  const denied = new Set(left.filter(({ why }) => why.startsWith('negated')).map(({ code, term }) => code ?? term));
  return items.map((item) =>
    denied.has(item.code ?? item.term)
      ? { ...item, remarks: [...item.remarks, 'Elsewhere the text denies it.'] }
      : item,
  );
}

export function toFindings(result: Result, order: Pick<VendorOrder, 'pseudonym'>): Findings {
  const sorted = result.chunks.map((chunk): Sorted => {
    const words = partWords(chunk, result.chunks.length);
    const note = result.notes.find(({ input }) => input === chunk.input);
    if ('failed' in chunk || !note) {
      return { ...nothing, missing: [`${words}: ${'failed' in chunk ? chunk.failed : 'its note is not known'}`] };
    }
    return sortChunk(chunk, note, order.pseudonym, words);
  });
  const left = mergeLeft(sorted.flatMap((chunk) => chunk.left));
  const items = withDenials(merge(sorted.flatMap((chunk) => chunk.items)), left);
  const names = partNames(items);
  const untaken = new Map(sorted.flatMap((chunk) => chunk.listed).map((one) => [JSON.stringify(one), one]));
  const listed = [
    ...left.map(listedOf),
    ...[...untaken.values()].map(({ label, why, snomed }) => listedOf({ label, why, code: snomed, evidence: [] })),
  ];
  const missing = sorted.flatMap((chunk) => chunk.missing);
  const versions = [
    ...new Set(result.chunks.flatMap((chunk) => ('failed' in chunk ? [] : (chunk.snomedVersion ?? [])))),
  ];
  const effective = result.notes.find(({ stated }) => stated !== undefined)?.stated;
  return {
    model: {
      ...MODEL,
      kinds: [...MODEL.kinds],
      ...(versions.length > 0 ? { version: `SNOMED CT ${versions.sort().join(', ')}` } : {}),
    },
    report: {
      category: [CATEGORY],
      code: CODE,
      ...(effective === undefined ? {} : { effective }),
      conclusion: conclusion(items.length, listed.length, missing.length),
    },
    items: items.map((item, index) => ({
      part: names[index] ?? '',
      resource: draft(item),
      label: item.label,
      evidence: item.evidence,
      ...(item.remarks.length > 0 ? { remarks: [...new Set(item.remarks)] } : {}),
    })),
    listed,
    missing,
    jobs: result.chunks.flatMap(({ jobs }) => jobs),
  };
}
