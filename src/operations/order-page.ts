/** An order as the API shows it: everything an operator needs, nothing of the patient but the resource's id. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { ERROR_CODES } from '../errors.ts';
import type { Order } from '../orders/order.ts';
import { STATES } from '../orders/states.ts';
import { listCalls } from '../orders/store/calls.ts';
import type { Database } from '../orders/store/database.ts';
import { listGenerations } from '../orders/store/list-orders.ts';
import { listWritten } from '../orders/store/order-data.ts';
import { readTimeline } from '../orders/store/timeline.ts';
import type { OrderLine, OrderPage } from './api-schemas.ts';

/** One line of the list. */
export function orderLine(order: Order): OrderLine {
  const iso = (time: Date | null): string | null => time?.toISOString() ?? null;
  // On hold in the EHR, whatever it was doing: that is why nothing happens.
  const paused = STATES[order.status].ended ? null : order.paused;
  const reason = paused ?? (order.status === 'received' ? null : order.reason);
  return {
    id: order.publicId,
    key: order.key,
    site: order.site,
    route: order.route,
    vendor: order.vendor,
    resource: `${order.resourceType}/${order.resourceId}`,
    generation: order.generation,
    status: order.status,
    ...(reason && { reason }),
    ...(order.businessStatus && { vendorStatus: order.businessStatus }),
    ...(order.deadline && { deadline: { at: order.deadline.toISOString(), what: order.deadlineWhat ?? '' } }),
    createdAt: order.createdAt.toISOString(),
    endedAt: iso(order.endedAt),
    nextAt: iso(order.nextAt),
  };
}

/**
 * The whole order: its timeline, its calls, what stands in the EHR, what it asks and what can be done about it.
 * @param login what to do where its vendor refuses us, for a vendor that people log in with.
 */
export async function orderPage(database: Database, order: Order, login?: string): Promise<OrderPage> {
  const [timeline, calls, written, generations] = await Promise.all([
    readTimeline(database, order.id),
    listCalls(database, order.id),
    listWritten(database, order.id),
    listGenerations(database, order.baseKey),
  ]);
  return {
    ...orderLine(order),
    meaning: STATES[order.status].meaning,
    leg: order.leg,
    advice: adviceFor(order.reason?.code ?? order.lastError?.code, login),
    question: order.status === 'waiting' ? order.question : null,
    lastError: order.lastError,
    attempts: order.attempts,
    outcome: issuesOf(order.outcome),
    task: order.taskId === null ? null : `Task/${order.taskId}`,
    notes: order.notes ?? [],
    written: written.map(({ part, type, id, version }) => ({
      part,
      reference: `${type}/${id}`,
      version: version ?? null,
    })),
    calls: calls.map(({ answer: _, startedAt, ...call }) => ({ ...call, startedAt: startedAt.toISOString() })),
    generations: generations.map(({ publicId, generation, status }) => ({ id: publicId, generation, status })),
    timeline: timeline.map(({ at, ...event }) => ({ ...event, at: at.toISOString() })),
    actions: actionsOf(order),
    pending: [
      ...(order.retry ? (['retry'] as const) : []),
      ...(order.cancel ? (['cancel'] as const) : []),
      ...(order.answer ? (['answer'] as const) : []),
    ],
  };
}

/** What an EHR says may quote what we sent it: only codes and element paths are shown; its words stand on the Task. */
function issuesOf(outcome: OperationOutcome | null): OrderPage['outcome'] {
  return (outcome?.issue ?? []).map(({ severity, code, expression = [], location = [] }) => ({
    severity: String(severity),
    code: String(code),
    expression: [...expression, ...location].filter((path) =>
      /^[A-Za-z]{1,60}(\.[A-Za-z]{1,60}|\[\d{1,6}\])*$/.test(path),
    ),
  }));
}

const ADVICE: ReadonlyMap<string, string> = new Map(
  Object.entries(ERROR_CODES).map(([code, { operator }]) => [code, operator]),
);

function adviceFor(code: string | undefined, login: string | undefined): string | null {
  return code === 'vendor-unauthorized' && login !== undefined ? login : (ADVICE.get(code ?? '') ?? null);
}

/** What an operator can do with an order as it stands. */
export function actionsOf(order: Order): ('retry' | 'cancel' | 'answer')[] {
  const ended = STATES[order.status].ended;
  return [
    ...(order.status === 'cancelled' || order.status === 'waiting' ? [] : (['retry'] as const)),
    ...(ended ? [] : (['cancel'] as const)),
    ...(order.status === 'waiting' ? (['answer'] as const) : []),
  ];
}
