/** The topics that the server has, and how a client finds them. Pure. */
import type { Basic, CapabilityStatementRestResource, Extension } from '@medplum/fhirtypes';
import type { Store } from '../store.ts';
import type { Stored } from '../types.ts';
import type { Flavour } from './flavours.ts';
import { BACKPORT_PROFILE } from './subscription.ts';

export interface Topic {
  id: string;
  /** The canonical URL. */
  url: string;
  /** Whose every create, update and delete is an event. */
  type: string;
  /** Whether the topic's resource says its canonical itself. */
  says: boolean;
}

const TYPES = ['ServiceRequest', 'DocumentReference', 'Task'];
const ADVERTISED =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical';
const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic';
/** The guide's own example has elements that R4B already knew under R4B's URL. */
const R4B = 'http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic';
const INTERACTIONS = ['create', 'update', 'delete'];

/** `withUrl` false: topics whose canonical is where they are, below `base`. */
export function topicsOf(base: string, withUrl: boolean): Topic[] {
  return TYPES.map((type) => {
    const id = withUrl ? `${type}-changed` : `${type}.update`;
    const url = `${withUrl ? 'http://sandbox.example/fhir' : base}/SubscriptionTopic/${id}`;
    return { id, url, type, says: withUrl };
  });
}

const definitionOf = (type: string): string => `http://hl7.org/fhir/StructureDefinition/${type}`;
const titleOf = ({ type }: Topic): string => `Every create, update and delete of a ${type}`;

/** R4B's and R5's SubscriptionTopic, which R4 has not. */
export function topicResource(topic: Topic): Record<string, unknown> {
  return {
    resourceType: 'SubscriptionTopic',
    id: topic.id,
    ...(topic.says && { url: topic.url, title: titleOf(topic) }),
    status: 'active',
    description: titleOf(topic),
    ...(topic.says && {
      resourceTrigger: [{ resource: definitionOf(topic.type), supportedInteraction: INTERACTIONS }],
      canFilterBy: ['status', 'code', 'type', 'category', 'subject', 'patient'].map((filterParameter) => ({
        resource: topic.type,
        filterParameter,
      })),
    }),
  };
}

/** The same within a Basic, as R4 servers keep it; ids are the server's own. */
function topicBasic(topic: Topic, lastUpdated: string): Basic & Stored {
  const trigger: Extension[] = [
    { url: 'resource', valueUri: definitionOf(topic.type) },
    ...INTERACTIONS.map((valueCode) => ({ url: 'supportedInteraction', valueCode })),
  ];
  return {
    resourceType: 'Basic',
    id: `topic-${topic.id}`,
    meta: { versionId: '1', lastUpdated },
    extension: [
      { url: `${R5}.url`, valueUri: topic.url },
      { url: `${R5}.title`, valueString: titleOf(topic) },
      { url: `${R4B}.resourceTrigger`, extension: trigger },
    ],
    modifierExtension: [{ url: `${R5}.status`, valueCode: 'active' }],
    code: { coding: [{ system: 'http://hl7.org/fhir/fhir-types', code: 'SubscriptionTopic' }] },
  };
}

/** Puts the Basics of the topics into the store, where the flavour has them there. */
export function seedTopics(store: Store, flavour: Flavour, now: Date): void {
  if (flavour.topics.includes('basic')) {
    const lastUpdated = now.toISOString();
    for (const topic of topicsOf('', flavour.topicsWithUrl)) {
      const resource = topicBasic(topic, lastUpdated);
      store.append({ versionId: '1', lastUpdated, interaction: 'create', resource });
    }
    store.commit();
  }
}

/** What the CapabilityStatement's entry for Subscription says besides. */
export function advertise(topics: readonly Topic[]): Partial<CapabilityStatementRestResource> {
  return {
    supportedProfile: [BACKPORT_PROFILE],
    extension: topics.map(({ url }) => ({ url: ADVERTISED, valueCanonical: url })),
  };
}
