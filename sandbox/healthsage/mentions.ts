/** Where a text names a concept of the terminology. */
import { fold } from './fold.ts';
import { CONCEPTS, type Concept } from './terminology.ts';

export interface Mention {
  concept: Concept;
  /** Code points, half open. */
  start: number;
  end: number;
}

const EDGE = { before: '(?<![\\p{L}\\p{N}])', after: '(?![\\p{L}\\p{N}])' };

const key = (name: string) => fold(Array.from(name)).text.replace(/[\s-]+/g, ' ');
const lowerKey = (name: string) => key(name).toLowerCase();

const BY_SYNONYM = new Map(CONCEPTS.flatMap((concept) => concept.synonyms.map((name) => [lowerKey(name), concept])));
const BY_ABBREVIATION = new Map(
  CONCEPTS.flatMap((concept) => concept.abbreviations.map((name) => [key(name), concept])),
);

/** A name may be broken over a line or hyphenated, and be in the plural. */
const SYNONYMS = pattern([...BY_SYNONYM.keys()], '(?:s(?!\\w))?', 'giu');
const ABBREVIATIONS = pattern([...BY_ABBREVIATION.keys()], 's?', 'gu');

/** All mentions in order of the text; of overlapping ones the first and longest. */
export function findMentions(points: readonly string[]): Mention[] {
  const folded = fold(points);
  const found: Mention[] = [];
  const collect = (names: RegExp, look: (name: string) => Concept | undefined) => {
    for (const match of folded.text.matchAll(names)) {
      const concept = look(match[0]);
      const start = folded.from[match.index];
      const end = folded.to[match.index + match[0].length - 1];
      if (concept && start !== undefined && end !== undefined) {
        found.push({ concept, start, end });
      }
    }
  };
  collect(SYNONYMS, (name) => singular(BY_SYNONYM, lowerKey(name)));
  collect(ABBREVIATIONS, (name) => singular(BY_ABBREVIATION, key(name)));
  return withoutOverlaps(found);
}

function singular(names: Map<string, Concept>, name: string): Concept | undefined {
  return names.get(name) ?? names.get(name.replace(/s$/, ''));
}

function withoutOverlaps(mentions: Mention[]): Mention[] {
  const kept: Mention[] = [];
  let reached = 0;
  for (const mention of mentions.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (mention.start >= reached) {
      kept.push(mention);
      reached = mention.end;
    }
  }
  return kept;
}

function pattern(names: string[], plural: string, flags: string): RegExp {
  const longestFirst = names.toSorted((a, b) => b.length - a.length);
  const alternatives = longestFirst.map((name) =>
    name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replaceAll(' ', '(?:-|[^\\S\\n]+|[^\\S\\n]*\\n[^\\S\\n]*)'),
  );
  return new RegExp(`${EDGE.before}(?:${alternatives.join('|')})${plural}${EDGE.after}`, flags);
}
