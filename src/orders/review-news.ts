/**
 * News of an order: its resource is read as it is now, and decides. Withdrawn: stopped, and taken back where it was
 * entered in error. On hold: paused. Content changed: this generation ends and the next begins. Something came beside
 * it: taken along while nothing was sent. Anything else (a tag, somebody's comment) changes nothing.
 */
import { matchesCriteria } from '../config/criteria.ts';
import { AdapterError } from '../errors.ts';
import { compareSignatures } from '../fhir/signature.ts';
import type { OrderReading } from '../fhir/types.ts';
import type { Hand, StepDone } from './hand.ts';
import { takeAlong } from './late-inputs.ts';
import { nextGeneration } from './next-generation.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { neededBy } from './site.ts';
import { STATES } from './states.ts';
import { stopOrder } from './stop-order.ts';
import { replacementOf } from './store/replacements.ts';
import { reviewTask } from './task-review.ts';
import { type Verdict, verdictOf } from './verdict.ts';
import { isOlder } from './versions.ts';

/** An index or a replica may lag behind the news; what it still shows after so many looks is believed. */
const LOOKS_AT_AN_OLDER_VERSION = 6;

/** The order as it was found, and what has to be done about it; without `done` nothing has changed for us. */
export interface Reviewed {
  seen: Order;
  done?: StepDone;
}

/** The step that deals with the news beside an order. */
export async function reviewNews(order: Order, snapshot: OrderSnapshot | undefined, hand: Hand): Promise<StepDone> {
  const consumed = { news: true };
  const { seen, done } = await review(order, snapshot, hand);
  const ended = STATES[order.status].ended && order.leg === 'ended';
  const rested = ended ? { ...seen, attempts: 0, nextAt: null } : seen;
  return done ? { ...done, consumed } : { order: rested, events: [], consumed };
}

/** Reads the order's resource as it is now. Also asked before results are written: news may have been lost. */
export async function review(order: Order, snapshot: OrderSnapshot | undefined, hand: Hand): Promise<Reviewed> {
  const { news } = order;
  const now = hand.clock.now();
  const task = news ? await reviewTask(order, news, snapshot, hand) : undefined;
  if (task && STATES[task.order.status].ended) {
    return { seen: task.order, done: task };
  }
  const known = task?.order ?? order;
  if (order.leg === 'read' && order.signature === null && news?.replacedBy === undefined) {
    // It will be read as it is now anyway.
    return { seen: { ...known, paused: null, nextAt: now }, ...(task && { done: task }) };
  }
  const reading = await hand.site.ehr.readOrder({
    type: order.resourceType,
    id: order.resourceId,
    ...neededBy(hand.route.vendor),
    download: false,
  });
  if (reading && isOlder(reading.version, news?.version) && order.attempts < LOOKS_AT_AN_OLDER_VERSION) {
    throw new AdapterError('ehr-error', 'The FHIR server shows an older version of the order than it told of');
  }
  // The newer one may have been read before this one was heard of.
  const reference = `${order.resourceType}/${order.resourceId}`;
  const about = { site: order.site, route: order.route, reference };
  const verdict = verdictOf(hand.route.on, reading, news?.replacedBy ?? (await replacementOf(hand.database, about)));
  const done = await judged({ ...known, ...sightOf(reading, order) }, snapshot, verdict, hand);
  return { seen: done.seen, ...joined(task, done) };
}

/**
 * What was seen of the resource. One that is gone leaves what was seen before; the version that was told of counts as seen,
 * too, since it was looked for: told again, it is no news.
 */
function sightOf(reading: OrderReading | undefined, order: Order): Pick<Order, 'seenVersion' | 'seenUpdated'> {
  const told = order.news?.version;
  if (!reading && told !== undefined && isOlder(order.seenVersion, told)) {
    return { seenVersion: told, seenUpdated: order.seenUpdated };
  }
  return {
    seenVersion: reading?.version ?? order.seenVersion,
    seenUpdated: reading?.ordering.meta?.lastUpdated ?? order.seenUpdated,
  };
}

/** The Task's part of the news has been dealt with in the same step. */
function joined(task: StepDone | undefined, { seen, done }: Reviewed): { done?: StepDone } {
  if (!task) {
    return done ? { done } : {};
  }
  return { done: done ? { ...done, events: [...task.events, ...done.events] } : { ...task, order: seen } };
}

async function judged(
  order: Order,
  snapshot: OrderSnapshot | undefined,
  verdict: Verdict,
  hand: Hand,
): Promise<Reviewed> {
  const ended = STATES[order.status].ended;
  if ('stopped' in verdict) {
    const done = await stopOrder(order, snapshot, verdict.stopped, hand);
    return { seen: order, ...(done && { done }) };
  }
  if ('paused' in verdict) {
    return ended || order.paused?.text === verdict.paused.text
      ? { seen: order }
      : { seen: order, done: pause(order, verdict.paused) };
  }
  const reading = verdict.stands;
  const running = ended ? order : goOn(order, hand.clock.now());
  const resumed = running === order ? [] : [{ event: 'continued', who: 'ehr' }];
  const change = order.signature === null ? 'none' : compareSignatures(order.signature, reading.signature);
  if (ended) {
    const again = matchesCriteria(reading.ordering, hand.route.on);
    const done = again ? await nextGeneration(order, reading, change, hand) : undefined;
    const late = done ?? (change === 'added' ? await takeAlong(order, reading, hand) : undefined);
    return { seen: order, ...(late && { done: late }) };
  }
  if (order.leg === 'read') {
    return { seen: { ...running, nextAt: hand.clock.now() } };
  }
  const done =
    change === 'changed'
      ? await nextGeneration(running, reading, change, hand, snapshot)
      : change === 'added'
        ? await takeAlong(running, reading, hand)
        : undefined;
  if (done) {
    return { seen: done.order, done: { ...done, events: [...resumed, ...done.events] } };
  }
  return resumed.length > 0 ? { seen: running, done: { order: running, events: resumed } } : { seen: running };
}

function pause(order: Order, reason: Order['paused'] & object): StepDone {
  return {
    order: { ...order, paused: reason },
    events: [{ event: 'paused', who: 'ehr', detail: { code: reason.code } }],
  };
}

function goOn(order: Order, now: Date): Order {
  return order.paused === null ? order : { ...order, paused: null, nextAt: now };
}
