/** What a topic server refuses of a Subscription when it is written. */
import { isString, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { Flavour } from './flavours.ts';
import type { TopicSubscription } from './subscription.ts';
import { r5Schema } from './subscription-r5.ts';

export interface Checks {
  flavour: Flavour;
  /** The canonical URLs that there are. */
  topics: readonly string[];
  read(resource: Resource): TopicSubscription | undefined;
  /** Throws an OperationOutcomeError for a filter that the server cannot evaluate. */
  evaluate(subscription: TopicSubscription): void;
}

function refuseAll(problems: readonly { path: string; text: string }[]): never {
  const issue: OperationOutcomeIssue[] = problems.map(({ path, text }) => ({
    severity: 'error',
    code: 'invalid',
    details: { text },
    expression: [path],
  }));
  throw new OperationOutcomeError({ resourceType: 'OperationOutcome', id: 'unprocessable-entity', issue });
}

/** R5's shape, which R4's definitions do not know. */
export function validateR5(resource: Resource): void {
  const read = r5Schema.safeParse(JSON.parse(JSON.stringify(resource)));
  if (!read.success) {
    refuseAll(
      read.error.issues.map(({ path, message }) => ({
        path: ['Subscription', ...path.map((part) => (isString(part) ? part : `[${String(part)}]`))].join('.'),
        text: message,
      })),
    );
  }
}

/** What no definition says: that the topic is known, the filters can be evaluated, and somebody can be told. */
export function validateTopic({ flavour, topics, read, evaluate }: Checks, resource: Resource): void {
  const subscription = read(resource);
  if (resource.resourceType !== 'Subscription' || !subscription) {
    return;
  }
  const { r4, r5 } = {
    r4: { topic: 'Subscription.criteria', content: 'Subscription.channel.payload.extension' },
    r5: { topic: 'Subscription.topic', content: 'Subscription.content' },
  };
  const paths = flavour.subscription === 'r4' ? r4 : r5;
  if (flavour.needsProfile && !subscription.profiled) {
    // Taken for a search, as the server does: it is stored, and never matches.
    return;
  }
  if (!topics.includes(subscription.topic)) {
    refuseAll([{ path: paths.topic, text: 'There is no such SubscriptionTopic' }]);
  }
  if (!/^https?:\/\//.test(subscription.endpoint)) {
    refuseAll([{ path: 'Subscription', text: 'A rest-hook needs an endpoint with http or https' }]);
  }
  const { content } = subscription;
  if (content === undefined && subscription.profiled && flavour.subscription === 'r4') {
    refuseAll([{ path: paths.content, text: 'The payload content (empty, id-only, full-resource) is missing' }]);
  }
  if (content !== undefined && !flavour.contents.includes(content)) {
    refuseAll([{ path: paths.content, text: `Content ${content} is not supported` }]);
  }
  evaluate(subscription);
}
