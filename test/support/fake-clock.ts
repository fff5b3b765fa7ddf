import type { Clock } from '../../src/orders/clock.ts';

/** A clock that only moves when told to. */
export interface FakeClock extends Clock {
  advance(seconds: number): void;
  set(to: Date): void;
}

export function fakeClock(start = '2026-11-22T10:00:00Z'): FakeClock {
  let now = Date.parse(start);
  return {
    now: () => new Date(now),
    advance(seconds) {
      now += seconds * 1000;
    },
    set(to) {
      now = Math.max(now, to.getTime());
    },
  };
}
