/**
 * Cuts a note into pieces that the vendor takes (1500 code points). Pure.
 *
 * Every piece is sent byte for byte as it stands in the note, so that the vendor's offsets plus `base` are offsets of
 * the note. A heading stays with the text below it, because the vendor sees one piece alone.
 */

import { pointText } from './code-points.ts';
import { LIMITS } from './facts.ts';
import { findSections, type Section, sectionAt } from './sections.ts';

export interface Chunk {
  /** Code points. */
  base: number;
  length: number;
  /** The heading of the section that the piece continues, where that heading stands in an earlier piece. */
  section?: string;
}

/** UTF-16 units of the note, half-open. */
interface Range {
  start: number;
  end: number;
}

const points = (text: string) => pointText(text).length;

/** Whether a range has at most `limit` code points; a long range is not counted through. */
function within(text: string, { start, end }: Range, limit: number): boolean {
  return end - start <= limit || (end - start <= 2 * limit && points(text.slice(start, end)) <= limit);
}

/** The range without white space at its ends; undefined where there is nothing else. */
function trimmed(text: string, { start, end }: Range): Range | undefined {
  const piece = text.slice(start, end);
  const begin = piece.search(/\S/);
  return begin < 0 ? undefined : { start: start + begin, end: start + piece.trimEnd().length };
}

function cutAt(range: Range, cuts: readonly number[]): Range[] {
  const edges = [range.start, ...cuts.filter((cut) => cut > range.start && cut < range.end), range.end];
  return edges.slice(1).map((end, index) => ({ start: edges[index] ?? range.start, end }));
}

/** Where the last match ends in `window`, if after `least` units. */
function lastEnd(window: string, pattern: RegExp, least: number): number | undefined {
  const ends = Array.from(window.matchAll(pattern), (match) => match.index + match[0].length);
  const last = ends.at(-1);
  return last !== undefined && last > least ? last : undefined;
}

/** How many units of `rest` go into one piece; `rest` is too long for one. */
function cutLength(rest: string): number {
  const limits = pointText(rest.slice(0, LIMITS.noteHard * 2));
  const window = limits.slice(0, LIMITS.notePacked);
  const line = /\n+/g;
  const sentence = /[.!?][)\]"'”’]*\s+/g;
  const half = window.length / 2;
  const cut =
    lastEnd(window, line, half) ??
    lastEnd(window, sentence, half / 2) ??
    lastEnd(window, line, 0) ??
    lastEnd(window, sentence, 0) ??
    lastEnd(window, /\s+/g, 0);
  if (cut !== undefined) {
    return cut;
  }
  // One word that is longer than a packed piece: whole where the hard limit allows, else by what a reader sees as a letter.
  const hard = limits.slice(0, LIMITS.noteHard);
  const word = /^\S+/.exec(limits.text)?.[0] ?? hard;
  if (points(word) <= LIMITS.noteHard) {
    return word.length;
  }
  const last = Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(limits.text))
    .map(({ index, segment }) => index + segment.length)
    .filter((end) => end <= hard.length)
    .at(-1);
  return last ?? hard.length;
}

function splitLong(text: string, range: Range): Range[] {
  const pieces: Range[] = [];
  let rest: Range | undefined = trimmed(text, range);
  while (rest && !within(text, rest, LIMITS.notePacked)) {
    const end: number =
      rest.start + cutLength(text.slice(rest.start, Math.min(rest.end, rest.start + 4 * LIMITS.noteHard)));
    const piece = trimmed(text, { start: rest.start, end });
    if (piece) {
      pieces.push(piece);
    }
    rest = trimmed(text, { start: end, end: rest.end });
  }
  return rest ? [...pieces, rest] : pieces;
}

/** Paragraphs of a section; one that is a heading alone takes the next along. */
function paragraphs(text: string, range: Range, sections: readonly Section[]): Range[] {
  const blanks = Array.from(text.slice(range.start, range.end).matchAll(/\n[ \t\r]*\n\s*/g));
  const cuts = blanks.map((match) => range.start + match.index + match[0].length);
  const headings = new Set(
    sections
      .filter(({ start }) => range.start <= start && start < range.end)
      .map(({ headingEnd }) => text.slice(0, headingEnd).trimEnd().length),
  );
  return cutAt(
    range,
    cuts.filter((cut) => !headings.has(text.slice(0, cut).trimEnd().length)),
  );
}

/** Puts neighbours together while they fit into one piece. */
function pack(text: string, units: readonly Range[], fits: (range: Range) => boolean): Range[] {
  const packed: Range[] = [];
  for (const unit of units) {
    const whole = trimmed(text, unit);
    const last = packed.at(-1);
    if (!whole) {
      continue;
    }
    const joined = last && { start: last.start, end: whole.end };
    if (joined && fits(joined)) {
      packed[packed.length - 1] = joined;
    } else {
      packed.push(whole);
    }
  }
  return packed;
}

/**
 * Cuts `text` into pieces of at most 1450 code points (1500 where a single word needs it), at sections, else paragraphs, else
 * lines and sentences, else white space. All text but white space is in exactly one piece.
 */
export function splitNote(text: string): Chunk[] {
  const sections = findSections(text);
  const fits = (range: Range) => within(text, range, LIMITS.notePacked);
  const bySection = cutAt(
    { start: 0, end: text.length },
    sections.map(({ start }) => start),
  );
  // A section that fits stays whole; a longer one is taken apart, and its pieces go beside what fits with them.
  const units = bySection.flatMap((section) => {
    const whole = trimmed(text, section);
    return !whole || fits(whole)
      ? [section]
      : pack(
          text,
          paragraphs(text, section, sections).flatMap((part) => splitLong(text, part)),
          fits,
        );
  });
  const index = pointText(text);
  return pack(text, units, fits).map(({ start, end }) => {
    const section = sectionAt(sections, start);
    const base = index.toPoints(start);
    const continued = section !== undefined && section.start < start && section.headingEnd <= start;
    return { base, length: index.toPoints(end) - base, ...(continued ? { section: section.name } : {}) };
  });
}
