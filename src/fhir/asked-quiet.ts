/**
 * Who asked us to stay away, and until when: one answer of that kind is meant for all requests to that server, not only
 * for the one that happened to get it.
 */

export interface AskedQuiet {
  /** Somebody at `origin` asked for so many seconds without us. */
  ask(origin: string, seconds: number): void;
  /** Seconds that are left of it; 0: go ahead. */
  left(origin: string): number;
}

/** Seconds after which one request tries again all the same: a proxy's odd date must not silence a site for a day. */
const LONGEST_QUIET = 300;

export function openAskedQuiet(now: () => Date): AskedQuiet {
  const until = new Map<string, number>();
  return {
    ask(origin, seconds) {
      const end = now().getTime() + Math.min(seconds, LONGEST_QUIET) * 1000;
      until.set(origin, Math.max(end, until.get(origin) ?? 0));
    },
    left(origin) {
      const end = until.get(origin);
      if (end === undefined) {
        return 0;
      }
      const seconds = Math.ceil((end - now().getTime()) / 1000);
      if (seconds <= 0) {
        until.delete(origin);
      }
      return Math.max(seconds, 0);
    },
  };
}
