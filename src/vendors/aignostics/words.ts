/** Texts of the vendor's, made fit for a clinician's eyes. */

const LONGEST = 300;
const ADDRESS = /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const ID = /\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi;
/** How the platform begins what its applications say of a slide. */
const PREAMBLE = /^(?:user|system) error raised by application[^:]*:\s*/i;

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
    .trim()
    .replace(PREAMBLE, '');
  return line === '' ? undefined : Array.from(line).slice(0, LONGEST).join('');
}

export const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);

/** `LUNG_CANCER` as a person writes it. */
export const spelt = (term: string): string => term.toLowerCase().replaceAll('_', ' ');

export const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
