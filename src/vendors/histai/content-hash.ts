/** What an approval is bound to: this cohort, these slides, this price. Any change of them voids it. Pure. */
import { createHash } from 'node:crypto';
import type { CaseSlides } from './criteria-types.ts';

export interface CohortContent {
  cohortId: string;
  cases: readonly CaseSlides[];
  /** What the vendor asks for the whole, in cents. */
  cents: number;
  /** `USD` */
  currency: string;
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Lower-case hex SHA-256; the same in whatever order the vendor lists cases and slides. */
export function contentHash({ cohortId, cases, cents, currency }: CohortContent): string {
  const lines = cases.map(({ caseId, slideIds }) => JSON.stringify([caseId, slideIds.toSorted(byCodeUnits)]));
  // As text: JSON would write every number that is none as null.
  const canonical = JSON.stringify([cohortId, lines.sort(byCodeUnits), String(cents), currency]);
  return createHash('sha256').update(canonical, 'utf8').digest('hex');
}
