import { AdapterError, asAdapterError } from '../errors.ts';
import { type Answer, isRefusal } from '../vendors/contract.ts';
import { allowAgain, orWhatIsStored } from './again.ts';
import { later } from './clock.ts';
import { runEffect } from './effect.ts';
import type { Hand, StepDone } from './hand.ts';
import { operatorWords } from './login-again.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { countSuccess, giveBackTurn, holdCredential, mayCall } from './store/credentials.ts';
import { addResult } from './store/order-data.ts';
import type { TimelineEvent } from './store/timeline.ts';
import { applyStep, end, giveUp, hold, retryLater, withDeadline } from './transitions.ts';
import { vendorContext, vendorOrder } from './vendor-context.ts';
import { countTrouble } from './vendor-trouble.ts';

/** A full disk: the order waits, says so, and looks again after this long. */
const ROOM_AGAIN_SECONDS = 60;
const WAITS_FOR_ROOM =
  'There is no room for the files of this order at the moment; it goes on by itself as soon as there is.';

/** One step at the vendor: begin, an effect, or an advance. */
export async function vendorStep(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone> {
  return orWhatIsStored(order, await plainStep(order, snapshot, hand), hand.clock.now());
}

async function plainStep(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone> {
  if (order.state === null) {
    return begin(order, snapshot, hand);
  }
  const { route, database, clock } = hand;
  const turn = hand.turn?.credential === route.credential ? hand.turn : undefined;
  hand.turn = undefined;
  const asked = turn?.at ?? clock.now();
  const held = turn ? undefined : await mayCall(database, route.credential, asked);
  if (held) {
    return hold(order, held.reason, { until: held.until, credential: route.credential });
  }
  try {
    let answer: Answer | undefined;
    if (order.effect !== null) {
      const outcome = await runEffect(order, snapshot, hand);
      if (!('answer' in outcome)) {
        // Nothing was sent, or nobody knows: that says nothing good of the vendor.
        return outcome;
      }
      answer = outcome.answer;
    }
    const { isCopying, ...done } = await advance(order, snapshot, hand, answer);
    if (answer === undefined && (done.order.effect !== null || isCopying)) {
      // It only said which call comes next, or copied slides: whether the vendor is well, its calls will show.
      await giveBackTurn(database, route.credential, asked);
    } else {
      await countSuccess(database, route.credential, clock.now());
    }
    return done;
  } catch (thrown) {
    return afterError(order, asAdapterError(thrown), hand);
  }
}

function begin(order: Order, snapshot: OrderSnapshot, hand: Hand): StepDone {
  const now = hand.clock.now();
  if (order.reason) {
    return end(order, 'rejected', order.reason, now);
  }
  const { vendor, options } = hand.route;
  const begun = vendor.begin(vendorOrder(order, snapshot, options));
  if (isRefusal(begun)) {
    return end(order, 'rejected', { code: begun.refuse.code, text: begun.refuse.text }, now);
  }
  const accepted: Order = {
    ...order,
    status: 'accepted',
    state: begun,
    startedAt: order.startedAt ?? now,
    nextAt: now,
  };
  return { order: withDeadline(accepted, vendor.deadline?.(begun)), events: [{ event: 'accepted' }] };
}

async function advance(
  order: Order,
  snapshot: OrderSnapshot,
  hand: Hand,
  effectAnswer?: Answer,
): Promise<StepDone & { isCopying: boolean }> {
  const { vendor } = hand.route;
  const answer: Answer | undefined = effectAnswer ?? (order.answer ? { to: 'question', ...order.answer } : undefined);
  const { context, store, isCopying } = vendorContext(hand, order, snapshot, answer);
  const state = vendor.state.parse(order.state);
  const step = await vendor.advance(state, context);
  if ('effect' in step && answer?.to === 'effect' && answer.key === step.key) {
    // It would be answered from the stored call for ever.
    throw new AdapterError('unexpected', `Vendor ${vendor.name} asks for a call again whose answer it was just given`, {
      kind: 'permanent',
      remedy: 'hold',
    });
  }
  allowAgain(order, step);
  await hand.checkpoint('advanced', order);
  const now = hand.clock.now();
  const change = applyStep(order, step, now);
  const result = 'done' in step ? step.done : 'publish' in step ? step.publish : undefined;
  return {
    ...change,
    events: [...answered(answer), ...change.events],
    order: withDeadline(change.order, vendor.deadline?.('next' in step ? step.next : state)),
    isCopying: isCopying(),
    also: async (sql) => {
      await store(sql);
      if (result !== undefined) {
        await addResult(sql, { orderId: order.id, run: order.run, result, final: 'done' in step, now });
      }
    },
  };
}

/** Who has answered what, for the timeline: written with the step that went on by it. */
function answered(answer: Answer | undefined): TimelineEvent[] {
  if (answer?.to !== 'question') {
    return [];
  }
  const { id: question, value, by: who, at } = answer;
  return [{ event: 'answered', who, detail: { question, value: String(value), at } }];
}

/** What an error at the vendor makes of the order, and of its credential. */
export async function afterError(order: Order, error: AdapterError, hand: Hand): Promise<StepDone> {
  if (error.code === 'lease-lost' || error.code === 'database-unavailable' || error.code === 'shutting-down') {
    throw error;
  }
  const { database, route, site, clock, random } = hand;
  const now = clock.now();
  const whose = { credential: route.credential, site: site.name, vendor: route.vendor.name, now };
  await countTrouble(error, hand, now);
  if (error.code === 'storage-full') {
    hand.log.warn({ order: order.publicId, site: site.name, code: error.code, operator: error.operator }, 'order held');
    return hold(order, { code: error.code, text: WAITS_FOR_ROOM }, { until: later(now, ROOM_AGAIN_SECONDS) });
  }
  if (error.kind !== 'permanent') {
    if (error.code === 'vendor-busy' && error.retryAfter !== undefined) {
      const until = new Date(now.getTime() + error.retryAfter * 1000);
      const reason = { code: error.code, text: 'The vendor asked to wait; the order goes on by itself.' };
      await holdCredential(database, { ...whose, reason, until });
    }
    return retryLater(order, error, now, random());
  }
  const credentialMatter = error.code === 'vendor-unauthorized' || error.code === 'vendor-quota';
  if (error.remedy === 'hold') {
    hand.log.error(
      {
        order: order.publicId,
        site: site.name,
        vendor: route.vendor.name,
        code: error.code,
        operator: operatorWords(error, site.name, route.vendor),
      },
      'order held',
    );
    if (credentialMatter) {
      await holdCredential(database, { ...whose, reason: { code: error.code, text: error.orderer } });
    }
  }
  return giveUp(order, error, now, credentialMatter ? route.credential : undefined);
}
