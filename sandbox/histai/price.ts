/** The price of a cohort in US dollars, as the vendor's table has it. Its text leaves open what the tier is taken from. */

export interface SlideCounts {
  /** Slides in H&E. */
  he: number;
  /** Slides in any other stain. */
  other: number;
}

/** What a slide costs from so many slides on; the last line that fits counts. */
const TIERS = [
  { from: 0, he: 5, other: 40 },
  { from: 100, he: 4, other: 32 },
  { from: 1_000, he: 3, other: 27 },
  { from: 10_000, he: 2, other: 23 },
] as const;

/** @param reading `total`: the tier is that of both kinds together; `kind`: each kind has its own */
export function priceOf({ he, other }: SlideCounts, reading: 'total' | 'kind'): number {
  const total = he + other;
  const [forHe, forOther] = reading === 'total' ? [total, total] : [he, other];
  return he * tierOf(forHe).he + other * tierOf(forOther).other;
}

const tierOf = (slides: number) => TIERS.findLast(({ from }) => slides >= from) ?? TIERS[0];
