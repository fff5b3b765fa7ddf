/** When a request is sent again, and after how long. Pure: the caller brings the clock and the dice. */
import type { Failure, Reply } from './fetch.ts';

/** Seconds we wait ourselves; a longer wait is the caller's, who has a queue for it. */
export const LONGEST_WAIT = 10;

const FIRST_MS = 500;
const LONGEST_BACKOFF_MS = 8000;
/** Tries altogether, by what went wrong. A 500 is rarely cured by a second look, a time-out costs a whole limit each. */
const TRIES = { usual: 4, fewer: 2 };
const PASSING = new Set([429, 502, 503, 504]);

/** Retry-After in seconds from now: delta seconds or an HTTP date (RFC 9110, 10.2.3). Undefined where it is neither. */
export function retryAfterSeconds(header: string | null, now: Date): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(value)) {
    return Math.ceil(Number(value));
  }
  // Only the IMF-fixdate form and its obsolete cousins begin with a day's name; Date.parse takes far more.
  const time = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, Math.ceil((time - now.getTime()) / 1000));
}

interface Quota {
  left: number;
  seconds: number;
}

/** One item of the header; `limit=100, remaining=0, reset=50` of the older drafts is one quota over several items. */
function quotasIn(header: string): Quota[] {
  const older = /(?:^|[,;\s])remaining=(\d{1,12})\b.*?\breset=(\d{1,9})\b/.exec(header);
  const items = header.split(',').map((item) => ({
    left: /;\s*r=(\d{1,12})(?=\s*(?:;|$))/.exec(item)?.[1],
    seconds: /;\s*t=(\d{1,9})(?=\s*(?:;|$))/.exec(item)?.[1],
  }));
  return [...items, { left: older?.[1], seconds: older?.[2] }].flatMap(({ left, seconds }) =>
    left === undefined || seconds === undefined ? [] : [{ left: Number(left), seconds: Number(seconds) }],
  );
}

/**
 * Seconds until a used-up quota is full again, of the header `RateLimit: "requests";r=0;t=60, "fhirInteractions";r=49894;t=60`
 * (IETF draft-ietf-httpapi-ratelimit-headers, as Medplum sends it); with several, the last. Where none is used up, the one
 * with the least left: what is left may be less than one request costs.
 */
export function rateLimitSeconds(header: string | null): number | undefined {
  const quotas = quotasIn(header ?? '');
  const least = Math.min(...quotas.map(({ left }) => left));
  const waits = quotas.filter(({ left }) => left === least).map(({ seconds }) => seconds);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/** Seconds the server asked us to stay away: the longer of Retry-After and, for a 429, RateLimit. */
export function askedToWait(reply: Pick<Reply, 'status' | 'headers'>, now: Date): number | undefined {
  const after = retryAfterSeconds(reply.headers.get('retry-after'), now);
  const limit = reply.status === 429 ? rateLimitSeconds(reply.headers.get('ratelimit')) : undefined;
  return after === undefined && limit === undefined ? undefined : Math.max(after ?? 0, limit ?? 0);
}

/** Milliseconds of exponential backoff with full jitter before try `tried + 1`. `random` in [0, 1). */
export function backoff(tried: number, random: number): number {
  return Math.round(random * Math.min(LONGEST_BACKOFF_MS, FIRST_MS * 2 ** (tried - 1)));
}

export interface Attempt {
  /** Whether a second time does no harm although the first may have been done: reads. */
  repeatable: boolean;
  /** Tries made so far, this one included. */
  tried: number;
  outcome: Reply | Failure;
  now: Date;
  random: number;
}

/** Milliseconds to wait before sending again; undefined: do not. */
export function nextTry({ repeatable, tried, outcome, now, random }: Attempt): number | undefined {
  if ('failure' in outcome) {
    const again = outcome.failure === 'unsent' || (repeatable && /^(broken|timeout)$/.test(outcome.failure));
    const tries = outcome.failure === 'timeout' ? TRIES.fewer : TRIES.usual;
    return again && tried < tries ? backoff(tried, random) : undefined;
  }
  if (!repeatable || !(PASSING.has(outcome.status) || outcome.status === 500)) {
    return undefined;
  }
  if (tried >= (outcome.status === 500 ? TRIES.fewer : TRIES.usual)) {
    return undefined;
  }
  const asked = askedToWait(outcome, now);
  if (asked !== undefined) {
    // A little more than asked, so that those who were told the same do not all come back together.
    return asked > LONGEST_WAIT ? undefined : asked * 1000 + Math.round(random * 250);
  }
  return backoff(tried, random);
}
