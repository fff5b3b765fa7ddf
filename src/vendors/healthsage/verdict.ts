/** What the context of a finding's words means for writing it. Pure. */
import type { Context } from './context-check.ts';
import type { Certainty, ConceptKind } from './state.ts';

export type Verdict =
  /** Written as it is. */
  | { write: true; remark?: string; past?: boolean }
  /** Only listed, and why, in words for a clinician. */
  | { write: false; why: string };

const SENTENCE: Record<Context['kind'], string> = {
  negated: 'negated in the text',
  family: "about the patient's family",
  'other-person': 'about another person',
  hypothetical: 'mentioned as a risk, a condition or a precaution, not as present',
  uncertain: 'uncertain in the text though coded as confirmed',
  planned: 'planned, offered or declined, not known to be done',
  allergy: 'an allergy or a reaction to something, not a present finding',
  past: 'in the past',
};

const SECTION: Partial<Record<Context['kind'], string>> = {
  negated: 'stands under a heading of what was excluded',
  family: 'stands under a family history heading',
  allergy: 'stands under an allergies heading: a reaction, not a present finding',
  hypothetical: 'stands under a heading of advice or prevention',
  uncertain: 'stands under a differential diagnosis heading though coded as confirmed',
  planned: 'stands under a plan heading: not known to be done',
};

/**
 * Negated, somebody else's, hypothetical: never written. Uncertain: written where the vendor coded it as uncertain too,
 * since that is what provisional and differential mean. Planned: concerns procedures only.
 */
export function judge(contexts: readonly Context[], concept: ConceptKind, certainty: Certainty): Verdict {
  const decisive = contexts.find(({ kind }) => {
    if (kind === 'uncertain') {
      return certainty === 'confirmed' || concept === 'procedure';
    }
    return kind === 'planned' ? concept === 'procedure' : kind !== 'past';
  });
  if (decisive) {
    const { kind, by } = decisive;
    return { write: false, why: (by === 'section' ? SECTION[kind] : undefined) ?? SENTENCE[kind] };
  }
  if (concept === 'procedure' || !contexts.some(({ kind }) => kind === 'past')) {
    return { write: true };
  }
  const as = concept === 'disorder' ? 'inactive' : 'in the past';
  return { write: true, past: true, remark: `The text tells it as history; written as ${as}.` };
}
