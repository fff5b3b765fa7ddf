/** Whether what the EHR says of a slide agrees with the slide's own header. Pure. */
import type { Extension } from '@medplum/fhirtypes';
import type { SlideFacts } from '../slides/types.ts';
import type { HeldSlide } from './slide-holders.ts';

/** Objective times resolution: 40x scanners give about 0.25 µm a pixel, 20x ones about 0.5. */
const MICROMETRES_AT_1X = 10;
/** How far a nominal magnification may be from the resolution, as a factor either way: 20x and 40x are further apart. */
const SPREAD = 1.4;
/** Of a resolution that is stated in micrometres: rounding, no more. */
const ROUNDING = 1.02;

const isWithin = (said: number, is: number, factor: number) => said <= is * factor && is <= said * factor;

/** Extensions by the end of their URL, which every site spells its own way. */
const STATED: readonly {
  url: RegExp;
  what: string;
  unit: string;
  of(facts: SlideFacts): number | undefined;
  agrees(said: number, is: number): boolean;
}[] = [
  {
    url: /(?:^|[/:#_-])(?:width[_-]?px|total[_-]?pixel[_-]?matrix[_-]?columns)$/i,
    what: 'width',
    unit: 'pixels',
    of: ({ width }) => width,
    agrees: (said, is) => said === is,
  },
  {
    url: /(?:^|[/:#_-])(?:height[_-]?px|total[_-]?pixel[_-]?matrix[_-]?rows)$/i,
    what: 'height',
    unit: 'pixels',
    of: ({ height }) => height,
    agrees: (said, is) => said === is,
  },
  {
    url: /(?:^|[/:#_-])(?:mpp|resolution[_-]?mpp|base[_-]?mpp|microns?[_-]per[_-]pixel|micrometres[_-]per[_-]pixel)$/i,
    what: 'resolution',
    unit: 'µm per pixel',
    of: ({ resolution }) => resolution,
    agrees: (said, is) => isWithin(said, is, ROUNDING),
  },
  {
    url: /(?:^|[/:#_-])(?:magnification|objective[_-]?(?:power|magnification)|app[_-]?mag)$/i,
    what: 'magnification',
    unit: 'x',
    of: ({ resolution }) => resolution && MICROMETRES_AT_1X / resolution,
    agrees: (said, is) => isWithin(said, is, SPREAD),
  },
];

function numberIn({ valueDecimal, valueInteger, valueQuantity, valueString }: Extension): number | undefined {
  const said =
    valueDecimal ??
    valueInteger ??
    valueQuantity?.value ??
    /^\s*(\d+(?:\.\d+)?)\s*x?\s*$/i.exec(valueString ?? '')?.[1];
  const number = Number(said ?? Number.NaN);
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

const spelt = (value: number) => String(Math.round(value * 10_000) / 10_000);

const differs = (what: string, said: number, is: number, unit: string) =>
  `The order says that the ${what} of the slide is ${spelt(said)} ${unit}; by the slide’s own header it is ${spelt(is)} ${unit}.`;

/** The first disagreement, with both values, in words for the clinician; undefined: they agree, as far as both speak. */
export function disagreement({ said, extension }: HeldSlide, facts: SlideFacts): string | undefined {
  const own: [string, number | undefined, number, string][] = [
    ['size', said.size, facts.size, 'bytes'],
    ['width', said.width, facts.width, 'pixels'],
    ['height', said.height, facts.height, 'pixels'],
  ];
  for (const [what, value, is, unit] of own) {
    if (value !== undefined && value !== is) {
      return differs(what, value, is, unit);
    }
  }
  for (const each of extension) {
    const rule = STATED.find(({ url }) => url.test(each.url ?? ''));
    const value = numberIn(each);
    const is = rule?.of(facts);
    if (rule && value !== undefined && is !== undefined && !rule.agrees(value, is)) {
      return differs(rule.what, value, is, rule.unit);
    }
  }
  return undefined;
}
