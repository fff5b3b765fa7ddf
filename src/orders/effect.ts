/**
 * Calls that must not be repeated. The engine, not the vendor's author, sees to it: a row is committed before the call,
 * the answer is stored after it, and whoever finds a row without an answer asks before it sends again.
 */
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Answer, Context, Effect, Question } from '../vendors/contract.ts';
import { later } from './clock.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { type Call, countBilled, doubtCall, endCall, readCall, startCall } from './store/calls.ts';
import { requireFence } from './store/renew-leases.ts';
import { addToTimeline } from './store/timeline.ts';
import { ask, hold } from './transitions.ts';
import { vendorContext } from './vendor-context.ts';
import { countTrouble } from './vendor-trouble.ts';

type EffectOutcome = StepDone | { answer: Answer };

/** Pause before an unanswered call is looked at again: the vendor may still be at it. */
const DOUBT_SECONDS = 2;
/** How many doubts of a call that bills nothing are met by sending it again: what it leaves behind is harmless. */
const DOUBTS_THAT_COST_NOTHING = 5;
/** Beyond a limit, unless a person answers, the order goes on when the next day begins. */
const DAY_MS = 86_400_000;

/** Sees the order's effect through: makes the call, looks it up, repeats it once, or stops for a person. */
export async function runEffect(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<EffectOutcome> {
  const { vendor } = hand.route;
  const kind = order.effect ?? '';
  const key = order.effectKey ?? '';
  const effect = vendor.effects[kind];
  if (!effect) {
    throw new AdapterError('unexpected', `Vendor ${vendor.name} has no effect ${kind}`, {
      kind: 'permanent',
      remedy: 'hold',
    });
  }
  const place = { orderId: order.id, run: order.run, key };
  let call = await readCall(hand.database, place);
  if (call?.state === 'answered') {
    return { answer: { to: 'effect', key, value: call.answer } };
  }
  const { context } = vendorContext(hand, order, snapshot, undefined);
  const state = vendor.state.parse(order.state);
  if (call?.state === 'started') {
    // We died, or the answer never came: from now on it is a doubt, counted once.
    await hand.database.tx(async (sql) => {
      await doubtCall(sql, place);
      await addToTimeline(sql, order.id, hand.clock.now(), [{ event: 'effect-unknown', detail: { kind, key } }]);
    });
    hand.meter.effect({ ...labels(hand), effect: kind, outcome: 'unknown' });
    call = await readCall(hand.database, place);
  }
  if (call?.state === 'unknown') {
    const settled = await settleDoubt(order, hand, call, effect, () => effect.lookup?.(state, context, key));
    if (settled) {
      return settled;
    }
  }
  return makeCall(order, hand, effect, call, state, context);
}

/** Asks the vendor; where it cannot be asked, the effect's rule decides. Undefined: send (again). */
async function settleDoubt(
  order: Order,
  hand: Hand,
  call: Call,
  effect: Effect<unknown>,
  lookup: () => Promise<unknown | undefined> | undefined,
): Promise<EffectOutcome | undefined> {
  const place = { orderId: order.id, run: order.run, key: call.key };
  if (effect.lookup) {
    const found = await lookup();
    if (found !== undefined) {
      await hand.database.tx(async (sql) => {
        await endCall(sql, place, { state: 'answered', answer: found, now: hand.clock.now() });
        await addToTimeline(sql, order.id, hand.clock.now(), [{ event: 'effect-found', detail: { key: call.key } }]);
      });
      return { answer: { to: 'effect', key: call.key, value: found } };
    }
  }
  // Whoever can be asked has just said no: it may be sent again, but not for ever.
  const allowed = effect.lookup ? Math.max(call.allowed, (effect.most ?? Number.POSITIVE_INFINITY) - 1) : call.allowed;
  if (call.doubts > allowed) {
    hand.log.error({ order: order.publicId, code: 'effect-unknown', effectKey: call.key }, 'order held');
    return hold(order, {
      code: 'effect-unknown',
      text: `It is not known whether ${hand.route.vendor.title} has already taken this order; a person is checking so that it is not done twice.`,
    });
  }
  return undefined;
}

async function makeCall(
  order: Order,
  hand: Hand,
  effect: Effect<unknown>,
  before: Call | undefined,
  state: unknown,
  context: Context,
): Promise<EffectOutcome> {
  const { database, clock, route, site } = hand;
  const kind = order.effect ?? '';
  const key = order.effectKey ?? '';
  const place = { orderId: order.id, run: order.run, key };
  const bills = effect.units?.(state) ?? effect.bills;
  const overLimit = await database.tx(async (sql) => {
    const now = clock.now();
    if (bills > 0) {
      const since = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
      const billed = await countBilled(sql, { site: site.name, vendor: route.vendor.name, since, orderId: order.id });
      const stop = limitReached(order, hand, { day: billed.day + bills, order: billed.order + bills }, since);
      if (stop) {
        return stop;
      }
    }
    await requireFence(sql, order);
    await startCall(sql, {
      ...place,
      kind,
      site: site.name,
      vendor: route.vendor.name,
      bills,
      allowed: effect.onUnknown === 'hold' ? 0 : bills > 0 ? 1 : DOUBTS_THAT_COST_NOTHING,
      now,
    });
    await addToTimeline(sql, order.id, now, [
      { event: 'effect-started', detail: { kind, key, attempt: (before?.attempts ?? 0) + 1 } },
    ]);
    return undefined;
  });
  if (overLimit) {
    return overLimit;
  }
  await hand.checkpoint('effect-started', order);
  const begun = clock.now().getTime();
  let value: unknown;
  try {
    value = await effect.send(state, context, key);
  } catch (thrown) {
    return failedCall(order, hand, asAdapterError(thrown));
  }
  await hand.checkpoint('effect-sent', order);
  await database.tx(async (sql) => {
    const now = clock.now();
    await endCall(sql, place, { state: 'answered', answer: value, now });
    await addToTimeline(sql, order.id, now, [
      { event: 'effect-answered', detail: { kind, key, ms: now.getTime() - begun } },
    ]);
  });
  hand.meter.effect({ ...labels(hand), effect: kind, outcome: 'answered' });
  await hand.checkpoint('effect-answered', order);
  return { answer: { to: 'effect', key, value } };
}

async function failedCall(order: Order, hand: Hand, error: AdapterError): Promise<EffectOutcome> {
  const place = { orderId: order.id, run: order.run, key: order.effectKey ?? '' };
  const now = hand.clock.now();
  if (error.kind === 'ambiguous' || error.code === 'unexpected') {
    // The row stays `started`: the next step finds it and treats it as what it is, a doubt.
    await countTrouble(error, hand, now);
    const seconds = Math.max(DOUBT_SECONDS, error.retryAfter ?? 0);
    return {
      order: { ...order, nextAt: later(now, seconds), lastError: { code: error.code, text: error.message } },
      events: [{ event: 'effect-no-answer', detail: { key: place.key, code: error.code, httpStatus: error.status } }],
    };
  }
  await hand.database.tx((sql) => endCall(sql, place, { state: 'not-taken', now }));
  hand.meter.effect({ ...labels(hand), effect: order.effect ?? '', outcome: 'not-taken' });
  throw error;
}

/** The question or pause that a limit of the site makes, unless a person has let it pass. */
function limitReached(
  order: Order,
  hand: Hand,
  after: { day: number; order: number },
  day: Date,
): StepDone | undefined {
  const { limits, vendor } = hand.route;
  const today = day.toISOString().slice(0, 10);
  const question = (id: string, text: string): Question => ({
    id,
    text,
    choices: { proceed: 'Go on beyond the limit', cancel: 'Cancel the order' },
    role: 'approver',
  });
  if (limits.perOrder !== undefined && after.order > limits.perOrder && !order.approved?.perOrder) {
    return ask(
      order,
      question(
        'limit/per-order',
        `This order needs more than the ${limits.perOrder} calls to ${vendor.title} that the site allows for one order.`,
      ),
    );
  }
  if (limits.perDay !== undefined && after.day > limits.perDay && order.approved?.perDay !== today) {
    return ask(
      order,
      question(
        `limit/per-day/${today}`,
        `The site's limit of ${limits.perDay} calls to ${vendor.title} a day is reached; the order goes on tomorrow unless somebody approves it today.`,
      ),
    );
  }
  return undefined;
}

function labels(hand: Hand): { site: string; route: string; vendor: string } {
  return { site: hand.site.name, route: hand.route.id, vendor: hand.route.vendor.name };
}
