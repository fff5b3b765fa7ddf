/**
 * The SVG that is laid over a picture: a ring around each finding, and below the picture a strip of words. Pure. Numbers
 * are written by us; the only text from outside are labels, and they are cut and escaped.
 */

import { type Drawing, LETTER, number, page, type Size, shownLabel, textAt, wrap } from './svg-text.ts';

/** Where something was found, in pixels of the picture, the origin at its upper left corner. */
export interface Circle {
  x: number;
  y: number;
  radius: number;
  /** What was found; circles of one label look alike and stand in the key below the picture. No PHI: it is drawn. */
  label?: string;
}

/** A smaller ring would be a dot. */
const LEAST_RADIUS = 4;
/** On white plasma, on violet nuclei and to most colour-blind eyes; the dashes tell them apart without colour, too. */
const STYLES = [
  { colour: '#ffd400', dash: '' },
  { colour: '#00e5ff', dash: '6 3' },
  { colour: '#ff6f00', dash: '3 3' },
  { colour: '#76ff03', dash: '10 3 3 3' },
  { colour: '#ff80ab', dash: '10 5' },
  { colour: '#ffffff', dash: '4 4 1 4' },
] as const;
/** Pixels; renderers count in so few bits that larger ones come out anywhere. */
const FARTHEST = 1_000_000;
const EDGE = '#000000';
const MOST_LABELS = 12;

export const BANNER = 'AI-generated, not verified by a clinician';

const LEAST_FONT = 11;
const MOST_FONT = 26;

/** The circles as they fall on a picture shrunk from `full` to `shown`; those of which no line would be seen are counted. */
export function placeCircles(
  circles: readonly Circle[],
  full: Size,
  shown: Size,
): { rings: Circle[]; outside: number } {
  const scale = { x: shown.width / full.width, y: shown.height / full.height };
  const rings = circles
    .map(({ radius, ...circle }) => ({
      ...circle,
      x: circle.x * scale.x,
      y: circle.y * scale.y,
      radius: Math.max(LEAST_RADIUS, Number.isFinite(radius) ? radius * scale.x : 0),
    }))
    .filter((ring) => crosses(ring, shown));
  return { rings, outside: circles.length - rings.length };
}

/** Whether a part of the line is within the picture: neither is the disc beside it nor the picture within the disc. */
function crosses({ x, y, radius }: Circle, { width, height }: Size): boolean {
  const nearest = Math.hypot(x - clamp(x, width), y - clamp(y, height));
  const farthest = Math.hypot(Math.max(x, width - x), Math.max(y, height - y));
  return nearest <= radius && radius <= farthest && radius < FARTHEST;
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

/** The rings, each a dark line under a bright one, so that it is seen on any ground. */
export function drawRings(rings: readonly Circle[], size: Size): Drawing {
  const line = Math.max(2, Math.round(Math.max(size.width, size.height) / 400));
  const style = styleOf(labelsOf(rings));
  const drawn = rings.map((ring) => {
    const { colour, dash } = style(ring.label);
    const place = `cx="${number(ring.x)}" cy="${number(ring.y)}" r="${number(ring.radius)}" fill="none"`;
    return (
      `<circle ${place} stroke="${EDGE}" stroke-width="${line * 2}"/>` +
      `<circle ${place} stroke="${colour}" stroke-width="${line}"${dashes(dash, line)}/>`
    );
  });
  return { ...size, svg: page(size, drawn.join('')) };
}

/**
 * The strip below a picture of this width: that a machine has drawn it, and what its rings mean. Undefined where the
 * picture is too narrow for words that can be read.
 */
export function drawStrip(rings: readonly Circle[], width: number): Drawing | undefined {
  const font = Math.round(Math.min(MOST_FONT, Math.max(LEAST_FONT, width / (BANNER.length * LETTER + 2))));
  const room = Math.floor((width - font) / (font * LETTER));
  const words = BANNER.split(' ');
  if (words.some((word) => word.length > room)) {
    return undefined;
  }
  const labels = labelsOf(rings);
  const style = styleOf(labels);
  const keys = labels.filter((label) => label.length + 4 <= room).slice(0, MOST_LABELS);
  const lines = wrap(words, room);
  const step = Math.round(font * 1.4);
  const height = step * (lines.length + keys.length) + Math.round(font * 0.5);
  const baseline = (line: number): number => step * line + font + Math.round(font * 0.25);
  const half = Math.round(font / 2);
  const banner = lines.map((text, line) => textAt(half, baseline(line), text, font));
  const legend = keys.map((label, index) => {
    const y = baseline(lines.length + index);
    const { colour, dash } = style(label);
    const from = `x1="${half}" y1="${y - half * 0.7}" x2="${half + font * 2}" y2="${y - half * 0.7}"`;
    return `<line ${from} stroke="${colour}" stroke-width="3"${dashes(dash, 2)}/>${textAt(half + font * 2.5, y, label, font)}`;
  });
  const ground = `<rect width="${width}" height="${height}" fill="#202020"/>`;
  return { width, height, svg: page({ width, height }, [ground, ...banner, ...legend].join('')) };
}

/** Two letters of very different width. Where the machine has no font at all, both come out as the same empty box. */
export function drawLetter(letter: 'W' | 'l'): Drawing {
  const size = { width: 60, height: 40 };
  return { ...size, svg: page(size, textAt(4, 28, letter, 24)) };
}

/** The labels in the order in which they come, as they are shown. */
function labelsOf(rings: readonly Circle[]): string[] {
  return [...new Set(rings.map(({ label }) => shownLabel(label)).filter((label) => label !== ''))];
}

function styleOf(labels: readonly string[]): (label: string | undefined) => (typeof STYLES)[number] {
  const places = new Map(labels.map((label, index) => [label, index]));
  return (label) => STYLES[(places.get(shownLabel(label)) ?? 0) % STYLES.length] ?? STYLES[0];
}

function dashes(dash: string, line: number): string {
  const lengths = dash.split(' ').map((length) => Number(length) * (line / 2));
  return dash === '' ? '' : ` stroke-dasharray="${lengths.map(number).join(' ')}"`;
}
