/** Words and numbers in the SVG that we draw. Pure. What came from outside is cut and escaped here. */

export interface Size {
  width: number;
  height: number;
}

/** A drawing of its own size, as SVG text. */
export interface Drawing extends Size {
  svg: string;
}

/** Width of an average letter of the usual sans-serif fonts, in font sizes; rather too wide. */
export const LETTER = 0.6;
const LONGEST_LABEL = 40;

/** In one line, without what cannot be seen or turns the direction of what stands beside it. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();

/** A label as `oneLine`, cut where it is too long. */
export function shownLabel(label = ''): string {
  const plain = oneLine(label);
  const letters = Array.from(plain);
  return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL - 1).join('')}…` : plain;
}

/** The words in lines of at most `room` letters; a longer word has a line of its own. */
export function wrap(words: readonly string[], room: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= room) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

export const textAt = (x: number, y: number, text: string, font: number, fill = '#ffffff'): string =>
  `<text x="${number(x)}" y="${number(y)}" font-family="sans-serif" font-size="${font}" fill="${fill}">${escaped(text)}</text>`;

export const page = ({ width, height }: Size, content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`;

export const number = (value: number): string => String(Math.round(value * 100) / 100);

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '');
