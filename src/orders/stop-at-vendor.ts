/** Stops what an order has begun at its vendor, and finds the words for what that could not undo. */
import { type AdapterError, asAdapterError } from '../errors.ts';
import type { Hand } from './hand.ts';
import type { Order, OrderReason, OrderSnapshot } from './order.ts';
import { hasCalls } from './store/calls.ts';
import { addToTimeline, countEvents } from './store/timeline.ts';
import { type Change, end, vendorNotes } from './transitions.ts';
import { vendorContext } from './vendor-context.ts';

/** How often a vendor that cannot be reached is asked: for some minutes, then the order ends without its word. */
const TRIES = 8;
const IN_VAIN = 'not-stopped';

export interface Stopped {
  /** `stopped`, `cannot` (the vendor has no cancel, or nothing runs there) or the code of why it failed. */
  vendor: string;
  /** What could not be undone, or is not known; for the orderer. */
  sentence?: string | undefined;
}

/**
 * Stops the order at its vendor where that can be.
 * @throws AdapterError where the vendor cannot say at the moment, with `hand.stopFailed`: the same step is to come again, for
 * an end that hides a charge cannot be taken back.
 */
export async function stopAtVendor(order: Order, snapshot: OrderSnapshot | undefined, hand: Hand): Promise<Stopped> {
  const { vendor } = hand.route;
  // What was begun may go on, and what was paid is paid, also while results are written.
  const isThere = (order.leg === 'vendor' || order.leg === 'write') && order.state !== null;
  if (!vendor.cancel || !snapshot || !isThere) {
    return { vendor: 'cannot' };
  }
  try {
    const { context } = vendorContext(hand, order, snapshot, undefined);
    return { vendor: 'stopped', sentence: await vendor.cancel(vendor.state.parse(order.state), context) };
  } catch (thrown) {
    return inVain(order, asAdapterError(thrown), hand);
  }
}

async function inVain(order: Order, error: AdapterError, hand: Hand): Promise<Stopped> {
  const { database, clock, log, route, signal } = hand;
  if (signal.aborted || error.code === 'lease-lost' || error.code === 'database-unavailable') {
    throw error;
  }
  const { run } = order;
  // The order's own attempts may be of something else that failed before.
  const attempt = 1 + (await countEvents(database, order.id, { event: IN_VAIN, run }));
  const detail = { code: error.code, attempt, run };
  await addToTimeline(database, order.id, clock.now(), [{ event: IN_VAIN, detail }]);
  log.warn(
    { order: order.publicId, code: error.code, attempt, operator: error.operator },
    'not cancelled at the vendor',
  );
  if (error.kind !== 'permanent' && error.code !== 'unexpected' && attempt < TRIES) {
    hand.stopFailed = true;
    throw error;
  }
  const sentence = `It is not known whether ${route.vendor.title} goes on with what it had begun for this order, or charges for it.`;
  return { vendor: error.code, ...((await hasCalls(database, { orderId: order.id, run })) && { sentence }) };
}

/** An order that was stopped ends as cancelled, and says what that could not undo. */
export function endStopped(order: Order, reason: OrderReason, stopped: Stopped, now: Date): Change {
  const change = end(order, 'cancelled', reasonWith(reason, stopped), now);
  return { ...change, events: [...notesOf(stopped), ...change.events] };
}

/** The reason with the sentence behind it; people's own words may lack their full stop. */
export function reasonWith({ code, text }: OrderReason, { sentence }: Stopped): OrderReason {
  return { code, text: sentence === undefined ? text : `${/[.!?]$/.test(text) ? text : `${text}.`} ${sentence}` };
}

export function notesOf({ sentence }: Stopped): Change['events'] {
  return vendorNotes(sentence === undefined ? [] : [sentence]);
}
