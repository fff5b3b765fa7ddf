/** The one normalisation of a note's text: what comes out is the reference of every offset (clinical notes, rule 6). */

/** Control characters but tab and line feed, byte order marks and soft hyphens: nothing a reader sees. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const INVISIBLE = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\ufeff]/g;

/** Every way to end a line but `\n` itself, vertical tab and form feed among them. */
const LINE_END = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;

/**
 * Well-formed Unicode in NFC, `\n` for every kind of line end, plain spaces for no-break spaces, nothing invisible.
 * Idempotent.
 */
export function normalise(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(LINE_END, '\n')
      .replace(INVISIBLE, '')
      // No-break and fixed-width spaces are layout; vendors search words with plain ones.
      .replace(/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, ' ')
      .normalize('NFC')
  );
}

/** By trim, not by patterns: those take a time that grows with the square of a run of blanks. */
function tidyLine(line: string): string {
  const [first = '', ...others] = line.split('\t');
  return [first.trimEnd(), ...others.map((part) => part.trim())].join('\t').trimEnd();
}

/** Tidies text that was laid out by us: no blanks around line ends and tabs, at most one blank line, no blank margin. */
export function tidy(text: string): string {
  return text
    .split('\n')
    .map(tidyLine)
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}
