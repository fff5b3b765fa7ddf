/** One order in one process: step after step, each stored, until it has to wait. */
import { asAdapterError } from '../errors.ts';
import { spanned } from '../trace.ts';
import { later } from './clock.ts';
import type { EngineServices, Hand } from './hand.ts';
import type { Order } from './order.ts';
import { step } from './step.ts';
import { forgetOrder } from './store/admit-order.ts';
import { postponeOrder, releaseLeases } from './store/renew-leases.ts';
import { saveStep } from './store/save-step.ts';
import { owesTask } from './task-view.ts';
import { backoffSeconds } from './transitions.ts';

/** An order whose route is not configured (any more) is looked at again after this long. */
const ROUTE_AGAIN_SECONDS = 300;

/** An order in hand, and how to tell whoever works on it to stop. */
export interface Held {
  order: Order;
  abort: AbortController;
}

/** Takes one order as far as it goes now, storing after every step. */
export async function workOn(services: EngineServices, mine: Held, stopping: () => boolean): Promise<void> {
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
  const hand: Hand = {
    ...services,
    site,
    route,
    signal: mine.abort.signal,
    taskFailed: false,
    stopFailed: false,
    turn: undefined,
  };
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
      const owes = !hand.taskFailed && !hand.stopFailed && owesTask(next, now);
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
