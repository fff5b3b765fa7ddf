/** The strip below a heat map: that a machine has drawn it, and what its colours mean. Pure. */
import { type Drawing, LETTER, number, page, shownLabel, textAt, wrap } from './svg-text.ts';

/** What one colour of a map means. */
export interface LegendEntry {
  /** For people; no PHI: it is drawn. */
  label: string;
  /** As in the map: `#rrggbb`, or red, green and blue from 0 to 255. Of anything else only the frame of its box is drawn. */
  color: string | readonly [red: number, green: number, blue: number];
}

/** Pixels that a legend takes at least, however narrow its map is. */
export const LEAST_LEGEND = 360;
/** More classes than anybody tells apart by their colours. */
const MOST_ENTRIES = 48;
const NAMELESS = '(no name)';
const COLOUR = /^#[0-9a-f]{6}$/i;

const [LEAST_FONT, MOST_FONT] = [12, 24];
/** Of a map's width; and what one entry takes beside its words, in font sizes. */
const FONTS_ACROSS = 48;
const BOX = 1.4;
const GAP = 1.2;
/** Width of an average capital, in which vendors name their classes. */
const CAPITAL = 0.74;

/** For a map of this width, or of LEAST_LEGEND where that is narrower: the entries in as many columns as there is room for. */
export function drawLegend(legend: readonly LegendEntry[], banner: string, mapWidth: number): Drawing {
  const width = Math.max(mapWidth, LEAST_LEGEND);
  const font = Math.round(Math.min(MOST_FONT, Math.max(LEAST_FONT, width / FONTS_ACROSS)));
  const step = Math.round(font * 1.5);
  const half = Math.round(font / 2);
  const lines = wrap(banner.split(/\s+/), Math.floor((width - font) / (font * LETTER)));
  const shown = legend
    .slice(0, MOST_ENTRIES)
    .map(({ label, color }) => ({ color, label: shownLabel(label) || NAMELESS }));
  const longest = Math.max(0, ...shown.map(({ label }) => widthOf(label)));
  const cell = Math.ceil((BOX + half / font + longest + GAP) * font);
  const columns = Math.max(1, Math.min(shown.length, Math.floor((width - font) / cell)));
  const rows = Math.ceil(shown.length / columns);
  const more = legend.length > shown.length ? [`and ${legend.length - shown.length} more`] : [];
  const baseline = (line: number): number => step * line + font + Math.round(font * 0.4);
  const height = step * (lines.length + rows + more.length) + font;
  const words = lines.map((text, line) => textAt(half, baseline(line), text, font));
  // Down the columns, as one reads a list.
  const entries = shown.map(({ label, color }, index) => {
    const x = half + Math.floor(index / rows) * cell;
    const y = baseline(lines.length + (index % rows));
    return box(x, y, font, color) + textAt(x + (BOX + 0.5) * font, y, label, font);
  });
  const rest = more.map((text) => textAt(half, baseline(lines.length + rows), text, font));
  const ground = `<rect width="${width}" height="${height}" fill="${GROUND}"/>`;
  return { width, height, svg: page({ width, height }, [ground, ...words, ...entries, ...rest].join('')) };
}

/** What the strip, and the sides of a map that is narrower than it, are filled with. */
export const GROUND = '#202020';

/** In font sizes. */
function widthOf(label: string): number {
  return Array.from(label).reduce((sum, letter) => sum + (/\p{Lu}/u.test(letter) ? CAPITAL : LETTER), 0);
}

/** What is no byte comes out as no colour. */
const spell = (color: readonly number[]): string =>
  `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`;

/** A box in the colour, framed so that a dark one is seen, too. */
function box(x: number, y: number, font: number, color: LegendEntry['color']): string {
  const size = `width="${number(BOX * font)}" height="${number(font * 0.8)}"`;
  const spelt = typeof color === 'string' ? color : spell(color);
  const fill = COLOUR.test(spelt) ? spelt : 'none';
  return `<rect x="${number(x)}" y="${number(y - font * 0.75)}" ${size} fill="${fill}" stroke="#ffffff" stroke-width="1"/>`;
}
