/** What is kept of a notification beside its body, and what makes two of them equal. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { IncomingNotification } from '../orders/types.ts';

/** What the dialects read; nothing else is kept, so no secret is stored. */
const KEPT_HEADERS = [
  'content-type',
  'if-match',
  'x-medplum-interaction',
  'x-medplum-subscription',
  'x-medplum-deleted-resource',
];

/** Of a request's headers, those that a dialect reads. */
export function keptHeaders(request: Pick<IncomingMessage, 'headers'>): Record<string, string> {
  const kept = KEPT_HEADERS.map((name) => [name, request.headers[name]] as const);
  return Object.fromEntries(kept.filter((pair): pair is readonly [string, string] => typeof pair[1] === 'string'));
}

/**
 * Equal for equal news, whichever of our Subscriptions brought it. The head is JSON, so that no two different heads
 * run together with the body into the same bytes.
 */
export function dedupeKey(notification: Omit<IncomingNotification, 'dedupe' | 'receivedAt'>): string {
  const { site, method, path, headers } = notification;
  const happened = [headers['x-medplum-interaction'] ?? '', headers['x-medplum-deleted-resource'] ?? ''];
  return createHash('sha256')
    .update(`${JSON.stringify([site, method, path, ...happened])}\n`)
    .update(notification.body)
    .digest('hex');
}
