/**
 * Our own check of what stands around a finding's words. The vendor has no field for negation, family history or
 * hypothesis, and may call the father's infarction confirmed. Pure.
 */
import { CUES_BEFORE, type Cue, type CueKind, NOT_CUES } from './cues.ts';
import { ANSWERED_NO, CUES_AFTER, FAMILY_TERMINATORS, MARKS_BEFORE, NEGATIVE_TERM, TERMINATORS } from './cues-after.ts';
import type { SectionKind } from './headings.ts';
import { type Section, sectionAt } from './sections.ts';
import { sentenceAround } from './sentence.ts';

/** What the text around says of a finding, most decisive first. */
export interface Context {
  kind: CueKind;
  /** Whether the section's heading or the sentence says so. */
  by: 'section' | 'sentence';
}

interface Subject {
  /** The words, in UTF-16 units of the text. */
  start: number;
  end: number;
  /** The coded term, to know which of the words are the finding and which stand around it. */
  term: string;
}

const source = (words: readonly string[]) =>
  [...words]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replaceAll(' ', '\\s+'))
    .join('|');

const notCues = new RegExp(`(?<![\\p{L}\\p{N}])(?:${source(NOT_CUES)})(?![\\p{L}\\p{N}])`, 'giu');
const before = CUES_BEFORE.map((cue) => ({
  cue,
  pattern: new RegExp(`(?<![\\p{L}\\p{N}])(?:${source(cue.words)})(?![\\p{L}\\p{N}])`, 'giu'),
}));
const ends = (cue: Cue) => {
  const words = cue.kind === 'family' ? FAMILY_TERMINATORS : TERMINATORS;
  const all = [words, cue.until].filter(Boolean).join('|').replaceAll(' ', '\\s+');
  const comma = cue.reach === 'phrase' ? ',|' : '';
  // A plus affirms what follows: "denies chest pain, +orthopnoea".
  const plus = '\\((?:\\+)\\)|(?<=[\\s,(])\\+(?=\\p{L}|$)|';
  return new RegExp(`(?:${comma};|${plus}(?:(?<![\\p{L}\\p{N}])|(?=[,;]))(?:${all})(?![\\p{L}\\p{N}]))`, 'iu');
};
const terminators = new Map(CUES_BEFORE.map((cue) => [cue, ends(cue)]));

/** Cues that call the finding's absence or another's disease decide before those that only weaken it. */
const ORDER: readonly Context['kind'][] = [
  'family',
  'other-person',
  'uncertain',
  'negated',
  'allergy',
  'hypothetical',
  'planned',
  'past',
];

/** Where in the words the finding itself begins: at the first word it shares with the term; the end where it shares none. */
function anchor(words: string, term: string): number {
  const stems = term
    .replace(/\([^()]*\)\s*$/, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 3)
    .map((word) => word.slice(0, 5));
  for (const match of words.matchAll(/[\p{L}\p{N}]+/gu)) {
    const word = match[0].toLowerCase();
    if (stems.some((stem) => word.startsWith(stem))) {
      return match.index;
    }
  }
  return words.length;
}

/** The text with what only looks like a cue blanked, so that positions stay. */
function withoutLookalikes(text: string): string {
  return text.replace(notCues, (found) => '\u0001'.repeat(found.length));
}

const BY_PROCEDURE =
  /\b(?:on|by|at|after|since|during|following|per|via)\s+(?:(?:the|his|her|their|a|an|repeat|recent|initial|admission)\s+)*(?:\p{L}+\s+)?$/iu;

interface Hit {
  kind: CueKind;
  start: number;
  end: number;
}

/** The cues in `left` whose reach comes up to its end; of those that overlap, the longest. */
function cuesReaching(left: string): Hit[] {
  const hits = before.flatMap(({ cue, pattern }) =>
    Array.from(left.matchAll(pattern), (match) => ({ cue, start: match.index, end: match.index + match[0].length })),
  );
  const longest = hits.filter(
    (hit) =>
      !hits.some(
        (other) =>
          other !== hit &&
          other.start <= hit.start &&
          other.end >= hit.end &&
          other.end - other.start > hit.end - hit.start,
      ),
  );
  return longest
    .filter(({ cue, end }) => !terminators.get(cue)?.test(left.slice(end)))
    .map(({ cue, start, end }) => ({ kind: cue.kind, start, end }));
}

const SECTION_CONTEXT: Partial<Record<SectionKind, Context['kind']>> = {
  family: 'family',
  allergy: 'allergy',
  negative: 'negated',
  differential: 'uncertain',
  education: 'hypothetical',
  plan: 'planned',
  past: 'past',
};

/** Everything that heading and sentence say of the words at `subject`, the most decisive first. */
export function contextsOf(text: string, subject: Subject, sections: readonly Section[]): Context[] {
  const kinds = new Map<Context['kind'], Context['by']>();
  const section = sectionAt(sections, subject.start);
  const meant = section && SECTION_CONTEXT[section.kind];
  const sentence = sentenceAround(text, subject.start, subject.end);
  const from =
    section && section.start <= subject.start ? Math.max(sentence.start, section.headingEnd) : sentence.start;
  const words = text.slice(subject.start, subject.end);
  // A term that is itself an absence ("Absence of breath sounds") brings its negation along.
  const inside = NEGATIVE_TERM.test(subject.term) ? 0 : anchor(words, subject.term);
  const lead = text.slice(Math.min(from, subject.start), subject.start + inside);
  const whole = withoutLookalikes(lead);
  for (const { kind } of cuesReaching(whole)) {
    kinds.set(kind, 'sentence');
  }
  if (
    /(?:^|[\s(,])\?+\s*(?:an?\s+)?$/u.test(text.slice(Math.min(from, subject.start), subject.start)) ||
    /^\s*\?/u.test(words)
  ) {
    kinds.set('uncertain', 'sentence');
  }
  const line = text.slice(text.lastIndexOf('\n', subject.start) + 1).split('\n', 1)[0] ?? '';
  const ahead = text.slice(Math.min(from, subject.start), subject.start);
  if (/\(procedure\)\s*$/i.test(subject.term) && BY_PROCEDURE.test(ahead)) {
    // "no pneumonia on CXR" denies the pneumonia, not the X-ray.
    kinds.delete('negated');
  }
  for (const mark of MARKS_BEFORE) {
    if ([lead, ahead].some((side) => mark.pattern.test(side)) && (mark.line?.test(line) ?? true)) {
      kinds.set(mark.kind, 'sentence');
    }
  }
  const after = withoutLookalikes(text.slice(subject.end, Math.max(sentence.end, subject.end)));
  const following = CUES_AFTER.filter(({ pattern }) => pattern.test(after)).map(({ kind }) => kind);
  for (const kind of following) {
    // "not excluded" and "cannot be ruled out" hold the words of a denial and say the contrary.
    if (!(kind === 'negated' && following.includes('uncertain'))) {
      kinds.set(kind, 'sentence');
    }
  }
  const asked = subject.end - (words.endsWith('?') ? 1 : 0);
  if (ANSWERED_NO.test(text.slice(asked, asked + 100))) {
    kinds.delete('uncertain');
    kinds.set('negated', 'sentence');
  }
  if (meant && !kinds.has(meant)) {
    kinds.set(meant, 'section');
  }
  return ORDER.flatMap((kind) => {
    const by = kinds.get(kind);
    return by ? [{ kind, by }] : [];
  });
}
