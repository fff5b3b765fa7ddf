/**
 * athenahealth: the Backport IG's Bundle `history` on R4, yet with a SubscriptionStatus. Id-only. Each event has an id,
 * equal for every delivery of it; counters begin anew with each Bundle. An AuditEvent may accompany an event, and a
 * focus may be an identifier of its own API instead of a reference: then the sweep looks.
 * https://github.com/athenahealth/aone-fhir-subscriptions
 */
import type { Dialect } from './came.ts';
import { readEvents } from './status-reading.ts';
import type { StatusEvent } from './subscription-status.ts';

function once(events: readonly StatusEvent[]): StatusEvent[] {
  const known = new Map(events.map((event, index) => [event.id ?? index, event]));
  return [...known.values()];
}

export const athenahealth: Dialect = ({ bundle }) => {
  const { status, type, entries = [] } = bundle ?? {};
  if (type !== 'history' || status?.shape !== 'SubscriptionStatus') {
    return undefined;
  }
  const isAudit = (entry: (typeof entries)[number]) => entry.about?.type === 'AuditEvent';
  if (!status.events.some(({ id }) => id !== undefined) && !entries.some(isAudit)) {
    return undefined;
  }
  // The AuditEvents are no event's focus, and so are passed over.
  return readEvents({ ...status, events: once(status.events) }, entries);
};
