import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until all have settled, whichever way, but no longer than `milliseconds`: a stop must not hang on a server. */
export async function settledWithin(work: Promise<unknown>[], milliseconds: number): Promise<void> {
  const patience = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: patience.signal }).catch(() => {});
  await Promise.race([Promise.allSettled(work), late]);
  patience.abort();
}
