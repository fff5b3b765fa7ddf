/** How much room words take on a chart: estimated, since nothing here knows the machine's fonts, and rather too wide. Pure. */
import { oneLine } from './svg-text.ts';

/** Widths in font sizes, by the widest that stand in the usual sans-serif fonts. */
const WIDTHS: [letters: RegExp, width: number][] = [
  [/^[ijlI.,:;'|!()[\] ]/, 0.42],
  [/^[mwMW%@…ЖМФШЩЫЮ]/, 1.1],
  [/^[\p{Lu}&+=<>~#]/u, 0.84],
  [/^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{N}\p{P}]/u, 0.64],
];
/** Of a character of any other script: Chinese fills a square, and so does the box for what a font lacks. */
const SQUARE = 1.1;
/** More marks on one letter than any language has. */
const TOWER = /(\p{M}{3})\p{M}+/gu;
/** Characters (UTF-16 units) of a text that are looked at: more than any line or banner holds. */
const LONGEST = 2000;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** As `oneLine`, of no more than can be shown, and without towers of marks. */
export const plain = (text: string): string => oneLine(text.slice(0, LONGEST)).replaceAll(TOWER, '$1');

/** In font sizes. */
const widthOf = (text: string): number => lettersOf(text).reduce((sum, letter) => sum + letterWidth(letter), 0);

/** The text, or with an ellipsis as much of it as `room` font sizes hold. */
export function cut(text: string, room: number): string {
  return widthOf(text) <= room ? text : `${beginning(text, room - letterWidth('…')).trimEnd()}…`;
}

/** The text in lines of at most `room` font sizes; a word that is longer is broken. After `most` lines it is cut. */
export function wrapTo(text: string, room: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest !== '' && lines.length < most) {
    const line = lines.length === most - 1 ? cut(rest, room) : lineOf(rest, room);
    lines.push(line);
    rest = rest.slice(line.length).trimStart();
  }
  return lines;
}

/** As many whole words as there is room for, else as many letters, and one at least. */
function lineOf(text: string, room: number): string {
  const held = beginning(text, room);
  if (held === text) {
    return text;
  }
  const end = text[held.length] === ' ' ? held.length : held.lastIndexOf(' ');
  return end > 0 ? text.slice(0, end) : held || (lettersOf(text)[0] ?? '');
}

function beginning(text: string, room: number): string {
  let width = 0;
  let end = 0;
  for (const letter of lettersOf(text)) {
    width += letterWidth(letter);
    if (width > room) {
      break;
    }
    end += letter.length;
  }
  return text.slice(0, end);
}

/** As people see them: a letter with its marks is one. */
const lettersOf = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** What is one emoji may be made of several; a font that does not know it draws each of them. */
const letterWidth = (letter: string): number =>
  WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? SQUARE * Array.from(letter).length;
