/** Finds the section headings of a note and how far each reaches. Pure; offsets in UTF-16 units of the text. */
import { HEADING_PATTERNS, HEADINGS, type SectionKind } from './headings.ts';

export interface Section {
  /** Where the heading's line begins. */
  start: number;
  /** Where the section ends: the next heading, or the end of its paragraph where the heading stands in its first line. */
  end: number;
  /** Where the heading itself ends. */
  headingEnd: number;
  name: string;
  kind: SectionKind;
}

interface Heading {
  start: number;
  headingEnd: number;
  name: string;
  kind: SectionKind;
  /** The heading has its line to itself. */
  alone: boolean;
}

const LONGEST_HEADING = 60;

function kindOf(name: string, { marked, alone }: { marked: boolean; alone: boolean }): SectionKind | undefined {
  const key = name
    .toLowerCase()
    .replace(/\([^)]*\)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  // By its words alone only what looks like a heading is one: "No known allergies" is content.
  const byWords = marked ? HEADING_PATTERNS.find((one) => (alone || !one.alone) && one.pattern.test(key)) : undefined;
  return HEADINGS.get(key) ?? byWords?.kind;
}

/** A line's heading, where it has one: `Name: …`, `Name` alone if it is a known one, `NAME`, `# Name`, `1. Name:`. */
function headingOf(line: string, start: number): Heading | undefined {
  const shape =
    /^([ \t]*(?:#{1,6}[ \t]*|\*{1,2}|(?:\d{1,2}|[ivxIVX]{1,4})[.)][ \t]+|[-•][ \t]+)?)([\p{L}][\p{L}\d &/,'’()-]{0,60}?)[ \t]*(\*{0,2}[:：]\*{0,2}|\*{0,2}(?=[ \t]*\r?$)|[ \t][-–—](?=[ \t]))/u.exec(
      line,
    );
  const name = shape?.[2];
  if (!shape || !name || name.length > LONGEST_HEADING) {
    return undefined;
  }
  const rest = line.slice(shape[0].length).trim();
  const colon = /[:：]/.test(shape[3] ?? '');
  const alone = rest === '';
  const shouted = name === name.toUpperCase() && /\p{Lu}{3}/u.test(name);
  const marked = /#|\*/.test(shape[1] ?? '');
  const known = kindOf(name, { marked: colon || shouted || marked, alone: alone && colon });
  // A line "Hypertension: since 2010" or "Aspirin" is content; an unknown heading has to stand alone or look like one.
  const heading =
    known !== undefined ? colon || alone || /[-–—]/.test(shape[3] ?? '') : alone && (colon || shouted || marked);
  if (!heading) {
    return undefined;
  }
  return { start, headingEnd: start + shape[0].length, name: name.trim(), kind: known ?? 'plain', alone };
}

/** Whether a section goes on after its first paragraph. A list of denials ends with it: what follows may be present. */
function reachesOn({ alone, kind }: Heading): boolean {
  return alone && kind !== 'negative' && kind !== 'past';
}

/** The sections of a text in order; text before the first, or after one that ended with its paragraph, is in none. */
export function findSections(text: string): Section[] {
  const headings: Heading[] = [];
  const lines = /[^\n]*\n|[^\n]+$/g;
  for (const match of text.matchAll(lines)) {
    const found = headingOf(match[0].replace(/\n$/, ''), match.index);
    if (found) {
      headings.push(found);
    }
  }
  return headings.map((heading, index) => {
    const next = headings[index + 1]?.start ?? text.length;
    const below = text.slice(heading.headingEnd, next);
    const content = Math.max(0, below.search(/\S/));
    const blank = /\n[ \t\r]*\n/.exec(below.slice(content));
    const end = reachesOn(heading) || !blank ? next : heading.headingEnd + content + blank.index;
    const { start, headingEnd, name, kind } = heading;
    return { start, end, headingEnd, name, kind };
  });
}

/** The section that a position is in. */
export function sectionAt(sections: readonly Section[], position: number): Section | undefined {
  return sections.find(({ start, end }) => start <= position && position < end);
}
