/** A heartbeat for each Subscription that asked for one, whenever nothing was sent for as long as its period. */
export interface Heartbeats {
  /** Something was sent, or the Subscription became active: its period begins anew. Seconds; none: no heartbeats. */
  rearm(subscription: string, period: number | undefined): void;
  stop(subscription: string): void;
  close(): void;
}

/** Longer than this a timer cannot wait. */
const LONGEST_MS = 2 ** 31 - 1;

export function openHeartbeats(beat: (subscription: string) => void, unit: number): Heartbeats {
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = (subscription: string): void => {
    clearTimeout(timers.get(subscription));
    timers.delete(subscription);
  };
  return {
    rearm(subscription, period) {
      stop(subscription);
      if (period) {
        timers.set(subscription, setTimeout(beat, Math.min(period * unit, LONGEST_MS), subscription).unref());
      }
    },
    stop,
    close: () => [...timers.keys()].forEach(stop),
  };
}
