import type { ContentChange } from '../fhir/signature.ts';
import type { OrderReading } from '../fhir/types.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { STATES } from './states.ts';
import { endStopped, stopAtVendor } from './stop-at-vendor.ts';
import { admitOrder } from './store/admit-order.ts';
import { REVERSIBLE } from './verdict.ts';

/** States that a change of what was missing or wrong begins anew; with others only a change of the content does. */
const REFUSED: readonly Order['status'][] = ['rejected', 'failed'];

/** Whether an order that has ended is to be done anew. */
function isAsked(order: Order, change: ContentChange): boolean {
  if (order.status === 'withdrawn' || (order.status === 'cancelled' && REVERSIBLE.includes(order.reason?.code ?? ''))) {
    // What was taken back is ordered again, changed or not.
    return true;
  }
  return change === 'changed' || (change === 'added' && REFUSED.includes(order.status));
}

/**
 * Ends this generation, where it is still under way, and admits the next. Undefined: an ended order that nothing asks to
 * be done anew.
 */
export async function nextGeneration(
  order: Order,
  reading: OrderReading,
  change: ContentChange,
  hand: Hand,
  snapshot?: OrderSnapshot,
): Promise<StepDone | undefined> {
  const ended = STATES[order.status].ended;
  if (ended && !isAsked(order, change)) {
    return undefined;
  }
  const now = hand.clock.now();
  const stopped = ended ? undefined : await stopAtVendor(order, snapshot, hand);
  await admitOrder(
    hand.database,
    {
      baseKey: order.baseKey,
      generation: order.generation + 1,
      site: order.site,
      route: order.route,
      vendor: hand.route.vendor.name,
      resourceType: order.resourceType,
      resourceId: order.resourceId,
      seenVersion: order.seenVersion,
      seenUpdated: order.seenUpdated,
      events: [{ event: 'admitted', detail: { source: 'changed', version: order.seenVersion } }],
    },
    now,
  );
  const after: Order = { ...order, signature: reading.signature };
  const changed = { event: 'changed', who: 'ehr', detail: { version: order.seenVersion } };
  if (!stopped) {
    return { order: { ...after, nextAt: order.leg === 'ended' ? null : order.nextAt }, events: [changed] };
  }
  const text = 'The order was changed in the EHR; the newer version is done instead.';
  const over = endStopped(after, { code: 'superseded', text }, stopped, now);
  return { ...over, events: [changed, ...over.events] };
}
