import { asAdapterError } from '../errors.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { cancelAtVendor } from './people.ts';
import { STATES } from './states.ts';
import { listWritten } from './store/order-data.ts';
import { taskView, withTaskShown } from './task-view.ts';
import { comeAgain } from './transitions.ts';

/**
 * Writes the Task as the order stands. While the order is on its way a Task that cannot be written does not stop it; at
 * the end (`tell`) it is tried until it stands.
 */
export async function syncTask(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone | undefined> {
  const { name, title } = hand.route.vendor;
  const now = hand.clock.now();
  const view = taskView(order, snapshot, { name, title }, await listWritten(hand.database, order.id), now);
  const known = order.taskId === null ? undefined : { id: order.taskId, version: order.taskVersion ?? undefined };
  try {
    const saved = await hand.site.ehr.saveTask(view, known, { id: order.ehrTask ?? undefined });
    await hand.checkpoint('task-written', order);
    const told = order.leg === 'tell';
    const after: Order = {
      ...withTaskShown(order, now),
      taskId: saved.id,
      taskVersion: saved.version ?? null,
      // What failed was the Task: from here on another server is asked.
      ...(order.taskId === null && { attempts: 0, lastError: null }),
      ...(told && { leg: 'ended' as const, nextAt: order.news === null ? null : now, attempts: 0 }),
    };
    if (saved.closedByPerson && !STATES[order.status].ended) {
      await cancelAtVendor(order, snapshot, hand);
      return closedInTheEhr(after, now);
    }
    return {
      order: after,
      events: [{ event: 'task', detail: { status: view.status, version: saved.version ?? null } }],
      task: true,
    };
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (error.code === 'lease-lost' || error.code === 'database-unavailable') {
      throw error;
    }
    hand.taskFailed = true;
    hand.log.warn(
      { order: order.publicId, site: order.site, code: error.code, operator: error.operator },
      'task not written',
    );
    // A Task that has to be born, and one that tells the end, are worth waiting for.
    if (order.leg !== 'tell' && order.taskId !== null) {
      return undefined;
    }
    return comeAgain(order, error, now, hand.random());
  }
}

/** Somebody cancelled the Task in the EHR: that is a cancellation of the order, and already told. */
export function closedInTheEhr(order: Order, now: Date): StepDone {
  return {
    order: {
      ...order,
      status: 'cancelled',
      leg: 'ended',
      reason: { code: 'cancelled-in-ehr', text: 'The Task was cancelled in the EHR.' },
      nextAt: null,
      endedAt: now,
    },
    events: [{ event: 'cancelled', who: 'ehr', detail: { code: 'cancelled-in-ehr' } }],
  };
}
