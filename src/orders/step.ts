import { AdapterError, asAdapterError } from '../errors.ts';
import type { Hand, StepDone } from './hand.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { answeredLimit, cancelOrder, retryOrder } from './people.ts';
import { readOrder } from './read-leg.ts';
import { reviewNews } from './review-news.ts';
import { STATES } from './states.ts';
import { mayCall } from './store/credentials.ts';
import { readSnapshot } from './store/order-data.ts';
import { lookAtAnswer } from './task-review.ts';
import { syncTask } from './task-sync.ts';
import { owesTask } from './task-view.ts';
import { comeAgain, giveUp, hold, movingStatus, nextLook, resume, retryLater, unansweredAt } from './transitions.ts';
import { vendorStep } from './vendor-leg.ts';
import { withdrawResults } from './withdraw-leg.ts';
import { writeResults } from './write-leg.ts';

/** An order that was taken so often without a single step being stored takes processes down with it. */
const CLAIMS_WITHOUT_A_STEP = 30;
/** A Task that could not be written while the order is on its way is tried again after this long. */
const TASK_AGAIN_SECONDS = 30;

/**
 * One step of one order, by what matters most: what people asked, news, the Task, then the leg it is on. Never throws but
 * for a lost lease or a database that is gone.
 */
export async function step(order: Order, hand: Hand): Promise<StepDone> {
  const now = hand.clock.now();
  try {
    const done = await chosenStep(order, hand);
    return hand.taskFailed ? { ...done, order: withTaskLater(done.order, now) } : done;
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (error.code === 'lease-lost' || error.code === 'database-unavailable' || hand.signal.aborted) {
      throw error;
    }
    if (error.code === 'unexpected') {
      const name = error.cause instanceof Error ? error.cause.name : typeof error.cause;
      hand.log.error(
        { order: order.publicId, code: error.code, errorName: name, operator: error.operator },
        'step failed',
      );
    }
    if (STATES[order.status].ended || hand.stopFailed) {
      // News that cannot be judged now: the end stands, and the EHR is asked again for as long as it takes. A vendor that
      // has to stop is asked again for as long as is worth it.
      return comeAgain(order, error, now, hand.random());
    }
    return error.kind === 'permanent'
      ? giveUp(order, error, now, undefined)
      : retryLater(order, error, now, hand.random());
  }
}

async function chosenStep(order: Order, hand: Hand): Promise<StepDone> {
  const now = hand.clock.now();
  if (order.claims > CLAIMS_WITHOUT_A_STEP && order.status !== 'held') {
    return hold(order, { code: 'unexpected', text: 'The order could not be processed; support has been told.' });
  }
  const ended = STATES[order.status].ended;
  if (order.retry) {
    return retryOrder(order, hand);
  }
  const snapshot = isUnread(order) ? undefined : await readSnapshot(hand.database, order.id);
  if (order.cancel) {
    return ended ? { order, events: [], consumed: { cancel: true } } : cancelOrder(order, snapshot, hand);
  }
  // An end is told first: what comes after it makes a new generation at most.
  if (order.news && order.leg !== 'tell' && order.leg !== 'withdraw') {
    return reviewNews(order, snapshot, hand);
  }
  if (order.leg === 'ended') {
    return sleep(order, null);
  }
  if (!snapshot && order.leg !== 'read') {
    throw new AdapterError('unexpected', 'What was read of the order is gone', { kind: 'permanent', remedy: 'hold' });
  }
  if (snapshot && !hand.taskFailed && owesTask(order, now)) {
    const done = await syncTask(order, snapshot, hand);
    if (done) {
      return done;
    }
  }
  if (order.paused && !ended) {
    return sleep(order, null);
  }
  if (!snapshot || order.leg === 'read') {
    return order.status === 'held' && !mayGoOn(order, now) ? sleep(order, order.heldUntil) : readOrder(order, hand);
  }
  if (order.status === 'waiting') {
    const goesOn = await goOnAfterAnswer(order, snapshot, hand);
    if (goesOn || order.answer) {
      return goesOn ?? vendorStep(order, snapshot, hand);
    }
    return (await lookAtAnswer(order, snapshot, hand)) ?? sleep(order, nextLook(order.question, now));
  }
  if (order.status === 'held') {
    return mayGoOn(order, now) ? resumeHeld(order, hand) : sleep(order, order.heldUntil);
  }
  switch (order.leg) {
    case 'vendor':
      return vendorStep(order, snapshot, hand);
    case 'write':
      return writeResults({ ...order, status: movingStatus(order) }, snapshot, hand);
    case 'withdraw':
      return withdrawResults(order, snapshot, hand);
    default:
      return { order: { ...order, leg: 'ended', nextAt: null }, events: [] };
  }
}

/** Nothing has been read of it yet that a Task could be made of. */
function isUnread(order: Order): boolean {
  return order.leg === 'read' && order.awaiting === null && order.taskId === null;
}

async function goOnAfterAnswer(order: Order, snapshot: OrderSnapshot, hand: Hand): Promise<StepDone | undefined> {
  const now = hand.clock.now();
  const until = unansweredAt(order.question);
  if (until && until <= now) {
    return { order: { ...resume(order, now), question: null }, events: [{ event: 'resumed' }] };
  }
  return answeredLimit(order, snapshot, hand);
}

/** A held credential lets one order through to try; the others sleep on, and their Tasks stay as they are. */
async function resumeHeld(order: Order, hand: Hand): Promise<StepDone> {
  const now = hand.clock.now();
  if (order.heldBy !== null) {
    const held = await mayCall(hand.database, order.heldBy, now);
    if (held) {
      return sleep({ ...order, heldUntil: held.until ?? null }, held.until ?? null);
    }
    hand.turn = { credential: order.heldBy, at: now };
  }
  return { order: resume(order, now), events: [{ event: 'resumed' }] };
}

function mayGoOn(order: Order, now: Date): boolean {
  return order.heldUntil !== null && order.heldUntil <= now;
}

/** Nothing to do until then (null: until somebody speaks). */
function sleep(order: Order, until: Date | null): StepDone {
  return { order: { ...order, nextAt: until }, events: [] };
}

function withTaskLater(order: Order, now: Date): Order {
  const again = new Date(now.getTime() + TASK_AGAIN_SECONDS * 1000);
  return order.leg === 'ended' || (order.nextAt !== null && order.nextAt <= again)
    ? order
    : { ...order, nextAt: again };
}
