/** What becomes of notifications between a server that sends them and an endpoint that should have them. */
import type { EhrFault } from './faults.ts';
import type { Mishaps } from './types.ts';

export const NO_MISHAPS: Readonly<Mishaps> = {
  lost: 0,
  doubled: 0,
  overtaken: 0,
  delayMs: 0,
  silent: false,
  stuck: false,
};

/** What happens to one notification. */
export interface Fate {
  /** The server gives the Subscription up instead of sending. */
  ends?: 'off' | 'error';
  /** One for each time that it is sent; none: it is lost. Milliseconds until then, 0 for at once. */
  copies: { delayMs: number; overtaken: boolean }[];
}

export interface Misfortune {
  now(): Mishaps;
  /** Changes some of what was set at the start; what is set at the switchboard comes on top. */
  set(change: Partial<Mishaps>): void;
  /** What happens to the next notification: the same sequence for the same seed, whatever is set in between. */
  next(mishaps?: Mishaps): Fate;
}

/** Numbers from 0 to 1 without end (mulberry32): small, quick and the same on every machine. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function openMisfortune(options: {
  seed: number;
  mishaps: Partial<Mishaps> | undefined;
  fault(name: EhrFault): boolean;
  level(name: EhrFault): number;
}): Misfortune {
  const { fault, level } = options;
  const draw = random(options.seed);
  let own: Mishaps = { ...NO_MISHAPS, ...options.mishaps };

  function now(): Mishaps {
    return {
      lost: Math.max(own.lost, level('notifications-lost') / 100),
      doubled: Math.max(own.doubled, level('notifications-doubled') / 100),
      overtaken: Math.max(own.overtaken, level('notifications-overtaken') / 100),
      delayMs: Math.max(own.delayMs, level('notifications-delayed')),
      silent: own.silent || level('subscriptions-silent') > 0,
      stuck: own.stuck || level('subscriptions-stuck') > 0,
    };
  }

  return {
    now,
    set(change) {
      own = { ...own, ...change };
    },
    next(mishaps = now()) {
      // As many numbers for each notification, so that switching one mishap on leaves the others where they were.
      const [loss, double, overtake, first, second] = [draw(), draw(), draw(), draw(), draw()];
      const { lost, doubled, overtaken, delayMs } = mishaps;
      if (fault('notification-lost') || loss < lost) {
        return { copies: [] };
      }
      if (fault('subscription-off')) {
        return { copies: [], ends: 'off' };
      }
      if (fault('subscription-error')) {
        return { copies: [], ends: 'error' };
      }
      const delays = fault('notification-twice') || double < doubled ? [first, second] : [first];
      return {
        copies: delays.map((part) => ({ delayMs: Math.round(part * delayMs), overtaken: overtake < overtaken })),
      };
    },
  };
}
