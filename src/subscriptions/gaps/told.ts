/** From a topic's status to what it says of event numbers. Pure. */
import { createHash } from 'node:crypto';
import type { SubscriptionStatus } from '../dialects/subscription-status.ts';
import type { Told } from './hear.ts';

/** What an event can be told by: its own id, or what it is about and when. Not its content: only that it is the same. */
function markOf({ id, focus, at }: SubscriptionStatus['events'][number]): string {
  const facts = id ?? (focus || at ? JSON.stringify([focus?.type, focus?.id, focus?.version, at]) : '');
  return facts === '' ? '' : createHash('sha256').update(facts).digest('base64url').slice(0, 8);
}

export function toldBy({ kind, total, events }: SubscriptionStatus): Told {
  return {
    ...(kind !== undefined && { kind }),
    ...(total !== undefined && { total }),
    events: events.map((event) => ({
      mark: markOf(event),
      ...(event.number !== undefined && { number: event.number }),
    })),
  };
}
