import { plainWords as plain } from '../plain-words.ts';

const LONGEST = 200;

/** A text of the vendor's as one plain line; undefined where nothing is left. */
export const plainWords = (text: unknown): string | undefined => plain(text, LONGEST);
