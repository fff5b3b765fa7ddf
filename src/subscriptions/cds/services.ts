/** The CDS services of a site, as an EHR's administrator discovers them. https://cds-hooks.hl7.org/2.0/#discovery */
import { routedTypes } from '../routed-types.ts';

export const HOOKS = ['order-sign', 'order-dispatch'] as const;
export type Hook = (typeof HOOKS)[number];

export interface CdsService {
  hook: Hook;
  /** The last part of its address. */
  id: string;
  title: string;
  description: string;
  usageRequirements: string;
  prefetch: Record<string, string>;
}

/** The names of what we ask to be sent along. */
export const PREFETCH = { consents: 'consents', documents: 'documents', orders: 'orders' } as const;

/**
 * Everything asked for is used, and no more: the Patient is not, so it is left out. Nothing of it is necessary either: what
 * does not come is read from the EHR with the site's own access, where that takes no longer than a clinician waits.
 */
const CONSENTS = { [PREFETCH.consents]: 'Consent?patient={{context.patientId}}&status=active' };

const SERVICES: Record<Hook, CdsService> = {
  'order-sign': {
    hook: 'order-sign',
    id: 'order-sign',
    title: 'AI analysis: can this order be done?',
    description:
      'Says, when an order is signed, whether an AI vendor will work on it, and what is missing: a picture or note, the day’s quota, the patient’s consent.',
    usageRequirements: 'Advice only: the order itself reaches the adapter by Subscription.',
    prefetch: {
      ...CONSENTS,
      [PREFETCH.documents]: 'DocumentReference?patient={{context.patientId}}&status=current&_sort=-date&_count=50',
    },
  },
  'order-dispatch': {
    hook: 'order-dispatch',
    id: 'order-dispatch',
    title: 'AI analysis: can this order be done by it?',
    description:
      'Says, when an order is given to a performer, whether an AI vendor will work on it, and what is missing: a picture or note, the day’s quota, the patient’s consent.',
    usageRequirements: 'Advice only: the order itself reaches the adapter by Subscription.',
    prefetch: {
      ...CONSENTS,
      [PREFETCH.orders]: 'ServiceRequest?_id={{context.dispatchedOrders.resolve().ofType(ServiceRequest).id}}',
    },
  },
};

/** What a site offers: nothing where all of its routes order by document, for those hooks are about orders. */
export function servicesOf(site: {
  routes: { id: string; on: string; vendor: string; options: Record<string, unknown> }[];
}): CdsService[] {
  const types = routedTypes(site);
  const hooks: readonly Hook[] = types.has('ServiceRequest') ? HOOKS : types.has('Task') ? ['order-dispatch'] : [];
  return hooks.map((hook) => SERVICES[hook]);
}
