import { createHash } from 'node:crypto';
import type { TaskView, WrittenPart } from '../fhir/types.ts';
import { askedInEhr } from './ehr-answer.ts';
import type { Order, OrderSnapshot } from './order.ts';
import { STATES } from './states.ts';

type View = Omit<TaskView, 'owner'>;

/** What the Task says of an order. Pure; `now` is when it is said. */
export function taskView(
  order: Order,
  snapshot: OrderSnapshot,
  vendor: { name: string; title: string },
  written: WrittenPart[],
  now: Date,
): View {
  const facts = STATES[order.status];
  const paused = facts.ended ? null : order.paused;
  const reason = paused ?? (order.status === 'received' ? null : order.reason);
  const question = paused ? undefined : askedInEhr(order);
  return {
    key: order.key,
    vendor,
    focus: { type: snapshot.focus.resourceType, id: snapshot.focus.id ?? order.resourceId },
    ...(snapshot.subject && { subject: snapshot.subject }),
    ...(snapshot.encounterReference && { encounter: snapshot.encounterReference }),
    ...(snapshot.requester && { requester: snapshot.requester }),
    status: paused ? 'on-hold' : facts.task,
    ...(reason && { reason }),
    ...(order.outcome && { outcome: order.outcome }),
    ...(order.businessStatus && !facts.ended && { businessStatus: order.businessStatus }),
    ...(question && { question: question.id }),
    jobs: [],
    authoredOn: order.createdAt.toISOString(),
    lastModified: now.toISOString(),
    ...(order.startedAt && { startedAt: order.startedAt.toISOString() }),
    ...(order.endedAt && { endedAt: order.endedAt.toISOString() }),
    // A Binary is found through what refers to it, somebody else's patient through the group.
    outputs: written
      .filter((part) => part.type !== 'Provenance' && part.type !== 'Binary' && !part.about)
      .map((part) => ({ label: part.part, reference: `${part.type}/${part.id}` })),
    notes: order.notes ?? [],
  };
}

/** What of an order its Task shows, the vendor's own state aside: equal for Tasks that ask nothing new of a reader. */
function shownOf(order: Order): string {
  const { status, reason, paused, notes } = order;
  const question = askedInEhr(order);
  const shown = [
    STATES[status].task,
    status === 'received' ? null : reason,
    notes ?? [],
    ...(paused ? [paused] : []),
    ...(question ? [question.id] : []),
  ];
  return createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22);
}

/** The order once its Task has been written as it stands. */
export function withTaskShown(order: Order, now: Date): Order {
  return { ...order, taskShown: shownOf(order), taskSaid: order.businessStatus, taskAt: now };
}

/** The vendor's own state alone is worth a write only so often: every version costs the EHR, and its readers a look. */
const VENDOR_STATE_SECONDS = 30;

/** Would the Task look different if it were written now? */
export function owesTask(order: Order, now: Date): boolean {
  if (order.publishing?.again) {
    // The results stand: that somebody looks for newer ones is nothing to a reader.
    return false;
  }
  const toldWhileRead =
    order.leg === 'read' && (order.awaiting !== null || (order.paused !== null && order.taskId !== null));
  // While it is on hold nothing else is said of it; results write the Task themselves, in their transaction.
  if (order.leg !== 'vendor' && order.leg !== 'tell' && !toldWhileRead && !(order.leg === 'write' && order.paused)) {
    return false;
  }
  const quiet = order.taskAt === null || now.getTime() - order.taskAt.getTime() >= VENDOR_STATE_SECONDS * 1000;
  return shownOf(order) !== order.taskShown || (quiet && order.businessStatus !== order.taskSaid);
}
