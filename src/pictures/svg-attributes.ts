/**
 * Which attributes of an SVG element are kept, and what they may say. A value that is not recognised is left out: nothing
 * here tries to repair. What may refer to something may refer to an id of the same drawing only. No dashes: very short
 * ones on a very long line keep a renderer busy for ever.
 */

type Check = (value: string) => string | undefined;

/** Longer values are lists of numbers, or somebody's attempt. */
const LONGEST_VALUE = 4000;

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?`;
const COLOUR = String.raw`(?:#[0-9a-f]{3,8}|[a-z]{3,24}|(?:rgb|rgba|hsl|hsla)\([\d., %/+-]{1,60}\))`;
const ID = String.raw`[A-Za-z_][\w.-]{0,99}`;
const FUNCTION = String.raw`(?:matrix|translate|scale|rotate|skewX|skewY) ?\([\d., eE+-]{1,400}\)`;

const like = (pattern: string, flags = 'i'): Check => {
  const whole = new RegExp(`^${pattern}$`, flags);
  return (value) => (value.length <= LONGEST_VALUE && whole.test(value) ? value : undefined);
};
const words = (...allowed: string[]): Check => like(`(?:${allowed.join('|')})`, '');

const length = like(`${NUMBER}(?:px|pt|pc|mm|cm|in|em|ex|%)?`);
const share = like(`${NUMBER}%?`);
const units = words('userSpaceOnUse', 'objectBoundingBox');
const reference: Check = (value) => {
  const id = new RegExp(`^url\\( ?(['"]?)#(${ID})\\1 ?\\)$`).exec(value)?.[2];
  return id === undefined ? like('none')(value) : `url(#${id})`;
};
const colour = like(COLOUR);
/** `url(#gradient) red`: the second is for where the first is missing. */
const paint: Check = (value) => {
  const [, server = '', fallback = ''] = /^(url\([^)]{1,120}\)) ?(.*)$/i.exec(value) ?? [];
  const place = server && reference(server);
  return place ? [place, colour(fallback)].filter((part) => part).join(' ') : colour(value);
};
/** Any length: shapes are long, and a set of letters is looked at once. */
const path: Check = (value) => (/^[mzlhvcsqtae\d., +-]*$/i.test(value) ? value : undefined);

/** What may also stand in `style`. */
const PROPERTIES: Record<string, Check> = {
  fill: paint,
  stroke: paint,
  color: colour,
  'stop-color': colour,
  opacity: share,
  'fill-opacity': share,
  'stroke-opacity': share,
  'stop-opacity': share,
  'fill-rule': words('nonzero', 'evenodd'),
  'clip-rule': words('nonzero', 'evenodd'),
  'stroke-width': length,
  'stroke-miterlimit': share,
  'stroke-linecap': words('butt', 'round', 'square'),
  'stroke-linejoin': words('miter', 'round', 'bevel'),
  'vector-effect': words('none', 'non-scaling-stroke'),
  // What was hidden must not come to light.
  display: words('none', 'inline', 'block'),
  visibility: words('visible', 'hidden', 'collapse'),
  'clip-path': reference,
  mask: reference,
};

const LENGTHS = 'x y width height cx cy r rx ry x1 y1 x2 y2 fx fy fr offset'.split(' ');

const ATTRIBUTES: Record<string, Check> = {
  ...PROPERTIES,
  ...Object.fromEntries(LENGTHS.map((name) => [name, length])),
  id: like(ID, ''),
  d: path,
  points: path,
  pathLength: share,
  viewBox: like(`${NUMBER}(?:[ ,]+${NUMBER}){3}`),
  preserveAspectRatio: like(`(?:none|x(?:Min|Mid|Max)Y(?:Min|Mid|Max))(?: (?:meet|slice))?`, ''),
  transform: like(`(?:${FUNCTION}[ ,]{0,3})+`, ''),
  gradientTransform: like(`(?:${FUNCTION}[ ,]{0,3})+`, ''),
  gradientUnits: units,
  clipPathUnits: units,
  maskUnits: units,
  maskContentUnits: units,
  spreadMethod: words('pad', 'reflect', 'repeat'),
  href: like(`#${ID}`, ''),
};

const ownOf = (table: Record<string, Check>, name: string): Check | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const tidy = (value: string): string => value.replaceAll(/\s+/g, ' ').trim();

/** The declarations of a `style` that are kept, by property. */
function styleOf(style: string): [string, string][] {
  return style.split(';').flatMap((declaration): [string, string][] => {
    const colon = declaration.indexOf(':');
    const name = declaration.slice(0, colon).trim().toLowerCase();
    const value = ownOf(PROPERTIES, name)?.(tidy(declaration.slice(colon + 1).replace(/!\s*important\s*$/i, '')));
    return value === undefined ? [] : [[name, value]];
  });
}

/** What of an element's attributes may stay. `style` becomes attributes, which it outranks. */
export function keptAttributes(attributes: readonly (readonly [string, string])[]): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [name, value] of attributes) {
    const checked = ownOf(ATTRIBUTES, name)?.(tidy(value));
    if (checked !== undefined) {
      kept.set(name, checked);
    }
  }
  for (const [, style] of attributes.filter(([name]) => name === 'style')) {
    for (const [name, value] of styleOf(style)) {
      kept.set(name, value);
    }
  }
  return kept;
}
