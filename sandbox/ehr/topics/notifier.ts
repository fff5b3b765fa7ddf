/** Says to endpoints what there is to say: handshakes, heartbeats, and events in the order in which they were counted. */
import { randomUUID } from 'node:crypto';
import { openLines } from '../lines.ts';
import type { SubscriptionOptions } from '../subscriptions.ts';
import type { Delivery } from '../types.ts';
import { notificationBundle } from './bundle.ts';
import { type DeliverOptions, deliver, type Parcel } from './deliver.ts';
import type { EventLog, TopicEvent } from './event-log.ts';
import type { Flavour } from './flavours.ts';
import { openHeartbeats } from './heartbeats.ts';
import { focusOf, type Report, type Wording } from './status.ts';
import type { TopicSubscription } from './subscription.ts';

export type Said = Pick<Report, 'kind' | 'events'> & { content?: Report['content']; total?: number };
type Sent = Said & { kind: 'handshake' | 'heartbeat' | 'event-notification' };

export interface Notifier {
  report(subscription: TopicSubscription, said: Said): Report;
  /** Whether the endpoint took it; undefined: it was no longer wanted. A refusal has set the Subscription to `error`. */
  handshake(subscription: TopicSubscription): Promise<boolean | undefined>;
  /** Puts an event behind those that wait already; `pump` sends them. */
  add(subscription: string, event: TopicEvent): void;
  /** Sends what waits, as many events at a time as the Subscription takes, for as long as it is active. */
  pump(subscription: string): Promise<void>;
  beat(subscription: string): Promise<void>;
  /** The Subscription has become active. */
  wake(subscription: TopicSubscription): void;
  /** It is active no more: what waits is forgotten. */
  drop(subscription: string): void;
  keepSecret(subscription: string, secret: string): void;
  deliveries(): readonly Delivery[];
  /** Forgets what waits, of all. */
  restart(): void;
  close(): Promise<void>;
}

export interface NotifierOptions extends SubscriptionOptions {
  flavour: Flavour;
  wording(): Wording;
  events: EventLog;
  current(id: string): TopicSubscription | undefined;
}

export function openNotifier(options: NotifierOptions): Notifier {
  const { sender, misfortune, now, log, unit, behindMs, setStatus, flavour, wording, events, current } = options;
  /** Events that wait for the notification before them. */
  const waiting = new Map<string, TopicEvent[]>();
  const pumping = new Set<string>();
  const secrets = new Map<string, string>();
  /** Why each was given up. */
  const why = new Map<string, string>();
  const sent: Delivery[] = [];
  const sending: DeliverOptions = { flavour, sender, unit, now, secretOf: (id) => secrets.get(id), sent };
  const heartbeats = openHeartbeats((id) => sender.track(beat(id)), unit);
  const lines = openLines({ sender, misfortune, inOrder: flavour.inOrder, behindMs, giveUp: switchOff });

  function switchOff(id: string, status: 'off' | 'error'): void {
    sender.track(giveUp(id, status, 'Given up after consecutive failures'));
  }

  function report(subscription: TopicSubscription, said: Said): Report {
    const { id, status, topic, content = 'id-only' } = subscription;
    const error = status === 'error' ? (why.get(id) ?? 'A notification could not be delivered') : undefined;
    const total = events.total(id);
    return { id: randomUUID(), subscription: id, topic, status, content, total, ...said, ...(error && { error }) };
  }

  /** A notification, made now and sent whenever it may. */
  function pack(subscription: TopicSubscription, said: Sent): Parcel {
    const { id, status } = subscription;
    const resource = said.events.map(focusOf).join(' ') || `Subscription/${id}`;
    return {
      subscription,
      bundle: notificationBundle(wording(), report(subscription, said), now().toISOString()),
      about: { resource, interaction: said.kind },
      isWanted: () => current(id)?.status === status,
      once: said.kind === 'handshake',
    };
  }

  function giveUp(id: string, status: 'off' | 'error', text: string): Promise<void> {
    why.set(id, text);
    return setStatus(id, status, text);
  }

  async function send(parcel: Parcel): Promise<boolean | undefined> {
    const { id, heartbeat } = parcel.subscription;
    const delivered = await deliver(sending, parcel);
    if (delivered === false) {
      log.warn({ subscription: id }, 'notification given up');
    }
    if (delivered === false && flavour.fails) {
      await giveUp(id, 'error', 'The endpoint did not take a notification');
    } else if (current(id)?.status === 'active') {
      heartbeats.rearm(id, flavour.heartbeat ? heartbeat : undefined);
    }
    return delivered;
  }

  async function beat(id: string): Promise<void> {
    const subscription = current(id);
    if (subscription?.status === 'active' && flavour.heartbeat && !misfortune.now().silent && !sender.isClosed()) {
      await send(pack(subscription, { kind: 'heartbeat', events: [] }));
    }
  }

  async function pump(id: string): Promise<void> {
    if (pumping.has(id)) {
      return;
    }
    pumping.add(id);
    try {
      for (let one = current(id); one?.status === 'active' && !sender.isClosed(); one = current(id)) {
        const batch = waiting.get(id)?.splice(0, one.maxCount) ?? [];
        const last = batch.at(-1);
        if (!last) {
          break;
        }
        const parcel = pack(one, { kind: 'event-notification', events: batch, total: last.number });
        const gone = lines.post(id, async () => {
          await send(parcel);
        });
        await (flavour.inOrder ? gone : undefined);
      }
    } finally {
      pumping.delete(id);
    }
  }

  return {
    report,

    async handshake(subscription) {
      const agreed = await deliver(sending, pack(subscription, { kind: 'handshake', events: [] }));
      if (agreed === false) {
        await giveUp(subscription.id, 'error', 'The endpoint did not take the handshake');
      }
      return agreed;
    },

    add(id, event) {
      const line = waiting.get(id) ?? [];
      line.push(event);
      waiting.set(id, line);
    },

    pump,
    beat,

    wake({ id, heartbeat }) {
      heartbeats.rearm(id, flavour.heartbeat ? heartbeat : undefined);
      sender.track(pump(id));
    },

    drop(id) {
      heartbeats.stop(id);
      waiting.delete(id);
    },

    keepSecret: (id, secret) => secrets.set(id, secret),
    deliveries: () => sent,
    restart: () => waiting.clear(),

    async close() {
      heartbeats.close();
      await sender.close();
    },
  };
}
