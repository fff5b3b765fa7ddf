/** What a cohort is at an instant: its status, its slides, its price, and how it is told. */
import { createHash } from 'node:crypto';
import type { Slide } from './cases.ts';
import { priceOf, type SlideCounts } from './price.ts';
import type { Simulator } from './simulator.ts';
import type { Cohort } from './world.ts';

export type CohortStatus = 'PENDING' | 'BUILDING' | 'UNPAID' | 'PAID' | 'FAILED';

export function statusOf(cohort: Cohort, { options, now, lasts }: Simulator): CohortStatus {
  if (cohort.paid) {
    return 'PAID';
  }
  const seconds = (now().getTime() - cohort.createdAt) / 1000;
  if (seconds < options.secondsUntilBuilt / 2) {
    return 'PENDING';
  }
  if (seconds < options.secondsUntilBuilt || (cohort.held && lasts('never-built'))) {
    return 'BUILDING';
  }
  return cohort.buildFails ? 'FAILED' : 'UNPAID';
}

/** The slides of a cohort with their cases, in order. */
export function slidesIn({ content }: Cohort, { cases }: Simulator): { caseId: string; slide: Slide }[] {
  return [...content].flatMap(([caseId, slideIds]) => {
    const slides = cases.get(caseId)?.slides.filter(({ slideId }) => slideIds.includes(slideId)) ?? [];
    return slides.map((slide) => ({ caseId, slide }));
  });
}

function countsOf(cohort: Cohort, simulator: Simulator): SlideCounts {
  const slides = slidesIn(cohort, simulator);
  const he = slides.filter(({ slide }) => slide.stainType === 'Routine').length;
  return { he, other: slides.length - he };
}

/** What is to be paid, or was. */
export function totalOf(cohort: Cohort, simulator: Simulator): number {
  return priceOf(countsOf(cohort, simulator), simulator.options.priceReading) + cohort.extraUsd;
}

/** As lists have it. */
export function tellCohort(cohort: Cohort, simulator: Simulator): object {
  const { he, other } = countsOf(cohort, simulator);
  return {
    cohortId: cohort.id,
    name: cohort.name,
    status: statusOf(cohort, simulator),
    createdDate: new Date(cohort.createdAt).toISOString(),
    paidDate: cohort.paid ? new Date(cohort.paid.at).toISOString() : null,
    caseCount: cohort.content.size,
    slideCount: he + other,
    heSlideCount: he,
    otherSlideCount: other,
    totalPriceUsd: totalOf(cohort, simulator),
    currency: simulator.options.currency,
  };
}

/** With its cases and their slides. */
export function tellWhole(cohort: Cohort, simulator: Simulator): object {
  const cases = [...cohort.content].map(([caseId, slideIds]) => ({ caseId, slideIds }));
  return { ...tellCohort(cohort, simulator), cases };
}

/** SHA-256 that stands for what is in a cohort, whatever its order and its name. */
export function sha256Of({ content }: Cohort): string {
  const lines = [...content].flatMap(([caseId, slideIds]) => slideIds.map((slideId) => `${caseId}/${slideId}`));
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}
