/** What a topic server answers besides the REST API: its topics, its operations, what it can do. */
import { notFound, OperationOutcomeError } from '@medplum/core';
import type { CapabilityStatementRestResource } from '@medplum/fhirtypes';
import type { Json } from './bundle.ts';
import { advertise, type Topic, topicResource } from './catalog.ts';
import type { EventLog } from './event-log.ts';
import type { Flavour } from './flavours.ts';
import { type OperationsOptions, openOperations, wordsOf } from './operations.ts';

export interface Asked {
  method: string;
  segments: string[];
  words: URLSearchParams;
  /** The parsed body of a POST. */
  body(): unknown;
}

export interface TopicHttp {
  /** undefined: nothing of topics was asked for. Throws an OperationOutcomeError. */
  answer(asked: Asked): Json | undefined;
  /** The `X-Hub-Secret` that a Subscription was written with. */
  keepSecret(subscription: string, secret: string | undefined): void;
  capability(): {
    fhirVersion: string;
    software: { name: string; version: string };
    subscription: Partial<CapabilityStatementRestResource>;
  };
}

export interface TopicHttpOptions extends Omit<OperationsOptions, 'log'> {
  flavour: Flavour;
  topics(): Topic[];
  events: EventLog;
  keepSecret(subscription: string, secret: string): void;
}

const OPERATIONS = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-';

export function openTopicHttp(options: TopicHttpOptions): TopicHttp {
  const { flavour, topics } = options;
  const operations = openOperations({ ...options, log: options.events });

  function topicsAnswer(id: string | undefined, words: URLSearchParams): Json {
    const found = topics().filter(
      (topic) => (id ?? words.get('_id') ?? topic.id) === topic.id && (words.get('url') ?? topic.url) === topic.url,
    );
    const [one] = found;
    if (id !== undefined) {
      if (!one) {
        throw new OperationOutcomeError(notFound);
      }
      return topicResource(one);
    }
    const { base } = options.wording();
    const entry = found.map((topic) => ({
      fullUrl: `${base}/SubscriptionTopic/${topic.id}`,
      resource: topicResource(topic),
      search: { mode: 'match' },
    }));
    return { resourceType: 'Bundle', type: 'searchset', total: entry.length, ...(entry.length > 0 && { entry }) };
  }

  return {
    answer({ method, segments, words, body }) {
      const [type = '', ...rest] = segments;
      const [id, name] = rest.length === 1 && rest[0]?.startsWith('$') ? [undefined, rest[0]] : rest;
      if (type === 'SubscriptionTopic' && method === 'GET' && rest.length < 2 && flavour.topics.includes('resource')) {
        return topicsAnswer(id, words);
      }
      const isOperation = type === 'Subscription' && (method === 'GET' || method === 'POST') && flavour.operations;
      if (!isOperation || (name !== '$status' && name !== '$events') || (name === '$events' && !id)) {
        return undefined;
      }
      const given = method === 'POST' ? wordsOf(body()) : words;
      return name === '$events' && id ? operations.events(id, given) : operations.status(id, given);
    },

    keepSecret(subscription, secret) {
      if (secret && flavour.signed) {
        options.keepSecret(subscription, secret);
      }
    },

    capability() {
      const { fhirVersion, software } = flavour;
      const names = flavour.operations ? ['status', 'events'] : [];
      return {
        fhirVersion,
        software,
        subscription: {
          ...(flavour.topics.includes('capability') && advertise(topics())),
          ...(names.length > 0 && {
            operation: names.map((name) => ({ name, definition: `${OPERATIONS}${name}` })),
          }),
        },
      };
    },
  };
}
