/** How large a transaction a server takes: what the site says, and what the server's refusals have taught us since. */

export interface Limits {
  /** Most entries in one Bundle, the Task included. */
  entries: number;
  /** Most PUTs in one Bundle. */
  updates: number;
}

/** Azure takes 500 entries, Medplum 50 updates. */
export const DEFAULT_LIMITS: Limits = { entries: 400, updates: 45 };

/** Less than one result, its Provenance and the Task cannot be. */
const LEAST = 3;

/** The limits of one site, to be kept: publications make them smaller where they learn better. */
export function siteLimits(entries: number): Limits {
  return { ...DEFAULT_LIMITS, entries };
}

/** Half of what was refused is tried next; false where it was as little as can be. */
export function shrink(limits: Limits, refused: number): boolean {
  if (refused <= LEAST) {
    return false;
  }
  limits.entries = Math.max(LEAST, Math.min(limits.entries, Math.floor(refused / 2)));
  return true;
}
