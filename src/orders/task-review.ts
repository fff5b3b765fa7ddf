/**
 * News of an order's Task: a person has ended it or answered the order's question there, or the EHR's own Task for us came
 * after we had made one.
 */
import { askedInEhr, hearAnswer } from './ehr-answer.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderNews, OrderSnapshot } from './order.ts';
import { STATES } from './states.ts';
import { stopAtVendor } from './stop-at-vendor.ts';
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
  if (news.task === undefined || order.taskId === null || ended) {
    return undefined;
  }
  return lookAtTask(order, order.taskId, snapshot, hand);
}

/** The same without news, of an order that waits for an answer that may be given in its Task. */
export async function lookAtAnswer(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone | undefined> {
  return askedInEhr(order) && order.taskId !== null ? lookAtTask(order, order.taskId, snapshot, hand) : undefined;
}

async function lookAtTask(
  order: Order,
  id: string,
  snapshot: OrderSnapshot | undefined,
  hand: Hand,
): Promise<StepDone | undefined> {
  const question = askedInEhr(order);
  const now = hand.clock.now();
  const known = { id, version: order.taskVersion ?? undefined };
  const sight = await hand.site.ehr.lookAtTask(known, question && { question, now });
  if (sight?.closed) {
    return closedInTheEhr(order, await stopAtVendor(order, snapshot, hand), hand.clock.now());
  }
  return sight && question && hearAnswer(order, question, sight, hand);
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
    return closedInTheEhr(after, await stopAtVendor(order, snapshot, hand), now);
  }
  return { order: after, events: [{ event: 'task-claimed', who: 'ehr', detail: { task: saved.id } }] };
}
