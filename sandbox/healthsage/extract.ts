/** The deterministic extractor: same text, same extractions. Plays what the vendor's model does. */
import { type Certainty, judge } from './certainty.ts';
import { findMentions, type Mention } from './mentions.ts';
import { headingsBefore, sentenceAfter, sentenceBefore } from './sentences.ts';
import { readTiming, type Timing } from './timing.ts';

/** One extraction in the vendor's words; the relative fields are absent where no date is given, as in its sample. */
export interface Extraction {
  id: string;
  snomed_ct_code: string;
  snomed_ct_term: string;
  concept_type: string;
  status: Certainty;
  date: string | null;
  end_date: string | null;
  relative_date?: string | null;
  relative_end_date?: string | null;
  source: string;
  /** Code points of the note, half open. */
  start: number;
  end: number;
  shortened_id: string;
}

export type Extracted = Omit<Extraction, 'id' | 'shortened_id'>;

/**
 * Extracts every mention of a known concept from a note; `letterDate` (`YYYY-MM-DD`) is what relative dates count from.
 * In order of the text, findings after everything else. `source` is exactly the note's code points from `start` to `end`.
 */
export function extract(note: string, letterDate: string): Extracted[] {
  const points = Array.from(note);
  const text = (from: number, to: number) => points.slice(from, to).join('');
  const found: Extracted[] = [];
  let previous: { status: Certainty; end: number } | undefined;

  for (const mention of findMentions(points)) {
    const before = text(0, mention.start);
    const sentence = sentenceBefore(before);
    const after = sentenceAfter(text(mention.end, points.length));
    const claimed = Math.max(previous?.end ?? 0, mention.start - length(sentence));
    const lead = text(Math.min(claimed, mention.start), mention.start);
    const inSentence = previous && previous.end >= mention.start - length(sentence);
    const judgement = judge({
      sentence,
      lead,
      after,
      headings: headingsBefore(before),
      ...(previous && inSentence && { previous: { status: previous.status, between: lead } }),
    });
    const timing = readTiming(cut(lead, judgement.before), after.slice(judgement.after), letterDate);
    const start = mention.start - length(tail(lead, judgement.before + timing.before));
    const end = mention.end + length(after.slice(0, judgement.after + timing.after));
    found.push(extracted(mention, judgement.status, timing, { source: text(start, end), start, end }));
    previous = { status: judgement.status, end };
  }
  const isFinding = ({ concept_type }: Extracted) => concept_type === 'finding';
  return [...found.filter((item) => !isFinding(item)), ...found.filter(isFinding)];
}

function extracted(
  { concept }: Mention,
  status: Certainty,
  timing: Timing,
  span: { source: string; start: number; end: number },
): Extracted {
  const timed = timing.start !== undefined || timing.end !== undefined;
  return {
    snomed_ct_code: concept.code,
    snomed_ct_term: concept.term,
    concept_type: concept.type,
    status,
    date: timing.start?.date ?? null,
    end_date: timing.end?.date ?? null,
    ...((timed || concept.type === 'finding') && {
      relative_date: timing.start?.relative ?? null,
      relative_end_date: timing.end?.relative ?? null,
    }),
    ...span,
  };
}

const length = (text: string) => Array.from(text).length;
const cut = (text: string, units: number) => text.slice(0, text.length - units);
const tail = (text: string, units: number) => text.slice(text.length - units);
