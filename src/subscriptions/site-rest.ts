/**
 * Remembers which site's FHIR server does not answer, so that its notifications are put off at once instead of
 * holding every worker for a timeout each: one dead EHR must not delay the other sites.
 */
import type { AdapterError, ErrorCode } from '../errors.ts';

const SIGNS_OF_TROUBLE: readonly ErrorCode[] = [
  'ehr-unreachable',
  'ehr-timeout',
  'ehr-busy',
  'ehr-error',
  'ehr-unauthorized',
];
const LONGEST_REST = 60;

export interface SiteRest {
  /** Seconds that the site should still be left alone; 0: it may be asked. */
  remaining(site: string): number;
  failed(site: string, error: AdapterError): void;
  answered(site: string): void;
}

/** `now` in milliseconds since 1970. */
export function createSiteRest(now: () => number): SiteRest {
  const resting = new Map<string, { failures: number; until: number }>();
  return {
    remaining: (site) => Math.max(0, ((resting.get(site)?.until ?? 0) - now()) / 1000),
    failed(site, error) {
      if (!SIGNS_OF_TROUBLE.includes(error.code)) {
        return;
      }
      const failures = (resting.get(site)?.failures ?? 0) + 1;
      const seconds = Math.max(error.retryAfter ?? 0, Math.min(LONGEST_REST, 2 ** (failures - 1)));
      resting.set(site, { failures, until: now() + seconds * 1000 });
    },
    answered: (site) => void resting.delete(site),
  };
}
