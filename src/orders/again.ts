/**
 * A completed order whose vendor is asked for its newest result once more, because an operator wishes so. The results that
 * stand are worth more than an attempt: whatever goes wrong at the vendor, what was stored before is written again instead,
 * and the Task goes on saying that the order is completed.
 */
import { AdapterError } from '../errors.ts';
import type { Step } from '../vendors/contract.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order } from './order.ts';
import { readSnapshot } from './store/order-data.ts';
import { vendorOrder } from './vendor-context.ts';

/** The order on its way to the vendor again, in the same run; undefined where the vendor or what is stored does not allow it. */
export async function fetchingAgain(order: Order, stored: unknown, hand: Hand): Promise<Order | undefined> {
  const { vendor, options } = hand.route;
  const snapshot = await readSnapshot(hand.database, order.id);
  const result = vendor.result.safeParse(stored);
  if (!vendor.again || !snapshot || !result.success) {
    return undefined;
  }
  const state = vendor.again(result.data, vendorOrder(order, snapshot, options));
  return { ...order, leg: 'vendor', state, publishing: { final: true, again: true }, outcome: null };
}

/** Throws where the vendor asks for a call that bills or creates something: nobody has ordered anything new. */
export function allowAgain(order: Order, step: Step<unknown, unknown>): void {
  if (order.publishing?.again && 'effect' in step) {
    const message = `Vendor ${order.vendor} asks for a call that must not be repeated to fetch a result again`;
    throw new AdapterError('unexpected', message, { kind: 'permanent' });
  }
}

/** A step that would have ended the order leads to the writing of what was stored before. */
export function orWhatIsStored(before: Order, done: StepDone, now: Date): StepDone {
  const { order } = done;
  if (!before.publishing?.again || (order.status !== 'failed' && order.status !== 'rejected')) {
    return done;
  }
  return {
    ...done,
    order: {
      ...order,
      status: 'writing',
      leg: 'write',
      publishing: { final: true },
      reason: null,
      outcome: null,
      endedAt: null,
      nextAt: now,
    },
    events: [{ event: 'not-fetched-again', detail: { code: order.reason?.code } }],
  };
}
