/** An order as the API shows it: everything an operator needs, nothing of the patient but the resource's id. */
import { ERROR_CODES } from '../errors.ts';
import type { Order } from '../orders/order.ts';
import { STATES } from '../orders/states.ts';
import { listCalls } from '../orders/store/calls.ts';
import type { Database } from '../orders/store/database.ts';
import { listGenerations } from '../orders/store/list-orders.ts';
import { listWritten } from '../orders/store/order-data.ts';
import { readTimeline } from '../orders/store/timeline.ts';

/** One line of the list. */
export function orderLine(order: Order): Record<string, unknown> {
  return {
    id: order.publicId,
    key: order.key,
    site: order.site,
    route: order.route,
    vendor: order.vendor,
    resource: `${order.resourceType}/${order.resourceId}`,
    generation: order.generation,
    status: order.status,
    ...(order.reason && order.status !== 'received' && { reason: order.reason }),
    ...(order.businessStatus && { vendorStatus: order.businessStatus }),
    createdAt: order.createdAt,
    endedAt: order.endedAt,
    nextAt: order.nextAt,
  };
}

/** The whole order: its timeline, its calls, what stands in the EHR, what it asks and what can be done about it. */
export async function orderPage(database: Database, order: Order): Promise<Record<string, unknown>> {
  const [timeline, calls, written, generations] = await Promise.all([
    readTimeline(database, order.id),
    listCalls(database, order.id),
    listWritten(database, order.id),
    listGenerations(database, order.baseKey),
  ]);
  return {
    ...orderLine(order),
    meaning: STATES[order.status].meaning,
    advice: adviceFor(order.reason?.code ?? order.lastError?.code),
    question: order.status === 'waiting' ? order.question : null,
    lastError: order.lastError,
    attempts: order.attempts,
    outcome: order.outcome,
    task: order.taskId === null ? null : `Task/${order.taskId}`,
    notes: order.notes ?? [],
    written: written.map((part) => ({ part: part.part, reference: `${part.type}/${part.id}`, version: part.version })),
    calls: calls.map(({ answer: _, ...call }) => call),
    generations: generations.map(({ publicId, generation, status }) => ({ id: publicId, generation, status })),
    timeline,
    actions: actionsOf(order),
  };
}

function adviceFor(code: string | undefined): string | null {
  return code !== undefined && code in ERROR_CODES ? ERROR_CODES[code as keyof typeof ERROR_CODES].operator : null;
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
