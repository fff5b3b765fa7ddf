/**
 * A Subscription of Subscriptions R5 Backport 1.1, on R4 and R4B: `criteria` is the topic, everything that R4 has no
 * element for stands in extensions. Created `requested`; the server's handshake makes it `active`.
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html
 */
import { type AnySubscription, BACKPORT, FILTER } from './shape.ts';
import { plainSubscription, type Wish } from './wish.ts';

/** Events in one notification at most: more would make a body with full resources longer than it need be. */
export const MAX_EVENTS = 20;

/** HAPI tells a topic Subscription from a criteria one by this profile alone. */
export const PROFILE = `${BACKPORT}backport-subscription`;

export function backportSubscription(wish: Wish): AnySubscription {
  const { topic = { url: '', words: [] }, type, content, heartbeat } = wish;
  const { channel, meta, ...plain } = plainSubscription({ ...wish, criteria: topic.url }, 'requested');
  return {
    ...plain,
    meta: { ...meta, profile: [PROFILE] },
    ...(topic.words.length > 0 && {
      _criteria: { extension: [{ url: FILTER, valueString: `${type}?${topic.words.join('&')}` }] },
    }),
    channel: {
      ...channel,
      extension: [
        ...(heartbeat === undefined
          ? []
          : [{ url: `${BACKPORT}backport-heartbeat-period`, valueUnsignedInt: heartbeat }]),
        { url: `${BACKPORT}backport-max-count`, valuePositiveInt: MAX_EVENTS },
      ],
      _payload: { extension: [{ url: `${BACKPORT}backport-payload-content`, valueCode: content }] },
    },
  };
}
