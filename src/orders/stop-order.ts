import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderReason, OrderSnapshot } from './order.ts';
import { STATES } from './states.ts';
import { endStopped, stopAtVendor } from './stop-at-vendor.ts';
import { listSuperseded, listWritten } from './store/order-data.ts';
import { withNote } from './transitions.ts';
import { IN_ERROR } from './verdict.ts';

/**
 * Stops an order that is none any more: at the vendor too where that can be. What was written stays, with a word on the
 * Task, but for an order entered in error: that is taken back. Undefined: there is nothing (more) to do.
 */
export async function stopOrder(
  order: Order,
  snapshot: OrderSnapshot | undefined,
  reason: OrderReason,
  hand: Hand,
): Promise<StepDone | undefined> {
  const now = hand.clock.now();
  const inError = reason.code === IN_ERROR && order.status !== 'withdrawn' && (await hasWritten(order, hand));
  if (!STATES[order.status].ended) {
    // While results are written, they may stand already without our knowing.
    const takesBack = inError || order.leg === 'write';
    const stopped = await stopAtVendor(order, snapshot, hand);
    const untold = order.taskId === null && order.leg === 'read' && order.awaiting === null;
    const over = endStopped(order, reason, stopped, now);
    const leg = takesBack ? 'withdraw' : untold ? 'ended' : over.order.leg;
    return {
      order: { ...over.order, leg, nextAt: leg === 'ended' ? null : now },
      events: [
        { event: 'withdrawn', who: 'ehr', detail: { code: reason.code, vendor: stopped.vendor } },
        ...over.events,
      ],
    };
  }
  if (inError) {
    return {
      order: { ...order, leg: 'withdraw', reason, deadline: null, deadlineWhat: null, attempts: 0, nextAt: now },
      events: [{ event: 'withdrawn', who: 'ehr', detail: { code: reason.code } }],
    };
  }
  const text =
    reason.code === 'replaced'
      ? 'It was replaced by a newer one in the EHR.'
      : `${reason.text} Its results had been written before and stay.`;
  return order.status !== 'completed' || order.notes?.includes(text)
    ? undefined
    : {
        order: withNote(order, text, now),
        events: [{ event: 'withdrawn-late', who: 'ehr', detail: { code: reason.code } }],
      };
}

async function hasWritten(order: Order, { database }: Hand): Promise<boolean> {
  const mine = await listWritten(database, order.id);
  return mine.length > 0 || (await listSuperseded(database, order.baseKey, order.generation)).length > 0;
}
