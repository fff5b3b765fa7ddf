/** What every Subscription of ours has, whichever server it is for. Pure. */
import type { Subscription } from '@medplum/fhirtypes';
import { type AnySubscription, endpointOf } from './shape.ts';

/** One Subscription that we want to stand on a server. */
export interface Wish {
  /** `Type?words`, without status parameters. */
  criteria: string;
  type: string;
  /** `{publicUrl}/notify/{site}`. */
  endpoint: string;
  /** `{publicUrl}/{site}`: marks what this deployment may change and delete. */
  deployment: string;
  /** Absent where the site has none. Holds no colon: Medplum cuts header lines at every colon. */
  secret: string | undefined;
  /** For servers with topics: the topic's canonical URL, and those of our search words that it can be narrowed by. */
  topic?: { url: string; words: string[] };
  /** How much a topic server shall send, and how often (in seconds) it shall show that it lives. */
  content: 'empty' | 'id-only' | 'full-resource';
  heartbeat: number | undefined;
}

/** By which we know our own Subscriptions. */
export type Ownership = Pick<Wish, 'endpoint' | 'deployment'>;

export const DEPLOYMENT_SYSTEM = 'urn:fhir-ai-adapter:deployment';
export const REASON = 'fhir-ai-adapter: orders for AI vendors';

export const tagOf = ({ deployment }: Ownership) => ({ tag: [{ system: DEPLOYMENT_SYSTEM, code: deployment }] });

/** The header that notifications show: not every delivery is signed. */
export const authorization = (secret: string): string => `Bearer ${secret}`;

/** The part that all R4 manners share. */
export function plainSubscription(wish: Wish, status: 'requested' | 'active'): Subscription {
  return {
    resourceType: 'Subscription',
    meta: tagOf(wish),
    status,
    reason: REASON,
    criteria: wish.criteria,
    channel: {
      type: 'rest-hook',
      endpoint: wish.endpoint,
      payload: 'application/fhir+json',
      ...(wish.secret !== undefined && { header: [`Authorization: ${authorization(wish.secret)}`] }),
    },
  };
}

/** Whether a Subscription is of this deployment: by tag and endpoint, so that nobody else's is ever touched. */
export function isOurs(subscription: AnySubscription, owned: Ownership): boolean {
  const tagged = subscription.meta?.tag?.some(
    ({ system, code }) => system === DEPLOYMENT_SYSTEM && code === owned.deployment,
  );
  return tagged === true && endpointOf(subscription) === owned.endpoint;
}
