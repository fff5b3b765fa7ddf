import { asAdapterError } from '../errors.ts';
import { askedInEhr, hearAnswer } from './ehr-answer.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { STATES } from './states.ts';
import { notesOf, reasonWith, type Stopped, stopAtVendor } from './stop-at-vendor.ts';
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
      return closedInTheEhr(after, await stopAtVendor(order, snapshot, hand), now);
    }
    const events = [{ event: 'task', detail: { status: view.status, version: saved.version ?? null } }];
    const heard = saved.edited ? await answerWrittenOver(after, hand) : undefined;
    return heard ? { ...heard, events: [...events, ...heard.events] } : { order: after, events, task: true };
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (error.code === 'lease-lost' || error.code === 'database-unavailable' || hand.stopFailed) {
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

/** Whoever changed the Task just before us may have answered: the version of their news is not new any more. */
async function answerWrittenOver(order: Order, hand: Hand): Promise<StepDone | undefined> {
  const question = askedInEhr(order);
  if (question === undefined || order.taskId === null) {
    return undefined;
  }
  const asked = { question, now: hand.clock.now() };
  const sight = await hand.site.ehr.lookAtTask({ id: order.taskId, version: undefined }, asked);
  // One that was closed in this very moment is found by its news.
  return sight && !sight.closed ? hearAnswer(order, question, sight, hand) : undefined;
}

/**
 * Somebody cancelled the Task in the EHR: that is a cancellation of the order, and already told. What it could not undo
 * stands with the order alone: a Task that a person has ended is not written again.
 */
export function closedInTheEhr(order: Order, stopped: Stopped, now: Date): StepDone {
  const code = 'cancelled-in-ehr';
  return {
    order: {
      ...order,
      status: 'cancelled',
      leg: 'ended',
      reason: reasonWith({ code, text: 'The Task was cancelled in the EHR.' }, stopped),
      deadline: null,
      deadlineWhat: null,
      nextAt: null,
      endedAt: now,
    },
    events: [...notesOf(stopped), { event: 'cancelled', who: 'ehr', detail: { code, vendor: stopped.vendor } }],
  };
}
