/** A call says that an order is about to be: the site is swept soon, and once more for who takes time to sign. */

/** Seconds after a call. */
const LOOKS = [10, 60];

export interface LookSooner {
  (site: string): void;
  stop(): void;
}

/** However many calls come, a site has one look of each delay before it. */
export function lookSooner(requestSweep: (site: string) => void, delays: readonly number[] = LOOKS): LookSooner {
  const pending = new Map<string, NodeJS.Timeout>();
  const look = (site: string): void => {
    for (const seconds of delays) {
      const key = `${seconds} ${site}`;
      if (!pending.has(key)) {
        const timer = setTimeout(() => {
          pending.delete(key);
          requestSweep(site);
        }, seconds * 1000);
        pending.set(key, timer.unref());
      }
    }
  };
  return Object.assign(look, {
    stop() {
      for (const timer of pending.values()) {
        clearTimeout(timer);
      }
      pending.clear();
    },
  });
}
