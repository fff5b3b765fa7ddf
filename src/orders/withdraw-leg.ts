import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { saveHolders } from './result-files.ts';
import { listSuperseded, listWritten, saveWritten } from './store/order-data.ts';
import { taskView, withTaskShown } from './task-view.ts';

/**
 * Takes back what all generations of an order wrote, because the order was entered in error. May fail and come again as
 * often as it must; what is withdrawn already is left as it is, and so is what somebody has worked on since.
 */
export async function withdrawResults(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone> {
  const { database, clock, route, site } = hand;
  const now = clock.now();
  const reason = order.reason ?? { code: 'entered-in-error', text: 'The order was entered in error.' };
  const vendor = { name: route.vendor.name, title: route.vendor.title };
  const mine = await listWritten(database, order.id);
  const status = order.status === 'completed' ? 'withdrawn' : order.status;
  const shown: Order = { ...order, status, reason };
  const published = await site.ehr.retract({
    // Nothing about others stands on the patient whom the order is about.
    ...(snapshot.subject && !route.vendor.others && { subject: snapshot.subject }),
    written: [...(await listSuperseded(database, order.baseKey, order.generation)), ...mine],
    reason: reason.text,
    task: taskView(shown, snapshot, vendor, mine, now),
    taskId: order.taskId ?? '',
    now: now.toISOString(),
  });
  await hand.checkpoint('withdrawn', order);
  const notes = published.leftAlone.length > 0 ? published.leftAlone : order.notes;
  const after: Order = {
    ...shown,
    leg: 'ended',
    notes,
    taskId: published.task.id,
    taskVersion: published.task.version ?? null,
    attempts: 0,
    lastError: null,
    nextAt: order.news === null ? null : now,
  };
  // Parts of several generations have equal names.
  const own = new Set(mine.map(({ type, id }) => `${type}/${id}`));
  return {
    order: withTaskShown(after, now),
    events: [{ event: 'taken-back', detail: { resources: mine.length, leftAlone: published.leftAlone.length } }],
    async also(sql) {
      const still = published.written.filter(({ type, id }) => own.has(`${type}/${id}`));
      await saveWritten(sql, order.id, still, now);
      await saveHolders(sql, order, published.holders, { retentionDays: site.retentionDays, now });
    },
  };
}
