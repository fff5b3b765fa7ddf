/** The sentence around a place of a note. Pure; UTF-16 units. */

/** Far enough for a long list of denials, near enough that a cue is about what follows. */
const FURTHEST = 400;

/** Abbreviations whose full stop ends nothing. */
const ABBREVIATION =
  /(?:^|[\s(])(?:dr|mr|mrs|ms|prof|st|vs|e\.?g|i\.?e|etc|approx|ca|no|fig|pt|hx|dx|y\.?o|p\.?o|b\.?d|resp|incl|esp|[a-z])\.$/iu;

/**
 * Where sentences or list items end: after . ! ? (not the ? of "?PE"), at semicolons and blank lines, before list items, and
 * before a capital on a new line unless the line before cannot have been the end.
 */
function boundaries(text: string): number[] {
  const ends: number[] = [];
  const pattern =
    /(?:[.!]+|(?<=[\p{L}\p{N})])\?+)[)"'\]”’]*(?=\s|$)|;|\n[ \t\r]*\n|\n(?=[ \t]*(?:(?:[-•*·–●▪◦‣○☐☑✓✔✗]|\[[ xX]?\]|\d{1,2}[.)])\s|#{1,6}\s?\p{L}))|(?<![,:][ \t\r]*|\b(?:and|or|nor|of|for|no|the|with|any|in|to|a|an|by|from)[ \t\r]*)\n(?=[ \t]*\p{Lu})/gu;
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    const abbreviated = match[0] === '.' && ABBREVIATION.test(text.slice(Math.max(0, end - 12), end));
    if (!abbreviated) {
      ends.push(end);
    }
  }
  return ends;
}

/** The sentence that holds `[start, end)`, at most 400 units more to either side. */
export function sentenceAround(text: string, start: number, end: number): { start: number; end: number } {
  const from = Math.max(0, start - FURTHEST);
  const until = Math.min(text.length, end + FURTHEST);
  const before = boundaries(text.slice(from, start + 1)).filter((at) => from + at <= start);
  const after = boundaries(text.slice(Math.max(start, end - 1), until)).map((at) => Math.max(start, end - 1) + at);
  const last = before.at(-1);
  const begin = last === undefined ? from : from + last;
  return { start: begin, end: after.find((at) => at >= end) ?? until };
}
