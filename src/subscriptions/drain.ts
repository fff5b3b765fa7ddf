/**
 * Takes stored notifications to their end. Nothing here may lose one: it is dealt with, put off, or set aside for a
 * person to see; repeats are harmless.
 */
import { asAdapterError } from '../errors.ts';
import type { NotificationStore, StoredNotification } from '../orders/types.ts';
import { createHandler, type Ending, type HandlerOptions } from './handle-notification.ts';
import { settledWithin } from './settled-within.ts';

export interface DrainOptions extends HandlerOptions {
  store: NotificationStore;
  /** Something changed and nobody says what. */
  requestSweep(site: string): void;
  /** Counts each attempt's end: `admitted`, `told`, `no match`, `no route`, `not found`, `sweep`, `postponed`, `set aside`. */
  onOutcome?(site: string, outcome: string): void;
  /** Notifications worked on at once. Each may hold a body of the size limit in memory. */
  concurrency?: number;
  /** Milliseconds between two looks when no bell rings. */
  pollEvery?: number;
}

/** Renewed while in hand, so that what a killed process held goes on soon. */
const LEASE_SECONDS = 10;
const RENEW_MILLISECONDS = 3000;
const STOP_MILLISECONDS = 5000;

/** Starts draining. `stop` takes no more and waits a few seconds for what is in hand; the rest comes again. */
export function startDrain(options: DrainOptions): { stop(): Promise<void> } {
  const { store, log } = options;
  const handle = createHandler(options);
  const running = new Set<Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  let taker: Promise<void> | undefined;
  let rung = false;

  async function end(notification: StoredNotification, ending: Ending): Promise<void> {
    const { site, id } = notification;
    const fields = { site, notification: id, attempt: notification.attempts };
    if ('later' in ending) {
      await store.postpone(id, ending.later, ending.why);
      options.onOutcome?.(site, 'postponed');
      wakeIn(ending.later * 1000);
    } else if ('aside' in ending) {
      await store.setAside(id, ending.aside);
      log.warn({ ...fields, status: ending.aside }, 'notification set aside');
      options.onOutcome?.(site, 'set aside');
    } else {
      await store.done(id, ending.done);
      log.debug({ ...fields, status: ending.done }, 'notification done');
      options.onOutcome?.(site, ending.done);
      // Only now: an equal one that came meanwhile was not stored again, one that comes from now on is.
      if (ending.done === 'sweep') {
        options.requestSweep(site);
      }
    }
  }

  async function work(notification: StoredNotification): Promise<void> {
    const { site, id } = notification;
    const renew = () => void store.postpone(id, LEASE_SECONDS, 'in hand').catch(() => {});
    const renewal = setInterval(renew, RENEW_MILLISECONDS);
    try {
      const ending = await handle(notification);
      clearInterval(renewal);
      await end(notification, ending);
    } catch (thrown) {
      log.error({ site, notification: id, code: asAdapterError(thrown).code }, 'notification comes again');
    } finally {
      clearInterval(renewal);
    }
  }

  /** Looks for work; while it looks, a bell makes it look once more. */
  function wake(): void {
    rung = true;
    taker ??= takeAll().finally(() => {
      taker = undefined;
      if (rung && !stopped && running.size < (options.concurrency ?? 8)) {
        wake();
      }
    });
  }

  async function takeAll(): Promise<void> {
    while (rung && !stopped) {
      rung = false;
      const free = (options.concurrency ?? 8) - running.size;
      const taken = free > 0 ? await take(free) : [];
      for (const notification of taken) {
        if (stopped) {
          await store.postpone(notification.id, 0, 'shutting down').catch(() => {});
          continue;
        }
        const working = work(notification).finally(() => {
          running.delete(working);
          wake();
        });
        running.add(working);
      }
      rung ||= taken.length > 0;
    }
  }

  async function take(free: number): Promise<StoredNotification[]> {
    try {
      return await store.take(free, LEASE_SECONDS);
    } catch (thrown) {
      log.error({ code: asAdapterError(thrown).code }, 'notifications could not be taken');
      return [];
    }
  }

  function wakeIn(milliseconds: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      wake();
    }, milliseconds);
    timers.add(timer.unref());
  }

  const unlisten = store.onWaiting(wake);
  const poll = setInterval(wake, options.pollEvery ?? 2000);
  poll.unref();
  wake();

  return {
    async stop() {
      stopped = true;
      unlisten();
      clearInterval(poll);
      for (const timer of timers) {
        clearTimeout(timer);
      }
      await settledWithin([taker ?? Promise.resolve(), ...running], STOP_MILLISECONDS);
    },
  };
}
