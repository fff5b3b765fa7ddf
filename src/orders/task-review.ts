/** News of an order's Task: a person has ended it, or the EHR's own Task for us came after we had made one. */
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderNews, OrderSnapshot } from './order.ts';
import { cancelAtVendor } from './people.ts';
import { STATES } from './states.ts';
import { listWritten } from './store/order-data.ts';
import { closedInTheEhr } from './task-sync.ts';
import { taskView, withTaskShown } from './task-view.ts';

/** Undefined: nothing about the Task has changed for us. */
export async function reviewTask(
  order: Order,
  news: OrderNews,
  snapshot: OrderSnapshot | undefined,
  hand: Hand,
): Promise<StepDone | undefined> {
  const ended = STATES[order.status].ended;
  if (news.ehrTask !== undefined && news.ehrTask !== order.taskId) {
    return order.taskId === null || snapshot === undefined
      ? { order: { ...order, ehrTask: news.ehrTask }, events: [] }
      : claimLate({ ...order, ehrTask: news.ehrTask }, order.taskId, snapshot, hand);
  }
  const known = { id: order.taskId ?? '', version: order.taskVersion ?? undefined };
  if (!news.task || order.taskId === null || ended || !(await hand.site.ehr.isClosed(known))) {
    return undefined;
  }
  await cancelAtVendor(order, snapshot, hand);
  return closedInTheEhr(order, hand.clock.now());
}

/** The EHR's Task takes the place of ours, which is marked as entered in error: one order, one Task. */
async function claimLate(order: Order, ours: string, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone> {
  const { name, title } = hand.route.vendor;
  const now = hand.clock.now();
  const written = await listWritten(hand.database, order.id);
  const view = taskView(order, snapshot, { name, title }, written, now);
  const saved = await hand.site.ehr.saveTask(view, undefined, { id: order.ehrTask ?? undefined });
  await hand.site.ehr.handOver(ours, saved.id);
  const after: Order = { ...withTaskShown(order, now), taskId: saved.id, taskVersion: saved.version ?? null };
  if (saved.closedByPerson && !STATES[order.status].ended) {
    await cancelAtVendor(order, snapshot, hand);
    return closedInTheEhr(after, now);
  }
  return { order: after, events: [{ event: 'task-claimed', who: 'ehr', detail: { task: saved.id } }] };
}
