/** What every Subscription of ours has, whichever server it is for. Pure. */
import type { Subscription } from '@medplum/fhirtypes';

/** One Subscription that we want to stand on a server. */
export interface Wish {
  /** `Type?words`, without status parameters. */
  criteria: string;
  /** `{publicUrl}/notify/{site}`. */
  endpoint: string;
  /** `{publicUrl}/{site}`: marks what this deployment may change and delete. */
  deployment: string;
  /** Absent where the site has none. Holds no colon: Medplum cuts header lines at every colon. */
  secret: string | undefined;
}

export const DEPLOYMENT_SYSTEM = 'urn:fhir-ai-adapter:deployment';

/** The part that both manners share. The secret always travels as a plain header too: not every delivery is signed. */
export function plainSubscription(wish: Wish, status: Subscription['status']): Subscription {
  return {
    resourceType: 'Subscription',
    meta: { tag: [{ system: DEPLOYMENT_SYSTEM, code: wish.deployment }] },
    status,
    reason: 'fhir-ai-adapter: orders for AI vendors',
    criteria: wish.criteria,
    channel: {
      type: 'rest-hook',
      endpoint: wish.endpoint,
      payload: 'application/fhir+json',
      ...(wish.secret !== undefined && { header: [`Authorization: Bearer ${wish.secret}`] }),
    },
  };
}

/** Whether a Subscription is of this deployment: by tag and endpoint, so that nobody else's is ever touched. */
export function isOurs(subscription: Subscription, wish: Pick<Wish, 'endpoint' | 'deployment'>): boolean {
  const tagged = subscription.meta?.tag?.some(
    (tag) => tag.system === DEPLOYMENT_SYSTEM && tag.code === wish.deployment,
  );
  return tagged === true && subscription.channel.endpoint === wish.endpoint;
}

/** The fields in which what stands differs from what we want; status and what the server adds are not looked at. */
export function differences(standing: Subscription, wanted: Subscription): string[] {
  const extensions = (subscription: Subscription) =>
    (subscription.extension ?? []).map(({ id: _, ...rest }) => JSON.stringify(Object.entries(rest).sort()));
  const there = new Set(extensions(standing));
  const fields = {
    criteria: standing.criteria === wanted.criteria,
    'channel.type': standing.channel.type === wanted.channel.type,
    'channel.endpoint': standing.channel.endpoint === wanted.channel.endpoint,
    'channel.payload': standing.channel.payload === wanted.channel.payload,
    'channel.header': JSON.stringify(standing.channel.header ?? []) === JSON.stringify(wanted.channel.header ?? []),
    extension: extensions(wanted).every((extension) => there.has(extension)),
    'meta.tag': isOurs(standing, {
      endpoint: standing.channel.endpoint ?? '',
      deployment: wanted.meta?.tag?.[0]?.code ?? '',
    }),
  };
  return Object.entries(fields)
    .filter(([, same]) => !same)
    .map(([name]) => name);
}
