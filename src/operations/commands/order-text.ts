/** Orders as text for a terminal. Pure. */
import type { z } from 'zod';
import type { OrderPage, ordersPage } from '../api-schemas.ts';
import { formatTable } from './table.ts';

const minute = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

/** The list, with a hint where there is more of it. */
export function listOrders({ orders, before }: z.output<typeof ordersPage>): string {
  if (orders.length === 0) {
    return 'No orders.';
  }
  const table = formatTable([
    ['ID', 'STATUS', 'SITE', 'ROUTE', 'RESOURCE', 'SINCE (UTC)', 'WHY'],
    ...orders.map(({ id, status, site, route, resource, generation, createdAt, reason, vendorStatus }) => [
      id,
      status,
      site,
      route,
      generation === 1 ? resource : `${resource} (generation ${generation})`,
      minute(createdAt),
      reason?.text ?? vendorStatus ?? '',
    ]),
  ]);
  return before === undefined ? table : `${table}\n\nThere are more; --limit shows up to 200.`;
}

/** Everything about one order. */
export function describeOrder(order: OrderPage): string {
  const facts: [string, string | null | undefined][] = [
    ['Order', order.id],
    ['Key', order.key],
    ['Status', `${order.status}: ${order.meaning}`],
    ['Why', order.reason?.text],
    ['To do', order.advice],
    ['At the vendor', order.vendorStatus],
    ['Until', order.deadline && `${minute(order.deadline.at)} UTC: ${order.deadline.what}`],
    ['Last error', order.lastError && `${order.lastError.code}: ${order.lastError.text}`],
    ['Task', order.task],
    ['Looked at next', order.nextAt && `${minute(order.nextAt)} UTC`],
    ['Notes', order.notes.join('; ')],
    ['EHR said', order.outcome.map(({ code, expression }) => [code, ...expression].join(' ')).join('; ')],
    ['Other generations', order.generations.length > 1 ? order.generations.map(({ id }) => id).join(' ') : null],
    ['You can', order.actions.join(', ')],
    ['Asked for', order.pending.join(', ')],
  ];
  return [
    formatTable(facts.flatMap(([name, value]) => (value ? [[name, value]] : []))),
    ...(order.question ? [section('Question', [[order.question.id, questionText(order.question)]])] : []),
    section('Calls', [
      ...order.calls.map((call) => [call.key, call.state, `${call.attempts} tries`, `${call.doubts} doubts`]),
    ]),
    section('Written', [...order.written.map(({ part, reference }) => [part, reference])]),
    section('Timeline', [
      ...order.timeline.map(({ at, event, who, detail }) => [
        at.slice(0, 19).replace('T', ' '),
        event,
        who,
        Object.entries(detail)
          .flatMap(([name, value]) => (value === null ? [] : [name === 'text' ? `${value}` : `${name}=${value}`]))
          .join(' '),
      ]),
    ]),
  ].join('\n');
}

function section(title: string, rows: string[][]): string {
  return rows.length === 0 ? `\n${title}: none` : `\n${title}\n${formatTable(rows)}`;
}

function questionText({ text, choices, number, role = 'operator' }: NonNullable<OrderPage['question']>): string {
  const values = choices
    ? Object.entries(choices).map(([value, meaning]) => `${value} (${meaning})`)
    : number
      ? [`a number in ${number.unit}, ${number.minimum ?? 'any'} to ${number.maximum ?? 'any'}`]
      : ['a text'];
  return `${text} Answer: ${values.join(' or ')}; by an ${role}.`;
}
