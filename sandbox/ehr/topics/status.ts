/** The status that begins every notification: Parameters on R4, SubscriptionStatus elsewhere. Pure. */
import type { TopicEvent } from './event-log.ts';
import type { Content, Counter, Flavour } from './flavours.ts';

export type Kind = 'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event';

/** What is said of a Subscription. */
export interface Report {
  id: string;
  subscription: string;
  topic: string;
  /** Of the Subscription. */
  status: string;
  kind: Kind;
  content: Content;
  /** Events since the Subscription began, these included. */
  total: number;
  events: readonly TopicEvent[];
  error?: string;
}

export interface Wording {
  flavour: Flavour;
  counter: Counter;
  /** `Type/Type/id`. */
  doubledType: boolean;
  base: string;
}

/** The numbers as this server tells them. */
function numbersOf({ counter }: Wording, { total, events }: Report): { total: string; events: string[] } {
  const said = {
    steady: () => ({ total, events: events.map(({ number }) => number) }),
    restarts: () => ({ total, events: events.map(({ number }) => number) }),
    zero: () => ({ total: 0, events: events.map(() => 0) }),
    relative: () => ({ total: events.length, events: events.map((_, index) => index + 1) }),
  }[counter]();
  return { total: String(said.total), events: said.events.map(String) };
}

export const focusOf = ({ change }: TopicEvent): string => `${change.type}/${change.id}`;

function timeOf({ flavour }: Wording, { change }: TopicEvent): string {
  return flavour.timestamp === 'valueDate' ? change.lastUpdated.slice(0, 10) : change.lastUpdated;
}

function parameters(wording: Wording, report: Report): Record<string, unknown> {
  const { flavour, doubledType, base } = wording;
  const { subscription, topic, status, kind, content, events, error } = report;
  const numbers = numbersOf(wording, report);
  const counted = flavour.numbers === 'all';
  const focus = (event: TopicEvent): object =>
    flavour.focus === 'uri'
      ? { valueUri: `${base}/${focusOf(event)}` }
      : { valueReference: { reference: doubledType ? `${event.change.type}/${focusOf(event)}` : focusOf(event) } };
  return {
    resourceType: 'Parameters',
    id: report.id,
    parameter: [
      { name: 'subscription', valueReference: { reference: `Subscription/${subscription}` } },
      ...(content === 'empty' ? [] : [{ name: 'topic', valueCanonical: topic }]),
      { name: 'status', valueCode: status },
      { name: 'type', valueCode: kind },
      ...(counted ? [{ name: 'events-since-subscription-start', valueString: numbers.total }] : []),
      ...events.map((event, index) => ({
        name: 'notification-event',
        part: [
          ...(counted ? [{ name: 'event-number', valueString: numbers.events[index] }] : []),
          { name: 'timestamp', [flavour.timestamp]: timeOf(wording, event) },
          ...(content === 'empty' ? [] : [{ name: 'focus', ...focus(event) }]),
        ],
      })),
      ...(error === undefined ? [] : [{ name: 'error', valueCodeableConcept: { text: error } }]),
    ],
  };
}

function subscriptionStatus(wording: Wording, report: Report): Record<string, unknown> {
  const { flavour, doubledType } = wording;
  const { subscription, topic, status, kind, content, events, error } = report;
  const numbers = numbersOf(wording, report);
  const reference = (event: TopicEvent) => (doubledType ? `${event.change.type}/${focusOf(event)}` : focusOf(event));
  return {
    resourceType: 'SubscriptionStatus',
    id: report.id,
    status,
    type: kind,
    eventsSinceSubscriptionStart: numbers.total,
    // R5 has dropped it.
    ...(flavour.subscription === 'r4' && { eventsInNotification: events.length }),
    ...(events.length > 0 && {
      notificationEvent: events.map((event, index) => ({
        ...(flavour.eventIds && { id: event.id }),
        eventNumber: numbers.events[index],
        timestamp: timeOf(wording, event),
        ...(content !== 'empty' && { focus: { reference: reference(event) } }),
      })),
    }),
    subscription: { reference: `Subscription/${subscription}` },
    ...(content !== 'empty' && { topic }),
    ...(error !== undefined && { error: [{ text: error }] }),
  };
}

export function statusResource(wording: Wording, report: Report): Record<string, unknown> {
  return wording.flavour.status === 'Parameters' ? parameters(wording, report) : subscriptionStatus(wording, report);
}
