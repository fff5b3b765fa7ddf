/**
 * A chart of counts as an SVG: a banner, a title, and groups of horizontal bars. Pure. Labels are outside data: they are
 * cut, escaped, and each is drawn in a cell of its own, beyond which nothing is seen of it, however wide a font draws it.
 */
import { cut, plain, wrapTo } from './chart-text.ts';
import { GROUND } from './draw-legend.ts';
import { BANNER } from './draw-overlay.ts';
import { type Drawing, number, page, textAt } from './svg-text.ts';

export interface ChartRow {
  /** For people; no PHI: it is drawn. */
  label: string;
  /** Of whatever the group's title says; what is no number from 0 on is drawn as `?`. */
  count: number;
}

export interface ChartGroup {
  title: string;
  /** In the order in which they are drawn. */
  rows: readonly ChartRow[];
}

export interface Chart {
  title: string;
  /** Stands on top: whose data these are, and who has verified them. */
  banner: string;
  groups: readonly ChartGroup[];
}

const WIDTH = 1200;
const MARGIN = 32;
const INNER = WIDTH - 2 * MARGIN;
/** Font sizes, and from one line to the next; all in pixels. */
const FONTS = { banner: 22, title: 26, group: 19, row: 16 };
const STEPS = { banner: 32, title: 36, group: 32, row: 26 };
const BAND = 14;
const [MOST_BANNER, MOST_TITLE] = [8, 2];
const [MOST_GROUPS, MOST_ROWS] = [8, 15];

const LABEL = 480;
/** Where bars begin, and how long the longest is; beside it there is room for its count. */
const BARS = MARGIN + LABEL + 12;
const COUNT = 170;
const LONGEST_BAR = WIDTH - MARGIN - COUNT - BARS;
/** So that a count of one is seen beside one of a million. */
const LEAST_BAR = 2;
/** Larger counts are written as powers of ten. */
const MOST_WRITTEN = 1e12;

/** One hue, dark on white: told from the ground in print without colour and by every eye. */
const [PAPER, INK, FAINT, BAR] = ['#ffffff', '#202020', '#555555', '#2b5c8a'];
const ON_BAND = '#ffffff';
const [NAMELESS, EMPTY, UNCOUNTED] = ['(no name)', '(none)', '?'];

type Font = keyof typeof FONTS;

/** A stretch of the picture from its left to its right side; what it draws begins at the `top` that it is given. */
interface Strip {
  height: number;
  draw(top: number): string;
}

/** At most MOST_GROUPS groups of MOST_ROWS rows each; what is left out is said and summed up. Never a chart without banner. */
export function layoutChart({ title, banner, groups }: Chart): Drawing {
  const shown = groups.slice(0, MOST_GROUPS);
  const more = groups.length - shown.length;
  const strips = [
    bannerOf(plain(banner) || BANNER),
    gap(BAND),
    ...wrapTo(plain(title), INNER / FONTS.title, MOST_TITLE).map((line) => words('title', line)),
    ...shown.flatMap(groupOf),
    ...(more > 0 ? [gap(BAND), words('row', `Groups that are not drawn: ${counted(more)}`, FAINT)] : []),
    gap(MARGIN),
  ];
  const height = strips.reduce((sum, strip) => sum + strip.height, 0);
  const ground = rect({ x: 0, y: 0, width: WIDTH, height }, PAPER);
  let top = 0;
  const drawn = strips.map((strip) => {
    const strokes = strip.draw(top);
    top += strip.height;
    return strokes;
  });
  return { width: WIDTH, height, svg: page({ width: WIDTH, height }, ground + drawn.join('')) };
}

function bannerOf(banner: string): Strip {
  const lines = wrapTo(banner, INNER / FONTS.banner, MOST_BANNER);
  const height = lines.length * STEPS.banner + 2 * BAND;
  return {
    height,
    draw: (top) =>
      rect({ x: 0, y: top, width: WIDTH, height }, GROUND) +
      lines.map((line, index) => cell('banner', line, top + BAND + index * STEPS.banner, { fill: ON_BAND })).join(''),
  };
}

function groupOf({ title, rows }: ChartGroup): Strip[] {
  const shown = rows.slice(0, MOST_ROWS).map(({ label, count }) => ({ label, count: valid(count) }));
  const rest = rows.slice(MOST_ROWS);
  const largest = Math.max(0, ...shown.map(({ count }) => count ?? 0));
  return [
    gap(BAND),
    words('group', cut(plain(title) || NAMELESS, INNER / FONTS.group)),
    ...shown.map(({ label, count }) => rowOf(label, count, largest)),
    ...(rows.length === 0 ? [words('row', EMPTY, FAINT)] : []),
    ...(rest.length > 0 ? [words('row', `and ${counted(rest.length)} more (${counted(sumOf(rest))})`, FAINT)] : []),
  ];
}

function rowOf(label: string, count: number | undefined, largest: number): Strip {
  const bar = count ? Math.max(LEAST_BAR, (count / largest) * LONGEST_BAR) : 0;
  const shown = cut(plain(label) || NAMELESS, LABEL / FONTS.row);
  return {
    height: STEPS.row,
    draw: (top) =>
      cell('row', shown, top, { width: LABEL }) +
      rect({ x: BARS, y: top + 4, width: bar, height: STEPS.row - 8 }, BAR) +
      cell('row', counted(count), top, { x: BARS + bar + 8, width: COUNT }),
  };
}

const gap = (height: number): Strip => ({ height, draw: () => '' });

const words = (font: Font, text: string, fill = INK): Strip => ({
  height: STEPS[font],
  draw: (top) => cell(font, text, top, { fill }),
});

/** Nested, so that what does not fit is cut off rather than drawn over what stands beside it. */
function cell(font: Font, text: string, y: number, { x = MARGIN, width = INNER, fill = INK } = {}): string {
  const [size, height] = [FONTS[font], STEPS[font]];
  const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${height}"`;
  return `<svg ${place}>${textAt(0, (height + size * 0.7) / 2, text, size, fill)}</svg>`;
}

function rect(place: { x: number; y: number; width: number; height: number }, fill: string): string {
  const { x, y, width, height } = place;
  return `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="${fill}"/>`;
}

const valid = (count: number): number | undefined => (Number.isFinite(count) && count >= 0 ? count : undefined);

/** Undefined where one of them is no count: a sum of the others would be a wrong one. */
function sumOf(rows: readonly ChartRow[]): number | undefined {
  return valid(rows.reduce((sum, { count }) => sum + (valid(count) ?? Number.NaN), 0));
}

function counted(count: number | undefined): string {
  if (count === undefined) {
    return UNCOUNTED;
  }
  return count < MOST_WRITTEN ? count.toLocaleString('en-US') : count.toExponential(2);
}
