/**
 * Drawings from outside: what may be shown in somebody's browser is rebuilt from a list of harmless shapes. No script,
 * event, style sheet, text, picture, link, animation or foreign element survives, and nothing outside the drawing is
 * referred to.
 */
import { type Attr, DOMParser, type Element, type Node, onErrorStopParsing } from '@xmldom/xmldom';
import { AdapterError } from '../errors.ts';
import { drawApart } from './draw-apart.ts';
import { keptAttributes } from './svg-attributes.ts';

/** Characters. */
const LARGEST = 5 * 1024 * 1024;
const DEEPEST = 64;
const MOST_SHAPES = 1_000_000;
const LONGEST = 1600;
/** A drawing of a few units is still drawn as large as this. */
const LEAST_LONGEST = 512;

const SVG = 'http://www.w3.org/2000/svg';
const XLINK = 'http://www.w3.org/1999/xlink';
const SHAPES = ['path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon'];
const GRADIENTS = ['linearGradient', 'radialGradient'];
const STENCILS = ['clipPath', 'mask'];
/** Not among them: `use`, of which a few lines can stand for a billion shapes. */
const ELEMENTS = new Set(['svg', 'g', 'defs', 'stop', ...SHAPES, ...GRADIENTS, ...STENCILS]);

/** An element of which every part has been checked. */
interface Kept {
  name: string;
  attributes: Map<string, string>;
  children: Kept[];
}

/** The drawing without anything but shapes. Throws `vendor-protocol` where the text is no SVG, or one beyond all measure. */
export function sanitiseSvg(text: string): string {
  return write(read(text));
}

/** The drawing as PNG, sanitised before, its ground left transparent; `longest` is the most pixels of a side. */
export async function svgToPng(svg: string, { longest = LONGEST }: { longest?: number } = {}): Promise<Uint8Array> {
  const sized = write(fit(read(svg), Math.max(1, Math.round(longest))));
  try {
    return await drawApart.svg(sized);
  } catch (thrown) {
    throw thrown instanceof AdapterError ? thrown : noSvg(thrown);
  }
}

function read(text: string): Kept {
  if (text.length > LARGEST || depthOf(text) > DEEPEST) {
    throw noSvg();
  }
  const root = parse(text);
  const kept = root?.localName === 'svg' ? keep(root, false, 0) : undefined;
  if (!kept || workOf(kept) > MOST_SHAPES) {
    throw noSvg();
  }
  return kept;
}

/** Elements to draw, a stencil's as often as something is cut by one. */
function workOf(root: Kept): number {
  let elements = 0;
  let stencilled = 0;
  let cuts = 0;
  const count = ({ name, attributes, children }: Kept, inStencil: boolean): void => {
    const stencil = inStencil || STENCILS.includes(name);
    elements++;
    stencilled += stencil ? 1 : 0;
    cuts += attributes.has('mask') || attributes.has('clip-path') ? 1 : 0;
    for (const child of children) {
      count(child, stencil);
    }
  };
  count(root, false);
  return elements + cuts * stencilled;
}

/** How deep tags are nested, at the least; counted before they are parsed, since a parser pays for each level. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [, end, empty] of text.matchAll(/<(\/?)[A-Za-z_][^<>]*?(\/?)>/g)) {
    depth += end ? -1 : empty ? 0 : 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function parse(text: string): Element | null {
  try {
    const parser = new DOMParser({ onError: onErrorStopParsing, locator: false });
    const { doctype, documentElement } = parser.parseFromString(text.replace(/^\uFEFF?\s+/, ''), 'image/svg+xml');
    // A bare DOCTYPE, as many programs write it, is left out; one that declares something is not read at all.
    return doctype?.internalSubset ? null : documentElement;
  } catch (cause) {
    throw noSvg(cause);
  }
}

function keep(element: Element, inStencil: boolean, depth: number): Kept | undefined {
  if (depth > DEEPEST) {
    throw noSvg();
  }
  const name = element.localName ?? '';
  if (!ELEMENTS.has(name) || (element.namespaceURI !== SVG && element.namespaceURI !== null)) {
    return undefined;
  }
  const attributes = keptAttributes(Array.from(element.attributes, attributeOf));
  if (!GRADIENTS.includes(name)) {
    attributes.delete('href');
  }
  const stencil = inStencil || STENCILS.includes(name);
  if (stencil) {
    // Stencils cut by stencils cut by stencils: each level would multiply the work of drawing it.
    attributes.delete('mask');
    attributes.delete('clip-path');
  }
  const children = Array.from(element.childNodes)
    .filter(isElement)
    .flatMap((child) => keep(child, stencil, depth + 1) ?? []);
  return { name, attributes, children };
}

const isElement = (node: Node): node is Element => node.nodeType === 1;

/** An attribute of another namespace is none of ours, but for the old way to write `href`. */
function attributeOf({ namespaceURI, localName, name, value }: Attr): [string, string] {
  const ours = namespaceURI === null || namespaceURI === '' || (namespaceURI === XLINK && localName === 'href');
  return [ours ? (localName ?? name) : '', value];
}

function write({ name, attributes, children }: Kept, depth = 0): string {
  const own = depth === 0 ? [['xmlns', SVG] as const, ...attributes] : [...attributes];
  const said = own.map(([key, value]) => ` ${key}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`);
  const inner = children.map((child) => write(child, depth + 1)).join('');
  return inner === '' ? `<${name}${said.join('')}/>` : `<${name}${said.join('')}>${inner}</${name}>`;
}

/** Says in pixels how large the drawing is: never larger than `longest`, whatever it says of itself. */
function fit(root: Kept, longest: number): Kept {
  const [left = 0, top = 0, boxWidth, boxHeight] = (root.attributes.get('viewBox') ?? '')
    .split(/[ ,]+/)
    .flatMap((part) => (part === '' ? [] : [Number(part)]));
  const width = pixels(root.attributes.get('width')) ?? boxWidth ?? 300;
  const height = pixels(root.attributes.get('height')) ?? boxHeight ?? 150;
  const box = { width: boxWidth ?? width, height: boxHeight ?? height };
  if (![width, height, box.width, box.height].every((side) => side > 0 && Number.isFinite(side))) {
    throw noSvg();
  }
  const longer = Math.max(width, height);
  const scale = Math.min(longest, Math.max(longer, LEAST_LONGEST)) / longer;
  const side = (value: number): string => String(Math.max(1, Math.round(value * scale)));
  const attributes = new Map(root.attributes)
    .set('width', side(width))
    .set('height', side(height))
    .set('viewBox', `${left} ${top} ${box.width} ${box.height}`);
  return { ...root, attributes };
}

const UNITS: Record<string, number> = { '': 1, px: 1, pt: 4 / 3, pc: 16, mm: 96 / 25.4, cm: 96 / 2.54, in: 96 };

/** A length in pixels; undefined for one that depends on where the drawing is shown. */
function pixels(length = ''): number | undefined {
  const [, number = '', unit = ''] = /^([+-]?[\d.]+(?:e[+-]?\d+)?)([a-z%]*)$/i.exec(length) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return number === '' || factor === undefined ? undefined : Number(number) * factor;
}

function noSvg(cause?: unknown): AdapterError {
  return new AdapterError('vendor-protocol', 'A drawing of the vendor is no SVG that can be shown', { cause });
}
