/** The 27 parameters of Face Skin Metrics 3.0, and what their numbers mean. */
import type { ValueKind } from './state.ts';

export interface Known {
  /** In words, as the report says it. */
  text: string;
  /** What the Observation's value is taken from where the vendor gives it; `tag`: a class in words. */
  kind: ValueKind | 'tag';
}

const KNOWN: Readonly<Record<string, Known>> = {
  age: { text: 'Apparent age (how old the face looks)', kind: 'age' },
  breakouts: { text: 'Breakouts', kind: 'score' },
  dark_circles: { text: 'Dark circles', kind: 'score' },
  deep_lines: { text: 'Deep lines', kind: 'score' },
  enlarged_pores: { text: 'Enlarged pores', kind: 'amount' },
  eyes_age: { text: 'Apparent age of the eye area', kind: 'eyes_age' },
  fine_lines: { text: 'Fine lines', kind: 'score' },
  freckles: { text: 'Freckle-like spots', kind: 'density' },
  inflammation: { text: 'Inflamed-looking spots', kind: 'amount' },
  irritation: { text: 'Irritation', kind: 'score' },
  ita: { text: 'Individual typology angle (ITA)', kind: 'ita' },
  jowls: { text: 'Jowls', kind: 'score' },
  lacrimal_grooves: { text: 'Lacrimal grooves', kind: 'score' },
  lines: { text: 'Lines', kind: 'score' },
  marionette_lines: { text: 'Marionette lines', kind: 'score' },
  melasma: { text: 'Melasma-like pigmentation', kind: 'density' },
  moles: { text: 'Mole-like spots', kind: 'number_of_moles' },
  nasolabial_wrinkles: { text: 'Nasolabial wrinkles', kind: 'score' },
  pigmentation: { text: 'Pigmentation', kind: 'score' },
  pimples: { text: 'Pimple-like spots', kind: 'amount' },
  pores: { text: 'Pores', kind: 'score' },
  puffiness: { text: 'Puffiness', kind: 'score' },
  redness: { text: 'Redness', kind: 'score' },
  sagging: { text: 'Sagging', kind: 'score' },
  skin_type: { text: 'Cosmetic skin type', kind: 'tag' },
  skintone: { text: 'Skin tone class', kind: 'tag' },
  sun_spots: { text: 'Sun-spot-like pigmentation', kind: 'density' },
};

/** By their names, as the vendor writes them. */
export const KNOWN_NAMES: readonly string[] = Object.keys(KNOWN);

/** undefined: a parameter that the vendor has added since. */
export function knownParameter(name: string): Known | undefined {
  return Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
}

/** Where the value of a parameter is looked for when its own kind is absent. */
export const READ_ORDER: readonly ValueKind[] = [
  'score',
  'age',
  'eyes_age',
  'amount',
  'number_of_moles',
  'density',
  'ita',
  'grade',
];

export interface Measure {
  /** In words, as part of a component's name. */
  text: string;
  /** For people, and UCUM; without either it is a whole number of its own (`valueInteger`). */
  unit?: { text: string; ucum: string };
  least: number;
  most: number;
  whole?: boolean;
  /** What a reader has to know of the scale. */
  range?: string;
  /** Why the unit is not to be trusted like the others. */
  doubt?: string;
}

const YEARS = { text: 'years', ucum: 'a' };
const COUNT = { text: 'count', ucum: '{count}' };

export const MEASURES: Readonly<Record<ValueKind, Measure>> = {
  score: {
    text: 'score',
    unit: { text: 'score', ucum: '{score}' },
    least: 0,
    most: 100,
    range: '0–100, higher is better',
  },
  grade: { text: 'grade', least: 1, most: 5, whole: true, range: '1 (best) to 5' },
  age: { text: 'apparent age', unit: YEARS, least: 0, most: 130 },
  eyes_age: { text: 'apparent age of the eye area', unit: YEARS, least: 0, most: 130 },
  amount: { text: 'count', unit: COUNT, least: 0, most: 1_000_000, whole: true },
  number_of_moles: { text: 'count', unit: COUNT, least: 0, most: 100_000, whole: true },
  density: {
    text: 'density',
    unit: { text: 'per mille', ucum: '[ppth]' },
    least: 0,
    most: 1000,
    doubt:
      'The vendor does not document the unit of this density; that it is per mille is known from programs of others only.',
  },
  ita: { text: 'angle', unit: { text: 'degrees', ucum: 'deg' }, least: -90, most: 90 },
  // Nobody says in what it is measured.
  length: { text: 'length (unit not stated)', unit: { text: '', ucum: '' }, least: 0, most: 1_000_000 },
};
