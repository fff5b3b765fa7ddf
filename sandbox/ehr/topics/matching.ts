/** Which Subscriptions there are, and whether a change is an event for one of them. */
import type { Resource } from '@medplum/fhirtypes';
import { refuse } from '../outcomes.ts';
import { parseQuery, testsOf } from '../search.ts';
import type { Store } from '../store.ts';
import type { Change, Stored } from '../types.ts';
import type { Topic } from './catalog.ts';
import type { Flavour } from './flavours.ts';
import type { TopicSubscription } from './subscription.ts';

export interface MatchingOptions {
  store: Store;
  base(): string;
  flavour: Flavour;
  read(resource: Resource): TopicSubscription | undefined;
  topics(): Topic[];
}

export interface Matching {
  all(): TopicSubscription[];
  /** undefined: never there, or deleted. */
  current(id: string): TopicSubscription | undefined;
  /** Throws an OperationOutcomeError where a filter cannot be evaluated. */
  evaluate(subscription: TopicSubscription): void;
  matches(subscription: TopicSubscription, change: Change): boolean;
}

export function openMatching({ store, base, flavour, read, topics }: MatchingOptions): Matching {
  /** Versions do not change; so each is read once. */
  const known = new WeakMap<Stored, TopicSubscription | undefined>();

  function readOnce(resource: Stored): TopicSubscription | undefined {
    if (!known.has(resource)) {
      known.set(resource, read(resource));
    }
    return known.get(resource);
  }

  function topicOf(subscription: TopicSubscription): Topic | undefined {
    return flavour.needsProfile && !subscription.profiled
      ? undefined
      : topics().find(({ url }) => url === subscription.topic);
  }

  /** A filter's tests; a delete is judged by what was deleted. */
  const testsOfWords = (type: string, words: string) =>
    testsOf(store, parseQuery(type, new URLSearchParams(words)), base());

  return {
    all: () => [...store.all('Subscription')].flatMap((resource) => readOnce(resource) ?? []),

    current(id) {
      const found = store.live('Subscription', id);
      return found && readOnce(found);
    },

    evaluate(subscription) {
      const topic = topicOf(subscription);
      for (const { type, words } of topic ? subscription.filters : []) {
        if (type && type !== topic?.type) {
          throw refuse('unprocessable-entity', 'invalid', `The topic is not of ${type}, which a filter names`);
        }
        testsOfWords(topic?.type ?? '', words);
      }
    },

    matches(subscription, change) {
      const topic = topicOf(subscription);
      return (
        topic?.type === change.type &&
        subscription.filters.every(({ words }) =>
          testsOfWords(change.type, words).every((test) => test(change.resource)),
        )
      );
    },
  };
}
