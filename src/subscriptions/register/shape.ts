/**
 * A Subscription of any version of FHIR, as far as we write and look at it. R4 and R4B have `criteria` and `channel`
 * (Subscriptions R5 Backport puts its own into extensions, also on primitive elements); R5 has elements of its own.
 */
import type { Coding, Extension, Meta, Subscription } from '@medplum/fhirtypes';
import { isType } from '../../fhir/answer.ts';

/** The extensions of a primitive element: `_criteria` beside `criteria`. */
interface Extended {
  extension?: Extension[];
}

interface Channel {
  type?: string;
  endpoint?: string;
  payload?: string;
  _payload?: Extended;
  header?: string[];
  extension?: Extension[];
}

/** https://hl7.org/fhir/R5/subscription.html: `comparator` for numbers and dates, `modifier` as in a search. */
export interface FilterBy {
  resourceType?: string;
  filterParameter: string;
  comparator?: string;
  modifier?: string;
  value: string;
}

export interface AnySubscription {
  resourceType: 'Subscription';
  id?: string;
  meta?: Meta;
  /** R4: requested, active, error, off; R5 also entered-in-error. */
  status: string;
  reason?: string;
  /** R4: why the server switched it off. */
  error?: string;
  extension?: Extension[];

  /** R4: a search; of a topic server the topic's canonical URL. */
  criteria?: string;
  _criteria?: Extended;
  channel?: Channel;

  /** R5 from here on. */
  topic?: string;
  filterBy?: FilterBy[];
  channelType?: Coding;
  endpoint?: string;
  /** Request headers, for a rest-hook. */
  parameter?: { name: string; value: string }[];
  contentType?: string;
  content?: string;
  heartbeatPeriod?: number;
  maxCount?: number;
}

/** Extensions, the profile and the canonicals of Subscriptions R5 Backport. */
export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';
export const FILTER = `${BACKPORT}backport-filter-criteria`;

/** The client knows R4's types only; it sends what it is given as it is. */
export function isSendable(subscription: AnySubscription): subscription is AnySubscription & Subscription {
  return isType<Subscription>(subscription, 'Subscription');
}

export const endpointOf = (one: AnySubscription): string | undefined => one.endpoint ?? one.channel?.endpoint;

/** The same whichever spelling: a search with and without a last question mark, a canonical with and without version. */
function selector(one: AnySubscription): string {
  const said = one.topic ?? one.criteria ?? '';
  return /^(https?|urn):/.test(said) ? (said.split('|')[0] ?? '') : said.replace(/\?$/, '');
}

/** What narrows a topic, in an order of its own. */
function filters(one: AnySubscription): string {
  const words = (one._criteria?.extension ?? []).filter(({ url }) => url === FILTER).map((each) => each.valueString);
  const by = (one.filterBy ?? []).map(({ filterParameter, comparator = '', modifier = '', value }) =>
    JSON.stringify([filterParameter, comparator, modifier, value]),
  );
  return [...words, ...by].sort().join('\n');
}

/**
 * Those among `standing` that bring what `wanted` shall bring, the best first: what says the same goes before the same
 * topic without a filter, which brings more than is wanted and is none the worse; active ones go first, then the oldest.
 */
export function standingFor(standing: readonly AnySubscription[], wanted: AnySubscription): AnySubscription[] {
  const same = standing.filter((one) => selector(one) === selector(wanted));
  const exact = same.filter((one) => filters(one) === filters(wanted));
  const wide = same.filter((one) => filters(one) === '' && filters(wanted) !== '');
  const activeFirst = (list: AnySubscription[]) => [
    ...list.filter(({ status }) => status === 'active'),
    ...list.filter(({ status }) => status !== 'active'),
  ];
  return [...activeFirst(exact), ...activeFirst(wide)];
}
