/**
 * Notification by topic: which events concern which Subscription, and how their endpoints hear of it. A Subscription
 * lives as the Backport guide has it: requested, a handshake, active; error where a notification cannot be delivered,
 * until the client asks for it again. Events count on in `error`, so that a gap can be seen.
 */
import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import type { SubscriptionOptions, Subscriptions } from '../subscriptions.ts';
import type { Change, TopicOptions } from '../types.ts';
import { seedTopics, topicsOf } from './catalog.ts';
import { openEventLog } from './event-log.ts';
import { FLAVOURS, type Flavour } from './flavours.ts';
import { openTopicHttp, type TopicHttp } from './http.ts';
import { openMatching } from './matching.ts';
import { openNotifier } from './notifier.ts';
import type { Wording } from './status.ts';
import { readR4 } from './subscription.ts';
import { readR5 } from './subscription-r5.ts';
import { validateR5, validateTopic } from './validate.ts';

export interface Topics extends Subscriptions {
  http: TopicHttp;
  /** Throws for a Subscription that the server refuses; true where R4's definitions have nothing more to say of it. */
  validate(resource: Resource): boolean;
}

export function openTopics(options: SubscriptionOptions & { topics: TopicOptions }): Topics {
  const { store, sender, misfortune, base, now, setStatus } = options;
  const flavour: Flavour = FLAVOURS[options.topics.flavour ?? 'backport'];
  const { counter = flavour.counter, handshakeFirst = false, doubledType = false } = options.topics;
  const read = flavour.subscription === 'r5' ? readR5 : readR4;
  const topics = () => topicsOf(base(), flavour.topicsWithUrl);
  const { all, current, evaluate, matches } = openMatching({ store, base, flavour, read, topics });
  const events = openEventLog();
  const wording = (): Wording => ({ flavour, counter, doubledType, base: base() });
  const notifier = openNotifier({ ...options, flavour, wording, events, current });
  seedTopics(store, flavour, now());

  /** From requested to active, with the endpoint's consent where the server asks for it. */
  async function start(id: string): Promise<void> {
    const subscription = current(id);
    if (!subscription || misfortune.now().stuck) {
      return;
    }
    if (flavour.handshake) {
      await notifier.handshake(subscription);
    } else {
      await sender.pause(options.activationMs);
    }
    if (!sender.isClosed() && current(id)?.status === 'requested') {
      await setStatus(id, 'active');
    }
  }

  /** What a write of the Subscription itself means; a promise where a handshake is under way. */
  function follow({ id, interaction }: Change): Promise<void> | undefined {
    const subscription = interaction === 'delete' ? undefined : current(id);
    if (subscription?.status === 'requested') {
      const started = start(id);
      sender.track(started);
      return started;
    }
    if (subscription?.status === 'active') {
      events.begin(id);
      notifier.wake(subscription);
      return undefined;
    }
    notifier.drop(id);
    if (!subscription) {
      events.forget(id);
    }
    return undefined;
  }

  /** Counts the event for each Subscription that it concerns, and gives those that are to be told. */
  function record(change: Change): string[] {
    const told: string[] = [];
    for (const subscription of misfortune.now().silent ? [] : all()) {
      const { id, status } = subscription;
      // `off` ends the counting; `requested` again, after it was active, does not.
      if (status !== 'off' && events.knows(id) && matches(subscription, change)) {
        const event = events.count(id, randomUUID(), change);
        if (status !== 'error') {
          notifier.add(id, event);
          told.push(id);
        }
      }
    }
    return told;
  }

  return {
    http: openTopicHttp({
      flavour,
      topics,
      wording,
      events,
      all,
      report: notifier.report,
      now,
      keepSecret: notifier.keepSecret,
    }),

    validate(resource) {
      const isR5 = resource.resourceType === 'Subscription' && flavour.subscription === 'r5';
      if (isR5) {
        validateR5(resource);
      }
      validateTopic({ flavour, topics: topics().map(({ url }) => url), read, evaluate }, resource);
      return isR5;
    },

    tell(changes) {
      if (sender.isClosed()) {
        return undefined;
      }
      const started: (Promise<void> | undefined)[] = [];
      const told = new Set<string>();
      for (const change of changes) {
        if (change.type === 'Subscription') {
          started.push(follow(change));
        } else {
          for (const id of record(change)) {
            told.add(id);
          }
        }
      }
      for (const id of told) {
        sender.track(notifier.pump(id));
      }
      return handshakeFirst ? Promise.all(started).then(() => undefined) : undefined;
    },

    deliveries: notifier.deliveries,

    async heartbeat() {
      await Promise.all(all().map(({ id }) => notifier.beat(id)));
    },

    restart() {
      notifier.restart();
      if (counter === 'restarts') {
        events.restart();
      }
    },

    close: notifier.close,
  };
}
