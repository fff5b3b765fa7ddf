/** Words of the platform's and about its terms. */
import { plainWords as plain } from '../plain-words.ts';

const LONGEST = 300;
/** How the platform begins what its applications say of a slide. */
const PREAMBLE = /^(?:user|system) error raised by application[^:]*:\s*/i;

/** A text of the platform's as one plain line; undefined where nothing is left. */
export const plainWords = (text: unknown): string | undefined => plain(text, LONGEST, PREAMBLE);

/** `LUNG_CANCER` as a person writes it. */
export const spelt = (term: string): string => term.toLowerCase().replaceAll('_', ' ');

export const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
