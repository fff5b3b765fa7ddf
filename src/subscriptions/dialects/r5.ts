/** Native R5: a Bundle `subscription-notification` that begins with a SubscriptionStatus. */
import type { Dialect } from './came.ts';
import { readEvents } from './status-reading.ts';

export const r5: Dialect = ({ bundle }) =>
  bundle?.type === 'subscription-notification' && bundle.status?.shape === 'SubscriptionStatus'
    ? readEvents(bundle.status, bundle.entries)
    : undefined;
