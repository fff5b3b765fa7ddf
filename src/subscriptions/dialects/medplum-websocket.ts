/**
 * Medplum's WebSocket: a history Bundle whose SubscriptionStatus names the resource, and the resource as it was. A delete
 * comes just so, with the last resource and no word that it is gone: nothing that came this way counts before it was read
 * again. Its event numbers are constant, so nothing is told of them.
 */
import type { Hint, Reading } from '../../orders/types.ts';
import type { Dialect } from './came.ts';
import { isTooLong, readBundle } from './notification-bundle.ts';
import { readEvents } from './status-reading.ts';

/** How our own socket marks what it stores, in the place of an HTTP method: nothing that is posted can have it. */
export const WEBSOCKET_METHOD = 'WEBSOCKET';

function reread({ type, id, version }: Hint): Hint {
  return { type, id, interaction: 'unknown', mayBeGone: true, ...(version !== undefined && { version }) };
}

export const medplumWebsocket: Dialect = ({ notification, body }): Reading | undefined => {
  if (notification.method !== WEBSOCKET_METHOD) {
    return undefined;
  }
  if (isTooLong(body)) {
    return { sweep: true };
  }
  const { status, entries } = readBundle(body) ?? {};
  if (!status) {
    return { unknown: 'What came over the WebSocket tells of no event' };
  }
  const reading = readEvents(status, entries ?? []);
  if (!('hints' in reading)) {
    return reading;
  }
  return { hints: reading.hints.map(reread), ...(reading.sweep && { sweep: true }) };
};
