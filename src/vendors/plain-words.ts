/** A vendor's texts, made fit for a clinician's eyes. */

const ADDRESS = /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const ID = /\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi;

/**
 * One line of plain text without addresses, ids, control characters and mark-up, at most `longest` characters of it, and
 * without what `preamble` matches at its beginning; undefined where nothing is left.
 */
export function plainWords(text: unknown, longest: number, preamble?: RegExp): string | undefined {
  if (typeof text !== 'string') {
    return undefined;
  }
  const line = text
    .slice(0, 10 * longest)
    .replace(ADDRESS, ' ')
    .replace(ID, ' ')
    .replace(/[\p{C}<>]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const words = preamble === undefined ? line : line.replace(preamble, '');
  return words === '' ? undefined : Array.from(words).slice(0, longest).join('');
}

/** `Face is not detected.` and `Face is not detected` are the same sentence. */
export const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);
