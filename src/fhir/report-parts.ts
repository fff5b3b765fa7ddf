/** Under which parts an order's own report may stand, as against the reports that are among its findings. */
import type { WrittenPart } from './types.ts';

const MOST_REPORTS = 9;

/** The plain one, then those beside a report that somebody has worked on. */
export const REPORTS: readonly string[] = Array.from({ length: MOST_REPORTS }, (_, index) =>
  index === 0 ? 'report' : `report/${index + 1}`,
);

export function isOwnReport({ part, type }: Pick<WrittenPart, 'part' | 'type'>): boolean {
  return type === 'DiagnosticReport' && REPORTS.includes(part);
}
