/** The sentence and the headings around a place in a text. */

/** Full stops that end no sentence: "vs.", "Dr.", "Mar. 2019". */
const ABBREVIATED =
  '(?<!(?<!\\p{L})(?i:vs|dr|mrs?|ms|st|approx|e\\.g|i\\.e|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec))';
const STOP = `${ABBREVIATED}\\.(?=\\s|$)|[!;](?=\\s|$)|\\?(?=\\s|$)`;
/** A blank line, a list item, or a line with a label of its own. */
const BREAK = '\\n[^\\S\\n]*\\n|\\n(?=[^\\S\\n]*(?:[-*•–]|\\d{1,2}[.)]\\s))|\\n(?=\\p{Lu}[^\\n:.]{0,40}:)';
const BOUNDARY = new RegExp(`${STOP}|${BREAK}`, 'gu');
/** In the text before a place, a mark at the very end stands directly before the place: "?COPD". */
const BOUNDARY_BEFORE = new RegExp(`(?:${STOP}|${BREAK})(?!$)`, 'gu');

/** The part of the place's sentence that stands before it. */
export function sentenceBefore(before: string): string {
  const last = [...before.matchAll(BOUNDARY_BEFORE)].at(-1);
  return last ? before.slice(last.index + last[0].length) : before;
}

/** The part of the place's sentence that stands after it, with its closing mark. */
export function sentenceAfter(after: string): string {
  const first = after.matchAll(BOUNDARY).next().value;
  return first ? after.slice(0, first.index + first[0].trimEnd().length) : after;
}

/** What may be the place's heading: its paragraph's first line, and the paragraph above where that is a single line. */
export function headingsBefore(before: string): string[] {
  const paragraphs = before.split(/\n[^\S\n]*\n/);
  const current = paragraphs.at(-1)?.split('\n') ?? [];
  const above = paragraphs.at(-2)?.trim().split('\n') ?? [];
  return [...(current.length > 1 ? current.slice(0, 1) : []), ...(above.length === 1 ? above : [])];
}
