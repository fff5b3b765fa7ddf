/** A text made comparable, with the way back: unit `i` of `text` comes from the code points `from[i]` to before `to[i]`. */
export interface Folded {
  text: string;
  from: number[];
  to: number[];
}

const PLAIN: Record<string, string> = {
  '’': "'",
  '‘': "'",
  ʼ: "'",
  '‐': '-',
  '‑': '-',
  '–': '-',
  '\u00a0': ' ',
  '\u202f': ' ',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
};

/**
 * Folds what spelling varies in: accents off, typographic apostrophes and dashes plain, `ae` and `oe` as `e`, `our` as
 * `or`, so that `dyspnœa`, `dyspnoea` and `dyspnea` are one word. Case stays. A term has to be folded the same way.
 */
export function fold(points: readonly string[]): Folded {
  const plain: Folded = { text: '', from: [], to: [] };
  points.forEach((point, index) => {
    const letters = PLAIN[point] ?? point.normalize('NFD').replace(/\p{M}/gu, '');
    if (letters === '' && plain.to.length > 0) {
      // A combining mark belongs to the letter before it.
      plain.to[plain.to.length - 1] = index + 1;
    }
    for (let unit = 0; unit < letters.length; unit++) {
      append(plain, letters.charAt(unit), index, index + 1);
    }
  });
  return foldSpelling(plain);
}

function foldSpelling({ text, from, to }: Folded): Folded {
  const folded: Folded = { text: '', from: [], to: [] };
  let unit = 0;
  while (unit < text.length) {
    const start = from[unit] ?? 0;
    const pair = text.slice(unit, unit + 2);
    if (/^[ao]e$/i.test(pair)) {
      append(folded, pair.charAt(1), start, to[unit + 1] ?? start + 1);
      unit += 2;
    } else {
      append(folded, pair.charAt(0), start, to[unit] ?? start + 1);
      unit += /^our/i.test(text.slice(unit, unit + 3)) ? 2 : 1;
    }
  }
  return folded;
}

function append(folded: Folded, unit: string, from: number, to: number): void {
  folded.text += unit;
  folded.from.push(from);
  folded.to.push(to);
}
