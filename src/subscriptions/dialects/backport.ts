/**
 * HL7's Subscriptions R5 Backport IG (1.0 to 1.2): a Bundle `history` whose first entry is the status, Parameters on R4
 * and SubscriptionStatus on R4B, and whose further entries may bring the resources.
 */
import type { Dialect } from './came.ts';
import { readEvents } from './status-reading.ts';

export const backport: Dialect = ({ bundle }) => {
  if (!bundle?.status) {
    return undefined;
  }
  const answered = bundle.type === 'searchset' && bundle.status.kind === 'query-status';
  return bundle.type === 'history' || answered ? readEvents(bundle.status, bundle.entries) : undefined;
};
