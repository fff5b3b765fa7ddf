import { randomUUID } from 'node:crypto';
import { asAdapterError } from '../errors.ts';
import { later } from './clock.ts';
import type { EngineServices } from './hand.ts';
import type { Order } from './order.ts';
import { claimOrders, nextDue } from './store/claim-orders.ts';
import { dropAllLeases, releaseLeases, renewLeases } from './store/renew-leases.ts';
import { type Held, workOn } from './work-on.ts';

export interface EngineOptions {
  /** Orders worked on at once in this process. */
  concurrency: number;
  /** Seconds a lease lasts unless renewed: how long a dead process's orders wait. */
  leaseSeconds: number;
  /** Longest time between two looks at the table when no bell rings. */
  pollSeconds: number;
}

export const ENGINE_DEFAULTS: EngineOptions = { concurrency: 8, leaseSeconds: 8, pollSeconds: 2 };

export interface Engine {
  /** Looks at the table now. */
  wake(): void;
  /** How many orders are in hand, one more while it is looking for some: 0 only where it surely does nothing. */
  busy(): number;
  /** Takes no more orders, lets steps in hand finish for `graceSeconds`, then aborts and hands them back. */
  stop(graceSeconds: number): Promise<void>;
  /** Stops at once and stores nothing more, as if the process had died. */
  halt(): void;
}

/** Works on orders until stopped: claims what is due, takes each as far as it goes, sleeps until the next is due or a bell rings. */
export async function startEngine(services: EngineServices, options: EngineOptions = ENGINE_DEFAULTS): Promise<Engine> {
  const { database, clock, log } = services;
  const me = randomUUID();
  const held = new Map<string, Held>();
  const running = new Set<Promise<void>>();
  let stopping = false;
  let halted = false;
  let timer: NodeJS.Timeout | undefined;
  let claiming = false;
  let again = false;

  if (database.exclusive) {
    await dropAllLeases(database);
  }

  let looking = Promise.resolve();
  const fill = (): void => {
    if (claiming) {
      again = true;
    } else {
      looking = look();
    }
  };
  const look = async (): Promise<void> => {
    claiming = true;
    clearTimeout(timer);
    let wait = options.pollSeconds * 1000;
    try {
      do {
        again = false;
        const room = options.concurrency - held.size;
        if (stopping || room <= 0) {
          break;
        }
        const now = clock.now();
        const orders = await claimOrders(database, {
          process: me,
          limit: room,
          now,
          leaseUntil: later(now, options.leaseSeconds),
        });
        if (stopping) {
          await releaseLeases(database, orders);
          break;
        }
        for (const order of orders) {
          begin(order);
        }
        again ||= orders.length === room;
      } while (again);
      const due = stopping || held.size >= options.concurrency ? undefined : await nextDue(database);
      if (due) {
        wait = Math.min(wait, Math.max(0, due.getTime() - clock.now().getTime()) + 1);
      }
    } catch (thrown) {
      log.warn({ process: me, code: asAdapterError(thrown).code }, 'orders could not be claimed');
    } finally {
      claiming = false;
      if (!stopping) {
        // A bell that rang while we looked may be of something that the look missed.
        timer = setTimeout(fill, again ? 0 : wait);
      }
    }
  };

  const begin = (order: Order): void => {
    const mine: Held = { order, abort: new AbortController() };
    held.set(order.id, mine);
    const work = workOn(services, mine, () => stopping).finally(() => {
      if (held.get(order.id) === mine) {
        held.delete(order.id);
      }
      running.delete(work);
      if (!halted) {
        fill();
      }
    });
    running.add(work);
  };

  const renewal = setInterval(
    async () => {
      const mine = [...held.values()];
      if (mine.length === 0) {
        return;
      }
      try {
        const ours = await renewLeases(
          database,
          mine.map(({ order }) => order),
          later(clock.now(), options.leaseSeconds),
        );
        for (const { order, abort } of mine) {
          // An order that was just put down is not ours either: only one that is still in hand was lost.
          if (!ours.has(order.id) && held.get(order.id)?.order.fence === order.fence) {
            abort.abort();
          }
        }
      } catch {
        log.warn({ process: me, code: 'database-unavailable' }, 'leases could not be renewed');
      }
    },
    (options.leaseSeconds * 1000) / 3,
  );

  const deafen = database.listen((bell) => {
    if (bell === 'orders') {
      fill();
    }
  });
  fill();

  const quiet = (): void => {
    stopping = true;
    clearTimeout(timer);
    clearInterval(renewal);
    deafen();
  };

  return {
    wake: () => fill(),
    busy: () => held.size + (claiming ? 1 : 0),
    async stop(graceSeconds) {
      stopping = true;
      clearTimeout(timer);
      deafen();
      const grace = setTimeout(() => {
        for (const { abort } of held.values()) {
          abort.abort();
        }
      }, graceSeconds * 1000);
      // A look that is under way may still claim orders: it hands them back itself.
      await Promise.allSettled([...running, looking]);
      clearTimeout(grace);
      quiet();
    },
    halt() {
      halted = true;
      quiet();
      for (const { abort } of held.values()) {
        abort.abort();
      }
    },
  };
}
