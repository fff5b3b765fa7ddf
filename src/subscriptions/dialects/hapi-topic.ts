/**
 * HAPI's topic Subscriptions on R4, R4B and R5. The Bundle's type is `history`, `subscription-notification` or, in older
 * releases, `transaction`; the status has no request. fullUrl is the bare id, the time may be a day, the focus may
 * double its type, and the numbers begin anew when the server does.
 */
import type { Dialect } from './came.ts';
import { readEvents } from './status-reading.ts';

const TYPES = ['history', 'subscription-notification', 'transaction'];

export const hapiTopic: Dialect = ({ bundle }) =>
  bundle?.status && bundle.statusWithoutRequest && TYPES.includes(bundle.type ?? '')
    ? readEvents(bundle.status, bundle.entries)
    : undefined;
