/** A Subscription of FHIR R5 itself (https://hl7.org/fhir/R5/subscription.html): topic, filters and channel as elements. */
import { MAX_EVENTS } from './backport.ts';
import type { AnySubscription, FilterBy } from './shape.ts';
import { authorization, REASON, tagOf, type Wish } from './wish.ts';

const CHANNEL_TYPES = 'http://terminology.hl7.org/CodeSystem/subscription-channel-type';

/** `code:not=1` and `authored=ge2026`, taken apart; both parts come as they stand in a search, percent-encoded. */
function filterOf(type: string, word: string): FilterBy {
  const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
  const equals = word.indexOf('=');
  const [filterParameter = '', modifier] = decode(word.slice(0, equals)).split(':', 2);
  const said = decode(word.slice(equals + 1));
  const comparator = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=\d{4}(-|T|$))/.exec(said)?.[1];
  return {
    resourceType: type,
    filterParameter,
    ...(comparator !== undefined && { comparator }),
    ...(modifier !== undefined && { modifier }),
    value: said.slice(comparator?.length ?? 0),
  };
}

export function r5Subscription(wish: Wish): AnySubscription {
  const { topic = { url: '', words: [] }, secret, heartbeat } = wish;
  return {
    resourceType: 'Subscription',
    meta: tagOf(wish),
    status: 'requested',
    reason: REASON,
    topic: topic.url,
    ...(topic.words.length > 0 && { filterBy: topic.words.map((word) => filterOf(wish.type, word)) }),
    channelType: { system: CHANNEL_TYPES, code: 'rest-hook' },
    endpoint: wish.endpoint,
    ...(secret !== undefined && { parameter: [{ name: 'Authorization', value: authorization(secret) }] }),
    contentType: 'application/fhir+json',
    content: wish.content,
    ...(heartbeat !== undefined && { heartbeatPeriod: heartbeat }),
    maxCount: MAX_EVENTS,
  };
}
