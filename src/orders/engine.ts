import { randomUUID } from 'node:crypto';
import { asAdapterError } from '../errors.ts';
import { spanned } from '../trace.ts';
import { later } from './clock.ts';
import type { EngineServices, Hand } from './hand.ts';
import type { Order } from './order.ts';
import { step } from './step.ts';
import { forgetOrder } from './store/admit-order.ts';
import { claimOrders, nextDue } from './store/claim-orders.ts';
import { dropAllLeases, postponeOrder, releaseLeases, renewLeases } from './store/renew-leases.ts';
import { saveStep } from './store/save-step.ts';
import { owesTask } from './task-view.ts';
import { backoffSeconds } from './transitions.ts';

export interface EngineOptions {
  /** Orders worked on at once in this process. */
  concurrency: number;
  /** Seconds a lease lasts unless renewed: how long a dead process's orders wait. */
  leaseSeconds: number;
  /** Longest time between two looks at the table when no bell rings. */
  pollSeconds: number;
}

export const ENGINE_DEFAULTS: EngineOptions = { concurrency: 8, leaseSeconds: 8, pollSeconds: 2 };

/** An order whose route is not configured (any more) is looked at again after this long. */
const ROUTE_AGAIN_SECONDS = 300;

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

interface Held {
  order: Order;
  abort: AbortController;
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

/** Takes one order as far as it goes now, storing after every step. */
async function workOn(services: EngineServices, mine: Held, stopping: () => boolean): Promise<void> {
  const { database, clock, log } = services;
  let { order } = mine;
  const site = services.sites.get(order.site);
  const route = site?.routes.get(order.route);
  if (!site || !route) {
    // The configuration no longer has it: it waits, visibly, for the route to come back.
    log.warn({ order: order.publicId, site: order.site, route: order.route }, 'no such route: the order waits');
    // Nothing was tried, so nothing is counted: it must not be held when the route is back.
    await releaseLeases(database, [order], later(clock.now(), ROUTE_AGAIN_SECONDS)).catch(() => {});
    return;
  }
  const hand: Hand = { ...services, site, route, signal: mine.abort.signal, taskFailed: false, turn: undefined };
  const labels = { site: site.name, route: route.id, vendor: route.vendor.name };
  let afterTask: Date | null | undefined;
  try {
    for (;;) {
      await services.checkpoint('claimed', order);
      const begun = performance.now();
      const done = await spanned('order.step', { ...labels, stage: order.leg, order: order.publicId }, () =>
        step(order, hand),
      );
      const seconds = (performance.now() - begun) / 1000;
      services.meter.stage({ ...labels, stage: order.leg }, seconds);
      if (done.forget) {
        if (!(await forgetOrder(database, order))) {
          // Somebody spoke of it meanwhile (the draft was signed): it is looked at once more.
          await releaseLeases(database, [order], clock.now());
        }
        return;
      }
      await services.checkpoint('step-done', order);
      const now = clock.now();
      // A step that leaves a Task to be written is due at once, so that a crash cannot lose it; the time at which the
      // order itself goes on is put back once the Task stands.
      const next = done.task && afterTask !== undefined ? { ...done.order, nextAt: afterTask } : done.order;
      const owes = !hand.taskFailed && owesTask(next, now);
      afterTask = owes ? next.nextAt : undefined;
      const sleeping = stopping() || (!owes && (next.nextAt === null || next.nextAt > now));
      const before = order.status;
      order = await saveStep(database, {
        order: owes ? { ...next, nextAt: now } : next,
        seen: order,
        now,
        events: done.events,
        also: done.also,
        ...(done.consumed && { consumed: done.consumed }),
        release: sleeping,
      });
      mine.order = order;
      if (order.status !== before) {
        services.meter.outcome({ ...labels, outcome: order.status });
        log.info({ order: order.publicId, ...labels, status: order.status, code: order.reason?.code }, 'order');
      }
      await services.checkpoint('step-stored', order);
      if (sleeping) {
        return;
      }
    }
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (error.code !== 'lease-lost') {
      log.warn({ order: order.publicId, code: error.code, operator: error.operator }, 'order put down');
      // Handed back while we stop or the database is away; else something is wrong with this very step: it comes again
      // later each time, and after many claims without a step it is held.
      const handBack = hand.signal.aborted || stopping() || error.code === 'database-unavailable';
      const pause = backoffSeconds(order.claims, services.random());
      const put = handBack
        ? releaseLeases(database, [order])
        : postponeOrder(database, order, later(clock.now(), pause));
      await put.catch(() => {});
    }
  }
}
