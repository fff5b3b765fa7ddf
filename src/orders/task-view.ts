import { createHash } from 'node:crypto';
import type { TaskView, WrittenPart } from '../fhir/types.ts';
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
  const tellsReason = order.status !== 'received' && order.reason !== null;
  return {
    key: order.key,
    vendor,
    focus: { type: order.resourceType, id: order.resourceId },
    ...(snapshot.subject && { subject: snapshot.subject }),
    ...(snapshot.encounterReference && { encounter: snapshot.encounterReference }),
    ...(snapshot.requester && { requester: snapshot.requester }),
    status: facts.task,
    ...(tellsReason && order.reason && { reason: order.reason }),
    ...(order.outcome && { outcome: order.outcome }),
    ...(order.businessStatus && !facts.ended && { businessStatus: order.businessStatus }),
    jobs: [],
    authoredOn: order.createdAt.toISOString(),
    lastModified: now.toISOString(),
    ...(order.startedAt && { startedAt: order.startedAt.toISOString() }),
    ...(order.endedAt && { endedAt: order.endedAt.toISOString() }),
    outputs: written
      .filter((part) => part.type !== 'Provenance')
      .map((part) => ({ label: part.part, reference: `${part.type}/${part.id}` })),
    notes: order.notes ?? [],
  };
}

/**
 * A digest of what of an order its Task shows: equal for orders whose Tasks a reader could not tell apart. Kept with the
 * order, so that the Task is written only when it would differ.
 */
export function shownOf(order: Order): string {
  const facts = STATES[order.status];
  const shown = [
    facts.task,
    order.status === 'received' ? null : order.reason,
    facts.ended ? null : order.businessStatus,
    order.notes ?? [],
  ];
  return createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22);
}
