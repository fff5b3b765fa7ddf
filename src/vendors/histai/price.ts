/**
 * What a cohort costs, as the vendor's table has it; whole cents of US dollars. The text says that discounts go by the
 * slides of a cohort, and not whether those of both kinds are counted together: both readings are worked out. None is
 * ever paid by: what counts is the vendor's own figure.
 */

/** How many slides of each kind. */
export interface SlideCounts {
  he: number;
  /** In any other stain. */
  other: number;
}

/** A: the tier is that of all slides together; B: each kind has its own. */
export type Reading = 'A' | 'B';

/** Cents a slide, from so many slides on; the last line that fits counts. */
export const TIERS = [
  { from: 0, he: 500, other: 4_000 },
  { from: 100, he: 400, other: 3_200 },
  { from: 1_000, he: 300, other: 2_700 },
  { from: 10_000, he: 200, other: 2_300 },
] as const;

/** The vendor's figure may be off by so many cents. */
const TOLERANCE = 1;

const tierOf = (slides: number) => TIERS.findLast(({ from }) => slides >= from) ?? TIERS[0];

/** Cents. */
export function priceOf({ he, other }: SlideCounts, reading: Reading): number {
  const [forHe, forOther] = reading === 'A' ? [he + other, he + other] : [he, other];
  return he * tierOf(forHe).he + other * tierOf(forOther).other;
}

/** Which readings the vendor's price (US dollars) agrees with; undefined: neither, and nobody may pay without asking. */
export function agreement(counts: SlideCounts, usd: number): Reading | 'both' | undefined {
  // A tenth of a millicent for what decimals lose in binary.
  const isNear = (reading: Reading) => Math.abs(usd * 100 - priceOf(counts, reading)) <= TOLERANCE + 1e-4;
  const [a, b] = [isNear('A'), isNear('B')];
  return a && b ? 'both' : a ? 'A' : b ? 'B' : undefined;
}

/** More slides that would make the whole cheaper. */
export interface Cheaper {
  more: number;
  of: keyof SlideCounts;
  /** Cents less than without them. */
  saves: number;
}

/** 99 slides in H&E cost 495 dollars and 100 cost 400. What saves most; of equals, the fewest slides. */
export function cheaperWith(counts: SlideCounts, reading: Reading): Cheaper | undefined {
  const now = priceOf(counts, reading);
  const ways = (['he', 'other'] as const).flatMap((of) => {
    const counted = reading === 'A' ? counts.he + counts.other : counts[of];
    return TIERS.filter(({ from }) => from > counted).map(({ from }) => {
      const more = from - counted;
      return { more, of, saves: now - priceOf({ ...counts, [of]: counts[of] + more }, reading) };
    });
  });
  const [best] = ways.filter(({ saves }) => saves > 0).sort((a, b) => b.saves - a.saves || a.more - b.more);
  return best;
}
