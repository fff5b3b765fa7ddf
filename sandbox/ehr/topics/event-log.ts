/** The events of each Subscription, numbered as the guide says: 1, 2, 3 … for as long as the Subscription lives. */
import type { Change } from '../types.ts';

export interface TopicEvent {
  /** From 1. */
  number: number;
  /** Equal for every delivery of the event. */
  id: string;
  change: Change;
}

export interface EventLog {
  /** Whether the Subscription has been active before, so that its events count. */
  knows(subscription: string): boolean;
  begin(subscription: string): void;
  count(subscription: string, id: string, change: Change): TopicEvent;
  total(subscription: string): number;
  /** Both numbers inclusive. */
  events(subscription: string, since: number, until: number): TopicEvent[];
  forget(subscription: string): void;
  /** Counts anew from 1, for all. */
  restart(): void;
}

export function openEventLog(): EventLog {
  const logs = new Map<string, TopicEvent[]>();
  const of = (subscription: string): TopicEvent[] => logs.get(subscription) ?? [];

  return {
    knows: (subscription) => logs.has(subscription),
    begin(subscription) {
      logs.set(subscription, of(subscription));
    },
    count(subscription, id, change) {
      const log = of(subscription);
      const event = { number: log.length + 1, id, change };
      log.push(event);
      logs.set(subscription, log);
      return event;
    },
    total: (subscription) => of(subscription).length,
    events: (subscription, since, until) => of(subscription).filter(({ number }) => number >= since && number <= until),
    forget: (subscription) => logs.delete(subscription),
    restart() {
      for (const subscription of logs.keys()) {
        logs.set(subscription, []);
      }
    },
  };
}
