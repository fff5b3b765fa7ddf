/** What can be made to go wrong with the EHR, by name. */
import type { Faults } from './types.ts';

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
] as const;

export type EhrFault = (typeof EHR_FAULTS)[number]['name'];

/** The switchboard, told of our faults; without one nothing ever goes wrong. */
export function openFaults(faults: Faults | undefined): (name: EhrFault) => boolean {
  faults?.describe(EHR_FAULTS.map(({ name, what }) => ({ name, what })));
  return (name) => faults?.take(name) ?? false;
}
