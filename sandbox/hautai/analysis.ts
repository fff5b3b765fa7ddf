/**
 * What the simulator finds in pictures: nothing is looked at, everything is decided by their hashes, and it hangs
 * together: skin in a good state scores well throughout, tags and grades follow the scores, the colour follows the angle.
 */

import { numbersOf } from '../random.ts';
import { type Area, bandOf, colourOf, PARAMETERS, type ParameterPlan } from './parameters.ts';
import type { Computation, Side } from './world.ts';

export type Parameter = { tag: string } & Record<string, unknown>;

/** What the parameters have in common. */
interface Skin {
  /** 0 to 1, higher is better. */
  quality: number;
  /** Years. */
  age: number;
  /** Degrees. */
  ita: number;
  type: string;
}

const TYPES = ['oily', 'dry', 'combination', 'normal', 'sensitive'];
/** The areas that a picture of each side shows. */
const SHOWN: Record<Side, RegExp> = { front: /./, left: /^(left_|forehead)/, right: /^(right_|forehead)/ };

const between = (share: number, least: number, most: number) => Math.round(least + share * (most - least));
const bounded = (score: number) => Math.min(99, Math.max(6, Math.round(score)));

/** The parameters of a batch in the order in which they are calculated. `scale` is the highest score. */
export function analyse({ sha256, pictures }: Computation, scale: 1 | 100): [ParameterPlan, Parameter][] {
  const sides = pictures.map(({ side }) => side);
  const skin = skinOf(numbersOf(sha256));
  return PARAMETERS.filter(({ frontOnly }) => !frontOnly || sides.includes('front')).map((plan) => {
    const parameter = measure(plan, skin, numbersOf(`${sha256}:${plan.name}`));
    const areas = plan.areas && areasOf(plan, parameter, sides, numbersOf(`${sha256}:${plan.name}:areas`));
    return [plan, scaled({ ...parameter, ...(areas && { areas }) }, scale)];
  });
}

function skinOf(next: () => number): Skin {
  return {
    quality: 0.35 + next() * 0.6,
    age: between(next(), 19, 71),
    ita: Math.round((next() * 85 - 25) * 10) / 10,
    type: TYPES[Math.floor(next() * TYPES.length)] ?? 'normal',
  };
}

function measure(plan: ParameterPlan, skin: Skin, next: () => number): Parameter {
  const score = bounded(skin.quality * 88 + (next() - 0.4) * 26);
  const { tag, grade } = bandOf(score);
  // A low score is a full count.
  const count = (most: number) => Math.round(most * (1 - score / 100) ** 1.3);
  switch (plan.value) {
    case 'score': {
      const amount = plan.amount === undefined ? {} : { amount: count(plan.amount) };
      return { tag, score, ...(plan.graded && { grade }), ...amount };
    }
    case 'grade':
      return { tag, grade };
    case 'amount':
    case 'density':
    case 'number_of_moles':
      return { tag, [plan.value]: count(plan.most ?? 10) };
    case 'age':
      return { tag, age: skin.age, score };
    case 'eyes_age':
      return { tag, eyes_age: skin.age + between(next(), -4, 4) };
    case 'ita':
      return { tag: colourOf(skin.ita), ita: skin.ita };
    case 'skin_type':
      return { tag: skin.type, skin_type: skin.type };
    default:
      return { tag: colourOf(skin.ita) };
  }
}

function areasOf(plan: ParameterPlan, parameter: Parameter, sides: Side[], next: () => number) {
  const { of = [], keys = [] } = plan.areas ?? {};
  const shown = of.filter((area) => sides.some((side) => SHOWN[side].test(area)));
  const score = typeof parameter.score === 'number' ? parameter.score : 70;
  const amount = typeof parameter.amount === 'number' ? parameter.amount : 0;
  const values = (): Record<string, number> => {
    const own = bounded(score + (next() - 0.5) * 14);
    const all = {
      score: own,
      amount: Math.round(amount / (shown.length + next())),
      length: Math.round((100 - own) * 0.8),
    };
    return Object.fromEntries(keys.map((key) => [key, all[key]]));
  };
  return Object.fromEntries(shown.map((area): [Area, Record<string, number>] => [area, values()]));
}

/** Every `score` as a part of `scale`, the areas' too. */
function scaled<T>(value: T, scale: 1 | 100): T {
  return scale === 100
    ? value
    : JSON.parse(JSON.stringify(value), (key, inner) => (key === 'score' ? inner / 100 : inner));
}
