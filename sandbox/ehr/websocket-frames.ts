/** What Medplum sends over a WebSocket: history Bundles that begin with a SubscriptionStatus, one constant event number. */
import { randomUUID } from 'node:crypto';
import type { Stored } from './types.ts';

type Kind = 'handshake' | 'heartbeat' | 'event-notification';

function status(kind: Kind, subscription: string, now: Date, focus?: string): object {
  return {
    resourceType: 'SubscriptionStatus',
    id: randomUUID(),
    status: 'active',
    type: kind,
    subscription: { reference: `Subscription/${subscription}` },
    ...(focus && {
      notificationEvent: [{ eventNumber: '0', timestamp: now.toISOString(), focus: { reference: focus } }],
    }),
  };
}

function bundle(entry: object[], now: Date): string {
  const id = randomUUID();
  return JSON.stringify({ id, resourceType: 'Bundle', type: 'history', timestamp: now.toISOString(), entry });
}

export const handshake = (subscription: string, now: Date): string =>
  bundle([{ resource: status('handshake', subscription, now) }], now);

/** One entry for each Subscription that the socket is bound to. */
export const heartbeat = (subscriptions: Iterable<string>, now: Date): string =>
  bundle(
    [...subscriptions].map((id) => ({ resource: status('heartbeat', id, now) })),
    now,
  );

/** A delete looks like every other event: the last resource comes along, and nothing says that it is gone. */
export const event = (subscription: string, resource: Stored, base: string, now: Date): string => {
  const focus = `${resource.resourceType}/${resource.id}`;
  const entry = [
    { resource: status('event-notification', subscription, now, focus) },
    { resource, fullUrl: `${base}/${focus}` },
  ];
  return bundle(entry, now);
};

export const failed = (text: string): string =>
  JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'invalid', details: { text } }],
  });

/** What no client expects, and none may stumble over. */
export const ODD_FRAMES: readonly string[] = [
  'not JSON at all {',
  '',
  '[]',
  'null',
  '{"type":"tea"}',
  '{"resourceType":"Bundle","type":"history","entry":[null,{"resource":7}]}',
  '{"resourceType":"Bundle","type":"history","entry":[{"resource":{"resourceType":"SubscriptionStatus","type":"tea"}}]}',
];
