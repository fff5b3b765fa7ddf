/** Texts of the vendor's, made fit for a clinician's eyes. */

const LONGEST = 200;
const ADDRESS = /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const ID = /\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi;

/** One line of plain text without addresses, ids, control characters and mark-up; undefined where nothing is left. */
export function plainWords(text: unknown): string | undefined {
  if (typeof text !== 'string') {
    return undefined;
  }
  const line = text
    .slice(0, 10 * LONGEST)
    .replace(ADDRESS, ' ')
    .replace(ID, ' ')
    .replace(/[\p{C}<>]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line === '' ? undefined : Array.from(line).slice(0, LONGEST).join('');
}

/** `Face is not detected.` and `Face is not detected` are the same sentence. */
export const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);
