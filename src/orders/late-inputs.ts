/** What came to an order after it had been read: taken along while nothing was sent, and refused politely afterwards. */
import { addedSources } from '../fhir/signature.ts';
import type { OrderReading } from '../fhir/types.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order } from './order.ts';
import { STATES } from './states.ts';
import { hasCalls } from './store/calls.ts';
import { resume, withNote } from './transitions.ts';

/** Undefined: an order that is over without results needs no word about it. */
export async function takeAlong(order: Order, reading: OrderReading, hand: Hand): Promise<StepDone | undefined> {
  const now = hand.clock.now();
  const ended = STATES[order.status].ended;
  const added = addedSources(order.signature ?? '', reading.signature);
  const seen: Order = { ...order, signature: reading.signature };
  const detail = { count: added.length };
  const sent = order.leg === 'write' || (await hasCalls(hand.database, { orderId: order.id, run: order.run }));
  if (!ended && !sent) {
    // A new run: what the vendor had prepared of the old inputs does not belong to it.
    const again: Order = { ...seen, leg: 'read', run: order.run + 1, state: null, effect: null, effectKey: null };
    return {
      order: { ...resume(again, now), question: null, answer: null },
      events: [{ event: 'input-added', who: 'ehr', detail }],
    };
  }
  if (ended && order.status !== 'completed') {
    return undefined;
  }
  const text = `${added.join(', ')} came after the order had been sent to ${hand.route.vendor.title} and is not part of it. Place a new order to have it analysed.`;
  return { order: withNote(seen, text, now), events: [{ event: 'input-late', who: 'ehr', detail }] };
}
