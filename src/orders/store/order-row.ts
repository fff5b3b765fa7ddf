/** The orders table's columns in one place: how an Order is read from a row and which of its fields a step stores. */
import type { Order } from '../order.ts';

interface Column {
  column: string;
  field: keyof Order;
  json?: boolean;
}

/** Fields that a step may change; everything else is set at admission or by others (news, cancel, retry, lease). */
const STEP_COLUMNS: Column[] = [
  { column: 'seen_version', field: 'seenVersion' },
  { column: 'seen_updated', field: 'seenUpdated' },
  { column: 'signature', field: 'signature' },
  { column: 'status', field: 'status' },
  { column: 'leg', field: 'leg' },
  { column: 'run', field: 'run' },
  { column: 'state', field: 'state', json: true },
  { column: 'publishing', field: 'publishing', json: true },
  { column: 'effect', field: 'effect' },
  { column: 'effect_key', field: 'effectKey' },
  { column: 'question', field: 'question', json: true },
  { column: 'answer', field: 'answer', json: true },
  { column: 'reason', field: 'reason', json: true },
  { column: 'outcome', field: 'outcome', json: true },
  { column: 'held_by', field: 'heldBy' },
  { column: 'held_until', field: 'heldUntil' },
  { column: 'business_status', field: 'businessStatus' },
  { column: 'approved', field: 'approved', json: true },
  { column: 'deadline', field: 'deadline' },
  { column: 'deadline_what', field: 'deadlineWhat' },
  { column: 'task_id', field: 'taskId' },
  { column: 'task_version', field: 'taskVersion' },
  { column: 'task_shown', field: 'taskShown' },
  { column: 'task_said', field: 'taskSaid' },
  { column: 'task_at', field: 'taskAt' },
  { column: 'notes', field: 'notes', json: true },
  { column: 'paused', field: 'paused', json: true },
  { column: 'awaiting', field: 'awaiting', json: true },
  { column: 'ehr_task', field: 'ehrTask' },
  { column: 'attempts', field: 'attempts' },
  { column: 'last_error', field: 'lastError', json: true },
  { column: 'next_at', field: 'nextAt' },
  { column: 'started_at', field: 'startedAt' },
  { column: 'ended_at', field: 'endedAt' },
];

const READ_ONLY: Column[] = [
  { column: 'id', field: 'id' },
  { column: 'public_id', field: 'publicId' },
  { column: 'key', field: 'key' },
  { column: 'base_key', field: 'baseKey' },
  { column: 'generation', field: 'generation' },
  { column: 'site', field: 'site' },
  { column: 'route', field: 'route' },
  { column: 'vendor', field: 'vendor' },
  { column: 'resource_type', field: 'resourceType' },
  { column: 'resource_id', field: 'resourceId' },
  { column: 'created_at', field: 'createdAt' },
  { column: 'news', field: 'news' },
  { column: 'cancel', field: 'cancel' },
  { column: 'retry', field: 'retry' },
  { column: 'claims', field: 'claims' },
  { column: 'fence', field: 'fence' },
];

/** A select list that names the row's columns as Order's fields; 64-bit numbers come as text. */
export const ORDER_COLUMNS: string = [...READ_ONLY, ...STEP_COLUMNS]
  .map(({ column, field }) => `${column}${column === 'id' || column === 'fence' ? '::text' : ''} as "${field}"`)
  .join(', ');

/**
 * `set` list and parameters of a step's update; parameters are numbered from `first`. With `keepAnswer` an answer that came
 * meanwhile stays: it was the first.
 */
export function stepAssignments(order: Order, first: number, keepAnswer = false): { text: string; params: unknown[] } {
  return {
    text: STEP_COLUMNS.map(({ column, json }, index) => {
      const value = `$${first + index}${json ? '::json' : ''}`;
      return `${column} = ${column === 'answer' && keepAnswer ? `coalesce(answer, ${value})` : value}`;
    }).join(', '),
    params: STEP_COLUMNS.map(({ field, json }) => toParameter(order[field], json === true)),
  };
}

function toParameter(value: unknown, json: boolean): unknown {
  if (value === undefined || value === null) {
    return null;
  }
  return json ? JSON.stringify(value) : value;
}
