/** Bounds what notifications hold in memory at once: beyond it a sender is asked to come again. */
export interface ByteBudget {
  /** False, and nothing is taken, where it does not fit. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** A budget of `limit` bytes. One taker always fits into an untouched budget, however large. */
export function byteBudget(limit: number): ByteBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken > 0 && taken + bytes > limit) {
        return false;
      }
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
  };
}
