/** What can be made to go wrong with the EHR, by name. */
import type { Faults, FaultUnit } from './types.ts';

/** Those with a unit last until they are unset; the others happen as often as they were set. */
export const EHR_FAULTS = [
  { name: 'transaction-answer-lost', what: 'commits the next transaction, then hangs up instead of answering' },
  { name: 'transaction-not-committed-503', what: 'answers the next transaction with 503 and writes nothing' },
  { name: 'late-commit', what: 'answers the next transaction with 504 and commits it a while later' },
  { name: 'notification-lost', what: 'never sends the next notification' },
  { name: 'notification-twice', what: 'sends the next notification twice' },
  { name: 'slow', what: 'answers the next request only after a while' },
  { name: 'unavailable-503', what: 'answers the next request with 503 and Retry-After: 1' },
  { name: 'storage-expired', what: 'answers 403 to the next presigned URL, as if it had expired' },
  { name: 'subscription-off', what: 'switches the Subscription off instead of sending its next notification' },
  { name: 'subscription-error', what: 'sets the Subscription to error instead of sending its next notification' },
  { name: 'notifications-lost', unit: 'percent', what: 'never sends this share of the notifications' },
  { name: 'notifications-doubled', unit: 'percent', what: 'sends this share of the notifications twice' },
  { name: 'notifications-overtaken', unit: 'percent', what: 'sends this share only after the ones that come after' },
  { name: 'notifications-delayed', unit: 'milliseconds', what: 'sends each notification so much later at most' },
  { name: 'subscriptions-silent', unit: 'on', what: 'takes Subscriptions, makes them active and never sends anything' },
  { name: 'subscriptions-stuck', unit: 'on', what: 'leaves new Subscriptions requested for ever' },
] as const satisfies { name: string; what: string; unit?: FaultUnit }[];

export type EhrFault = (typeof EHR_FAULTS)[number]['name'];

export interface EhrFaults {
  fault(name: EhrFault): boolean;
  /** Of a fault with a unit; 0: not set. */
  level(name: EhrFault): number;
}

/** The switchboard, told of our faults; without one nothing ever goes wrong. */
export function openFaults(faults: Faults | undefined): EhrFaults {
  faults?.describe(EHR_FAULTS.map((each) => ({ ...each })));
  return {
    fault: (name) => faults?.take(name) ?? false,
    level: (name) => faults?.level?.(name) ?? 0,
  };
}
