/**
 * Finds the words that an extraction names. The vendor's offsets are not to be trusted (its own sample is wrong by nine
 * characters and their unit is not documented), so the words decide. Pure.
 */
import { type PointText, pointText } from './code-points.ts';

/** How the words were found; `unverified` ones have no place in the text. */
export type Located =
  | { how: 'stated' | 'utf16' | 'found'; quote: string; start: number; end: number }
  | { how: 'unverified'; quote: string; hits: { start: number; end: number }[] };

export interface Claim {
  source?: string | undefined;
  start?: number | undefined;
  end?: number | undefined;
}

interface Span {
  start: number;
  end: number;
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** Every place of `pattern`, overlapping ones included, in code points of the piece. */
function places(piece: PointText, pattern: RegExp): Span[] {
  const found: Span[] = [];
  for (let match = pattern.exec(piece.text); match; match = pattern.exec(piece.text)) {
    found.push({ start: piece.toPoints(match.index), end: piece.toPoints(match.index + match[0].length) });
    // By whole code points: within a surrogate pair a unicode expression would step back and find the same again.
    pattern.lastIndex = match.index + ((piece.text.codePointAt(match.index) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}

/** The words in the piece: exactly, else without regard to case and white space; never within another word. */
function search(piece: PointText, source: string): Span[] {
  const words = source.trim().split(/\s+/u).filter(Boolean).map(escaped);
  if (words.length === 0) {
    return [];
  }
  const before = /^[\p{L}\p{N}]/u.test(source.trim()) ? '(?<![\\p{L}\\p{N}])' : '';
  const after = /[\p{L}\p{N}]$/u.test(source.trim()) ? '(?![\\p{L}\\p{N}])' : '';
  const exact = places(piece, new RegExp(`${before}${escaped(source.trim())}${after}`, 'gu'));
  return exact.length > 0 ? exact : places(piece, new RegExp(`${before}${words.join('\\s+')}${after}`, 'giu'));
}

/** The one hit nearest to the stated start; undefined where none or several are. */
function nearest(hits: readonly Span[], start: number | undefined): Span | undefined {
  if (hits.length <= 1 || start === undefined) {
    return hits.length === 1 ? hits[0] : undefined;
  }
  const far = (hit: Span) => Math.abs(hit.start - start);
  const least = Math.min(...hits.map(far));
  const best = hits.filter((hit) => far(hit) === least);
  return best.length === 1 ? best[0] : undefined;
}

/** Locates an extraction's words in the note, given the piece it was found in; offsets of the note, in code points. */
export function locate(note: PointText, chunk: { base: number; length: number }, claim: Claim): Located {
  const { start, end } = claim;
  const source = claim.source ?? '';
  const piece = pointText(note.slice(chunk.base, chunk.base + chunk.length));
  const inNote = (span: Span) => ({ start: span.start + chunk.base, end: span.end + chunk.base });
  if (source.trim() === '') {
    return { how: 'unverified', quote: '', hits: [] };
  }
  if (start !== undefined && end !== undefined && start >= 0 && end > start) {
    if (end <= piece.length && piece.slice(start, end) === source) {
      return { how: 'stated', quote: source, ...inNote({ start, end }) };
    }
    if (piece.text.slice(start, end) === source) {
      const span = { start: piece.toPoints(start), end: piece.toPoints(end) };
      return { how: 'utf16', quote: source, ...inNote(span) };
    }
  }
  const hits = search(piece, source);
  const best = nearest(hits, start);
  return best
    ? { how: 'found', quote: piece.slice(best.start, best.end), ...inNote(best) }
    : { how: 'unverified', quote: source, hits: hits.map(inNote) };
}
