import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { cancelAtVendor } from './people.ts';
import { STATES } from './states.ts';
import { admitOrder } from './store/admit-order.ts';
import { end } from './transitions.ts';

/**
 * News of an order's resource: reads it as it is now and decides. Withdrawn: stopped. Content changed: this generation
 * ends and the next begins. Anything else (a tag, somebody's comment) changes nothing.
 */
export async function reviewNews(order: Order, snapshot: OrderSnapshot | undefined, hand: Hand): Promise<StepDone> {
  const { site, route, clock } = hand;
  const ended = STATES[order.status].ended;
  const settled = { news: true };
  const back: Order = { ...order, nextAt: ended && order.leg === 'ended' ? null : order.nextAt };
  if (order.leg === 'read') {
    // It will be read as it is now anyway.
    return { order, events: [], consumed: settled };
  }
  const reading = await site.ehr.readOrder({
    type: order.resourceType,
    id: order.resourceId,
    needs: route.vendor.needs,
    download: false,
  });
  const now = clock.now();
  if (!reading || reading.withdrawn !== undefined) {
    if (ended) {
      return { order: back, events: [{ event: 'withdrawn-late' }], consumed: settled };
    }
    const vendor = await cancelAtVendor(order, snapshot, hand);
    const reason = { code: 'withdrawn', text: 'The order was withdrawn in the EHR.' };
    const change = end(order, 'cancelled', reason, now);
    return {
      ...change,
      events: [{ event: 'withdrawn', who: 'ehr', detail: { vendor } }, ...change.events],
      consumed: settled,
    };
  }
  const seen: Order = {
    ...back,
    seenVersion: reading.version ?? order.seenVersion,
    seenUpdated: reading.focus.meta?.lastUpdated ?? order.seenUpdated,
  };
  const neverRead = ended && order.signature === null;
  if (neverRead || reading.signature === order.signature || reading.notYet !== undefined) {
    return { order: seen, events: [], consumed: settled };
  }
  await admitOrder(
    hand.database,
    {
      baseKey: order.baseKey,
      generation: order.generation + 1,
      site: site.name,
      route: route.id,
      vendor: route.vendor.name,
      resourceType: order.resourceType,
      resourceId: order.resourceId,
      seenVersion: seen.seenVersion,
      seenUpdated: seen.seenUpdated,
      events: [{ event: 'admitted', detail: { source: 'changed', version: seen.seenVersion } }],
    },
    now,
  );
  const after: Order = { ...seen, signature: reading.signature };
  const changed = { event: 'changed', who: 'ehr', detail: { version: seen.seenVersion } };
  if (ended) {
    return { order: after, events: [changed], consumed: settled };
  }
  await cancelAtVendor(order, snapshot, hand);
  const change = end(
    after,
    'cancelled',
    { code: 'superseded', text: 'The order was changed in the EHR; the newer version is done instead.' },
    now,
  );
  return { ...change, events: [changed, ...change.events], consumed: settled };
}
