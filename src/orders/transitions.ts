/**
 * How an order changes: pure functions from an order and what happened to the order as it shall stand. Nothing here reads
 * a clock, a database or a network.
 */
import type { AdapterError } from '../errors.ts';
import type { Deadline, Question, Reason, Step } from '../vendors/contract.ts';
import { later } from './clock.ts';
import type { Order, OrderReason } from './order.ts';
import type { OrderStatus } from './states.ts';
import type { TimelineEvent } from './store/timeline.ts';

export interface Change {
  order: Order;
  events: TimelineEvent[];
}

/** Backoff of a transient error: 1 s doubling to 5 minutes, with full jitter; a wait that was asked for is honoured. */
const BACKOFF_SECONDS = 1;
const BACKOFF_MAX_SECONDS = 300;
/** So many failures in a row and a person should look (about an hour and a half of trying). */
const ATTEMPTS_BEFORE_HOLD = 25;
/** A defect does not heal by waiting. */
const ATTEMPTS_OF_UNEXPECTED = 5;

/** The status that an order has while it moves on a leg. */
export function movingStatus(order: Order): OrderStatus {
  switch (order.leg) {
    case 'read':
      return 'received';
    case 'vendor':
      return order.state === null ? 'received' : 'working';
    case 'write':
      return 'writing';
    default:
      return order.status;
  }
}

export function backoffSeconds(attempts: number, random: number): number {
  return Math.max(0.2, random * Math.min(BACKOFF_MAX_SECONDS, BACKOFF_SECONDS * 2 ** Math.min(attempts, 20)));
}

/** Something transient: the same step again, later; after very many times an operator's matter. */
export function retryLater(order: Order, error: AdapterError, now: Date, random: number): Change {
  const attempts = order.attempts + 1;
  // What is ours or the hospital's is waited for as long as it takes: nobody has to release its orders one by one afterwards.
  const patient = /^(?:ehr|storage)-/.test(error.code);
  const limit = patient
    ? Number.POSITIVE_INFINITY
    : error.code === 'unexpected'
      ? ATTEMPTS_OF_UNEXPECTED
      : ATTEMPTS_BEFORE_HOLD;
  if (attempts >= limit) {
    return hold(order, { code: error.code, text: 'The order is taking longer than it should; support has been told.' });
  }
  return comeAgain(order, error, now, random);
}

/** The same again after a pause that grows with the attempts; nothing else of the order changes. */
export function comeAgain(order: Order, error: AdapterError, now: Date, random: number): Change {
  const attempts = order.attempts + 1;
  const seconds = Math.max(error.retryAfter ?? 0, backoffSeconds(attempts, random));
  return {
    order: {
      ...order,
      attempts,
      nextAt: later(now, seconds),
      lastError: { code: error.code, text: error.message },
    },
    events: [
      {
        event: 'retry-later',
        detail: {
          code: error.code,
          kind: error.kind,
          attempt: attempts,
          seconds: Math.round(seconds * 10) / 10,
          httpStatus: error.status,
        },
      },
    ],
  };
}

/** An operator's matter, until a time or until somebody says so. */
export function hold(
  order: Order,
  reason: OrderReason,
  options: { until?: Date | undefined; credential?: string } = {},
): Change {
  return {
    order: {
      ...order,
      status: 'held',
      reason,
      lastError: { code: reason.code, text: reason.text },
      heldBy: options.credential ?? null,
      heldUntil: options.until ?? null,
      nextAt: options.until ?? null,
    },
    events: [
      {
        event: 'held',
        detail: {
          code: reason.code,
          until: options.until?.toISOString(),
          credential: options.credential !== undefined,
        },
      },
    ],
  };
}

/** Goes on after a hold or a question. */
export function resume(order: Order, now: Date): Order {
  return {
    ...order,
    status: movingStatus(order),
    reason: null,
    heldBy: null,
    heldUntil: null,
    attempts: 0,
    nextAt: now,
  };
}

/** A word for the people who read the Task, said once; an order that has ended only has its Task written for it. */
export function withNote(order: Order, text: string, now: Date): Order {
  if (order.notes?.includes(text)) {
    return order;
  }
  const notes = [...(order.notes ?? []), text];
  return order.leg === 'ended' ? { ...order, notes, leg: 'tell', nextAt: now } : { ...order, notes };
}

/**
 * When an order goes on although nobody has answered: a day's limit holds for that day, and a vendor's question may have an
 * end. Null: it waits for as long as it takes.
 */
export function unansweredAt(question: Question | null): Date | null {
  if (question?.expires !== undefined) {
    return new Date(question.expires);
  }
  const day = question?.id.startsWith('limit/per-day/') ? question.id.split('/')[2] : undefined;
  return day === undefined ? null : new Date(Date.parse(day) + 86_400_000);
}

/** Whoever may answer in the order's Task is not kept waiting for the next sweep: news of our own Tasks need not reach us. */
const LOOK_IN_EHR_SECONDS = 30;

/** When an order that waits for an answer is looked at again. Null: when somebody answers. */
export function nextLook(question: Question | null, now: Date): Date | null {
  const until = unansweredAt(question);
  if (question?.inEhr === undefined) {
    return until;
  }
  const look = later(now, LOOK_IN_EHR_SECONDS);
  return until !== null && until < look ? until : look;
}

/** A person has to answer before the order goes on. */
export function ask(order: Order, question: Question): Change {
  return {
    order: {
      ...order,
      status: 'waiting',
      question,
      answer: null,
      reason: { code: 'question', text: question.text },
      nextAt: unansweredAt(question),
    },
    events: [{ event: 'asked', detail: { question: question.id } }],
  };
}

/** The end of the way: only the Task is left to write. What is not wanted any more has nothing left to be done in time. */
export function end(order: Order, status: 'rejected' | 'failed' | 'cancelled', reason: OrderReason, now: Date): Change {
  return {
    order: {
      ...order,
      status,
      leg: 'tell',
      reason,
      effect: null,
      effectKey: null,
      question: null,
      answer: null,
      heldBy: null,
      heldUntil: null,
      ...(status !== 'failed' && { deadline: null, deadlineWhat: null }),
      attempts: 0,
      nextAt: now,
      endedAt: now,
    },
    events: [{ event: status, detail: { code: reason.code } }],
  };
}

/** What an error that nothing helps against makes of an order: its remedy says. */
export function giveUp(order: Order, error: AdapterError, now: Date, credential: string | undefined): Change {
  const reason = { code: error.code, text: error.orderer };
  const change =
    error.remedy === 'hold'
      ? hold(order, reason, credential === undefined ? {} : { credential })
      : end(order, error.remedy === 'refuse' ? 'rejected' : 'failed', reason, now);
  return {
    ...change,
    order: { ...change.order, lastError: { code: error.code, text: error.message }, outcome: error.outcome ?? null },
  };
}

/** What a vendor's step makes of an order. Results and parts are stored beside it by the caller. */
export function applyStep(order: Order, step: Step<unknown, unknown>, now: Date): Change {
  const fresh: Order = {
    ...order,
    status: 'working',
    attempts: 0,
    lastError: null,
    reason: null,
    effect: null,
    effectKey: null,
    question: null,
    answer: null,
    nextAt: now,
  };
  if ('effect' in step) {
    return { order: { ...fresh, effect: step.effect, effectKey: step.key }, events: [] };
  }
  if ('publish' in step) {
    return {
      order: {
        ...fresh,
        state: step.next,
        leg: 'write',
        publishing: { final: false, after: step.after, ...(order.publishing?.again && { again: true as const }) },
        businessStatus: step.status ?? order.businessStatus,
      },
      events: [{ event: 'result', detail: { final: false } }],
    };
  }
  if ('ask' in step) {
    const asked = ask({ ...fresh, state: step.next }, step.ask);
    return { ...asked, order: { ...asked.order, nextAt: nextLook(step.ask, now) } };
  }
  if ('done' in step) {
    return {
      order: { ...fresh, status: 'writing', leg: 'write', publishing: { final: true } },
      events: [{ event: 'result', detail: { final: true } }],
    };
  }
  if ('hold' in step) {
    return hold(fresh, reasonOf(step.hold), { until: step.until });
  }
  if ('refuse' in step) {
    return end(fresh, 'rejected', reasonOf(step.refuse), now);
  }
  if ('fail' in step) {
    return end(fresh, 'failed', reasonOf(step.fail), now);
  }
  if ('cancel' in step) {
    return end(fresh, 'cancelled', reasonOf(step.cancel), now);
  }
  return {
    order: {
      ...fresh,
      state: step.next,
      businessStatus: step.status ?? order.businessStatus,
      nextAt: later(now, step.after ?? 0),
    },
    events: [
      ...(step.status !== undefined && step.status !== order.businessStatus
        ? [{ event: 'vendor-status', detail: { status: step.status } }]
        : []),
      ...vendorNotes(step.tell ?? []),
    ],
  };
}

/** A vendor's own lines, as they stand on the timeline. */
export function vendorNotes(lines: readonly string[]): TimelineEvent[] {
  return lines.map((text) => ({ event: 'vendor-note', detail: { text } }));
}

/** The order with what its vendor says has to be done by when; one that was refused or stopped has nothing to be done. */
export function withDeadline(order: Order, deadline: Deadline | undefined): Order {
  return deadline === undefined || order.status === 'rejected' || order.status === 'cancelled'
    ? { ...order, deadline: null, deadlineWhat: null }
    : { ...order, deadline: new Date(deadline.at), deadlineWhat: deadline.what };
}

function reasonOf(reason: Reason): OrderReason {
  return { code: reason.code, text: reason.text };
}
