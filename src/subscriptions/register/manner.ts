/** Which manner of Subscriptions a server has, and what differs between the manners: data, one line each. */
import type { SiteConfig } from '../../config/schema.ts';
import type { Capabilities, FhirClient } from '../../fhir/types.ts';
import { backportSubscription, PROFILE } from './backport.ts';
import { hapiSubscription } from './hapi.ts';
import { medplumSubscription } from './medplum.ts';
import { r5Subscription } from './r5.ts';
import type { AnySubscription } from './shape.ts';
import { plainSubscription, type Wish } from './wish.ts';

export type Manner = 'medplum' | 'hapi' | 'backport' | 'r5' | 'firely';

interface MannerFacts {
  /** `software`: name and version as the CapabilityStatement has them. */
  build(wish: Wish, software: string | undefined): AnySubscription;
  /** Subscribes to a topic that the server defines, rather than to a search. */
  topics: boolean;
  /**
   * Which words of a search it is given: `all`, or only those that are sure to be evaluated. Medplum matches in memory
   * and answers false in silence to what it cannot evaluate; a topic takes few words at all. Admission looks at the
   * rest: hearing more than is wanted does no harm, hearing less does.
   */
  words: 'all' | 'sure';
  /** Why we do not create it ourselves even where we may; what an administrator does instead. */
  byHand?(baseUrl: string): string;
}

export const MANNERS: Readonly<Record<Manner, MannerFacts>> = {
  medplum: { build: medplumSubscription, topics: false, words: 'sure' },
  hapi: { build: hapiSubscription, topics: false, words: 'all' },
  backport: { build: backportSubscription, topics: true, words: 'sure' },
  r5: { build: r5Subscription, topics: true, words: 'sure' },
  firely: {
    build: (wish) => plainSubscription(wish, 'requested'),
    topics: false,
    words: 'all',
    // Our client speaks to the FHIR base only, and the administration API is usually closed to everybody else.
    byHand: (baseUrl) =>
      `Firely Server evaluates the Subscriptions of its administration API only: POST this to ${new URL(baseUrl).origin}/administration/Subscription, with SubscriptionEvaluatorOptions.Enabled`,
  },
};

/** In the order in which software is recognised by its name. */
const SOFTWARE: readonly [RegExp, Manner][] = [
  [/medplum/i, 'medplum'],
  [/firely|vonk/i, 'firely'],
];
/** Criteria work there whatever topics are stored beside them, and its R4 topics are known never to fire. */
const CRITERIA_FIRST = /hapi|smile/i;

/** What `dialect: auto` means for a server. Pure. */
export function recognise(can: Capabilities): Manner {
  const software = can.software ?? '';
  const [, named] = SOFTWARE.find(([name]) => name.test(software)) ?? [];
  if (named) {
    return named;
  }
  if (/^[5-9]\b/.test(can.fhirVersion)) {
    return 'r5';
  }
  const shows = (can.topics?.length ?? 0) > 0 || 'SubscriptionTopic' in can.types;
  const takes = can.types.Subscription?.profiles?.some((profile) => profile.split('|')[0] === PROFILE) === true;
  // HAPI's manner is that of the standard, so it also serves where the software is unknown.
  return shows && takes && !CRITERIA_FIRST.test(software) ? 'backport' : 'hapi';
}

/** The manner of a site, and the server's software where it was asked. `none` is the caller's to see. */
export async function mannerOf(
  config: Pick<SiteConfig, 'subscriptions'>,
  client: Pick<FhirClient, 'capabilities'>,
): Promise<{ manner: Manner; software: string | undefined }> {
  const { dialect } = config.subscriptions;
  if (dialect === 'hapi' || dialect === 'backport' || dialect === 'r5') {
    return { manner: dialect, software: undefined };
  }
  if (dialect === 'medplum') {
    const can = await client.capabilities().catch(() => undefined);
    return { manner: dialect, software: can?.software };
  }
  const can = await client.capabilities();
  return { manner: recognise(can), software: can.software };
}
