/**
 * Which slides of the fitting cases go into the cohort. Pure, and the same for the same cases in whatever order they come.
 *
 * Slides are always named: a case without them is bought whole. Those in the stains asked for are taken, and a case that
 * lacks one of them is left out. Where no stain was asked for it is H&E alone, the cheapest kind, and `assumed` says so;
 * every stain only where the site says so.
 */
import type { CaseRecord, CaseSlides, Chosen, SlideRecord } from './criteria-types.ts';
import { stainKey } from './match-facets.ts';
import type { SlideCounts } from './price.ts';

export interface Wish {
  /** At most so many cases. */
  cases?: number | undefined;
  /** At most so many slides of each, of each stain in turn. */
  slidesPerCase?: number | undefined;
  /** Slides in every stain where none was asked for. */
  everyStain?: boolean | undefined;
}

type CaseWithSlides = Pick<CaseRecord, 'caseId' | 'slides'>;

/** Where neither the order nor the route says how many. */
export const USUAL_CASES = 20;

export interface Choice {
  cases: CaseSlides[];
  counts: SlideCounts;
  /** Slides by stain as the Datahub spells it, in alphabetical order. */
  byStain: { stain: string; slides: number }[];
  /** Nobody named a stain: these were taken. */
  assumed?: 'H&E' | 'every-stain';
  /** Fitting cases without the slides that are wanted. */
  without: number;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const HE = stainKey('H&E');

/** Priced as H&E. One that is said to be of another type is not: it is better to expect too high a price. */
export const isHe = ({ stainName, stainType }: SlideRecord): boolean =>
  stainKey(stainName) === HE && !/ihc|immuno|special/i.test(stainType ?? '');

/** Each stain wanted, as a test of a slide. */
function stainsWanted({ stain }: Pick<Chosen, 'stain'>, { everyStain }: Wish): ((slide: SlideRecord) => boolean)[] {
  const asked = stain.groups.map(({ values }) => {
    const names = new Set(values.map(({ value }) => value.trim().toLowerCase()));
    return ({ stainName }: SlideRecord) => names.has(stainName.trim().toLowerCase());
  });
  return asked.length > 0 ? asked : everyStain ? [() => true] : [isHe];
}

/** Of each stain one in turn, until there are enough; none where a stain is lacking. */
function pick(slides: readonly SlideRecord[], wanted: readonly ((slide: SlideRecord) => boolean)[], most: number) {
  const columns = wanted.map((isWanted) => slides.filter(isWanted));
  if (columns.some((column) => column.length === 0)) {
    return [];
  }
  const deepest = Math.max(...columns.map((column) => column.length));
  const inTurn = Array.from({ length: deepest }, (_, row) => columns.flatMap((column) => column[row] ?? []));
  return [...new Set(inTurn.flat())].slice(0, most);
}

/** Each case once with each of its slides once, in the order of their ids; a slide belongs to the first case that has it. */
function inOrder(cases: readonly CaseWithSlides[]): { caseId: string; slides: SlideRecord[] }[] {
  const byCase = Map.groupBy(
    cases.toSorted((a, b) => byText(a.caseId, b.caseId)),
    ({ caseId }) => caseId,
  );
  const seen = new Set<string>();
  return Array.from(byCase, ([caseId, same]) => ({
    caseId,
    slides: same
      .flatMap(({ slides }) => slides)
      .toSorted((a, b) => byText(a.slideId, b.slideId) || byText(a.stainName, b.stainName))
      .filter(({ slideId }) => !seen.has(slideId) && seen.add(slideId)),
  }));
}

/** @param fitting cases that fit (see fits.ts) */
export function chooseSlides(
  fitting: readonly CaseWithSlides[],
  chosen: Pick<Chosen, 'stain'>,
  wish: Wish = {},
): Choice {
  const wanted = stainsWanted(chosen, wish);
  const picked = inOrder(fitting).map(({ caseId, slides }) => ({
    caseId,
    slides: pick(slides, wanted, wish.slidesPerCase ?? Number.POSITIVE_INFINITY),
  }));
  const whole = picked.filter(({ slides }) => slides.length > 0);
  const taken = whole.slice(0, wish.cases ?? USUAL_CASES);
  const slides = taken.flatMap((one) => one.slides);
  const he = slides.filter(isHe).length;
  return {
    cases: taken.map((one) => ({ caseId: one.caseId, slideIds: one.slides.map(({ slideId }) => slideId) })),
    counts: { he, other: slides.length - he },
    byStain: Array.from(Map.groupBy(slides, ({ stainName }) => stainName))
      .map(([stain, same]) => ({ stain, slides: same.length }))
      .sort((a, b) => byText(a.stain, b.stain)),
    ...(chosen.stain.groups.length === 0 && { assumed: wish.everyStain ? 'every-stain' : 'H&E' }),
    without: picked.length - whole.length,
  };
}
