/** One extraction with its FHIR entry: is it written, as what, how certain, since when. Pure. */
import type { Evidence } from '../../findings.ts';
import type { SafeEntry } from './bundle.ts';
import { relation, type When, whenOf } from './dates.ts';
import { isSnomedCode } from './elements.ts';
import { CERTAINTIES, type Certainty, type ConceptKind, type Note, type Placed } from './state.ts';
import { judge } from './verdict.ts';

export type Written = Exclude<ConceptKind, 'other'>;

/** Something that becomes a resource, before duplicates are put together. */
export interface Item {
  concept: Written;
  /** SNOMED CT; absent where the vendor's code is none. */
  code?: string;
  /** The fully specified name, as the vendor gave it. */
  term: string;
  /** The term without its semantic tag. */
  label: string;
  certainty: Certainty;
  /** The vendor said how certain the text is, in a word that is known. */
  stated: boolean;
  onset: When;
  end: When;
  /** The text tells it as history. */
  past: boolean;
  entry?: SafeEntry;
  evidence: Evidence[];
  remarks: string[];
  note: Pick<Note, 'letterDate' | 'stated'>;
}

export interface Left {
  concept: ConceptKind;
  code?: string;
  term: string;
  label: string;
  why: string;
  evidence: Evidence[];
}

const KINDS: Readonly<Record<string, Written>> = {
  disorder: 'disorder',
  disease: 'disorder',
  finding: 'finding',
  procedure: 'procedure',
};

/** The type of entry that a concept may come with. */
const ENTRY_TYPES: Record<Written, readonly SafeEntry['type'][]> = {
  disorder: ['Condition'],
  // A site's findings become Observations, also where the vendor's Bundle models them as Conditions.
  finding: ['Observation', 'Condition'],
  procedure: ['Procedure'],
};

const isCertainty = (status: string | undefined): status is Certainty => CERTAINTIES.some((known) => known === status);

export function labelOf(term: string): string {
  return term.replace(/\s*\([^()]*\)\s*$/, '') || term;
}

export function weaker(one: Certainty, other: Certainty): Certainty {
  return CERTAINTIES.indexOf(one) <= CERTAINTIES.indexOf(other) ? one : other;
}

/** `(situation)` terms are negations, family history or plans in the clothes of a finding. */
function conceptOf({ concept_type, snomed_ct_term }: Placed['extraction']): ConceptKind {
  return /\(situation\)\s*$/i.test(snomed_ct_term) ? 'other' : (KINDS[concept_type] ?? 'other');
}

/** Why it cannot be written, apart from its context; undefined: it can. */
function obstacle(
  placed: Placed,
  concept: ConceptKind,
  certainty: Certainty,
  entry: SafeEntry | undefined,
): string | undefined {
  const { extraction } = placed;
  if (concept === 'other') {
    return `a kind of concept that is not recorded (${extraction.concept_type.slice(0, 40)})`;
  }
  if (entry && !ENTRY_TYPES[concept].includes(entry.type)) {
    return "the vendor's FHIR entry and its extraction disagree about what it is";
  }
  if (entry?.snomed && isSnomedCode(extraction.snomed_ct_code) && entry.snomed !== extraction.snomed_ct_code) {
    return "the vendor's FHIR entry and its extraction have different codes";
  }
  if (concept === 'procedure' && certainty !== 'confirmed') {
    return `a procedure that the text calls ${certainty}`;
  }
  return entry || concept === 'finding' ? undefined : "the vendor's FHIR result has no entry for it";
}

function remarksOf(placed: Placed, certainty: Certainty, stated: boolean, onset: When, end: When): string[] {
  const { how, extraction } = placed;
  return [
    ...(how === 'found' ? ["The vendor's position of the words was wrong and has been corrected."] : []),
    ...(how === 'unverified' ? ['The quoted words could not be located in the note: please check.'] : []),
    ...(stated || extraction.status === undefined ? [] : ['The vendor states a certainty that is not known here.']),
    ...(stated && certainty !== extraction.status ? [`The vendor's FHIR entry calls it ${certainty}.`] : []),
    ...(isSnomedCode(extraction.snomed_ct_code)
      ? []
      : ['The vendor gave no valid SNOMED CT code: recorded as text only.']),
    ...onset.remarks,
    ...end.remarks,
  ];
}

/** Decides about one extraction. */
export function itemOf(placed: Placed, entry: SafeEntry | undefined, note: Note): { item: Item } | { left: Left } {
  const { extraction, evidence } = placed;
  const concept = conceptOf(extraction);
  const stated = isCertainty(extraction.status);
  const said: Certainty = isCertainty(extraction.status) ? extraction.status : 'confirmed';
  const inEntry = entry?.type === 'Condition' && isCertainty(entry.status) ? entry.status : said;
  const certainty = weaker(said, inEntry);
  const names = {
    ...(isSnomedCode(extraction.snomed_ct_code) ? { code: extraction.snomed_ct_code } : {}),
    term: extraction.snomed_ct_term,
    label: labelOf(extraction.snomed_ct_term),
    evidence: [evidence],
  };
  const left = (why: string) => ({ left: { concept, ...names, why } });
  const verdict = judge(placed.contexts, concept, said);
  if (!verdict.write) {
    return left(verdict.why);
  }
  const blocked = obstacle(placed, concept, certainty, entry);
  if (blocked !== undefined || concept === 'other') {
    return left(blocked ?? 'not recorded');
  }
  const weak = note.dateFrom === 'last-change';
  const onset = whenOf(
    { date: extraction.date, relative: extraction.relative_date, entry: entry?.start },
    note.letterDate,
    weak,
  );
  const end = whenOf(
    { date: extraction.end_date, relative: extraction.relative_end_date, entry: entry?.end },
    note.letterDate,
    weak,
  );
  if (concept === 'procedure' && onset.date && relation(onset.date, note.letterDate) === 'after') {
    return left('dated after the note: planned, not done');
  }
  const remarks = [...remarksOf(placed, certainty, stated, onset, end), ...(verdict.remark ? [verdict.remark] : [])];
  const { letterDate, stated: date } = note;
  return {
    item: {
      concept,
      ...names,
      certainty,
      stated,
      onset,
      end,
      past: verdict.past ?? false,
      ...(entry ? { entry } : {}),
      remarks,
      note: { letterDate, ...(date === undefined ? {} : { stated: date }) },
    },
  };
}
