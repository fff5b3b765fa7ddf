/** What people ask of an order: stop it, try it again, go on after an answer. */
import { fetchingAgain } from './again.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { endStopped, stopAtVendor } from './stop-at-vendor.ts';
import { allowCall } from './store/calls.ts';
import { releaseCredential } from './store/credentials.ts';
import { latestResult } from './store/order-data.ts';
import { resume } from './transitions.ts';

/** Stops an order, at the vendor too where the vendor can. */
export async function cancelOrder(order: Order, snapshot: OrderSnapshot | undefined, hand: Hand): Promise<StepDone> {
  const { cancel } = order;
  const reason = { code: 'cancelled', text: cancel?.text ?? 'The order was cancelled.' };
  const stopped = await stopAtVendor(order, snapshot, hand);
  const change = endStopped(order, reason, stopped, hand.clock.now());
  const untold = order.taskId === null && snapshot === undefined;
  return {
    order: untold ? { ...change.order, leg: 'ended', nextAt: null } : change.order,
    events: change.events.map((event) =>
      event.event === 'cancelled'
        ? { ...event, who: cancel?.by ?? 'adapter', detail: { ...event.detail, vendor: stopped.vendor } }
        : event,
    ),
    consumed: { cancel: true },
  };
}

/**
 * Goes back to the stretch that failed or is held: reading a rejected order anew, the same step of a held one, the writing
 * of a stored result (fetched once more before, where the vendor can), or a new run at the vendor where the run itself
 * failed.
 */
export async function retryOrder(order: Order, hand: Hand): Promise<StepDone> {
  const now = hand.clock.now();
  const who = order.retry?.by ?? 'adapter';
  const done = (after: Order, from: string, also?: StepDone['also']): StepDone => ({
    order: { ...resume(after, now), endedAt: null },
    events: [{ event: 'retried', who, detail: { from } }],
    consumed: { retry: true },
    ...(also && { also }),
  });
  if (order.status === 'held') {
    if (order.heldBy) {
      await releaseCredential(hand.database, order.heldBy, now);
    }
    const key = order.effectKey;
    return done(order, 'held', (sql) =>
      key === null ? Promise.resolve() : allowCall(sql, { orderId: order.id, run: order.run, key }),
    );
  }
  if (order.status === 'rejected') {
    return done({ ...order, leg: 'read', outcome: null }, 'rejected');
  }
  if (order.status === 'completed' || order.status === 'failed') {
    // A run that failed after it had published a part has a result too, but not the one to end with.
    const publishing = order.status === 'completed' ? { final: true } : order.publishing;
    const stored = publishing && (await latestResult(hand.database, order.id, order.run));
    if (stored) {
      const again = order.status === 'completed' && (await fetchingAgain(order, stored.result, hand));
      if (again) {
        return done(again, 'vendor');
      }
      return done({ ...order, leg: 'write', publishing, outcome: null }, 'result');
    }
    if (order.status === 'completed') {
      // The result was forgotten with its retention: replaying it is over, and a new run was not asked for.
      return {
        order: { ...order, nextAt: null },
        events: [{ event: 'retry-refused', who, detail: { code: 'retention' } }],
        consumed: { retry: true },
      };
    }
    return done({ ...order, leg: 'read', run: order.run + 1, state: null, outcome: null }, 'failed');
  }
  return { order: { ...order, nextAt: now }, events: [], consumed: { retry: true } };
}

/** The answers to the engine's own questions; undefined: the question was the vendor's. */
export async function answeredLimit(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone | undefined> {
  const { answer, question } = order;
  const now = hand.clock.now();
  if (!answer || !question?.id.startsWith('limit/')) {
    return undefined;
  }
  const events = [
    { event: 'answered', who: answer.by, detail: { question: question.id, value: String(answer.value) } },
  ];
  if (answer.value !== 'proceed') {
    const reason = { code: 'limit-reached', text: 'The order was not approved beyond the site’s limit.' };
    const change = endStopped(order, reason, await stopAtVendor(order, snapshot, hand), now);
    return { ...change, events: [...events, ...change.events] };
  }
  const day = question.id.split('/')[2];
  const approved = day === undefined ? { ...order.approved, perOrder: true } : { ...order.approved, perDay: day };
  return { order: { ...resume(order, now), approved, answer: null, question: null }, events };
}
