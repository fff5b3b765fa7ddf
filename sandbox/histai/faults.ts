/** What the HistAI simulator can be made to do wrong. */
import type { FaultDescription } from '../faults.ts';

export const HISTAI_FAULTS = [
  { name: '5xx-burst', what: 'The next call answers 503 and does nothing; set it several times for a burst.' },
  { name: 'rate-limit', what: 'The next call answers 429 with Retry-After: 7.' },
  { name: 'slow', what: 'The next call is answered only after some seconds.' },
  { name: 'malformed-json', what: 'The next answer that is not an error is JSON cut off in the middle.' },
  { name: 'invalid-key', what: 'The next call answers 401, whatever its key.' },
  { name: 'api-key-not-allowed', what: 'The next call answers 403: the endpoint takes no API keys.' },
  { name: 'subscription-required', what: 'The next call answers 402: the account has no active subscription.' },
  { name: 'storage-overage', what: "The next call answers 402: the account's storage limit is exceeded." },
  { name: 'filter-ignored', what: 'The next search ignores its filter and finds every case.' },
  { name: 'create-then-500', what: 'The next cohort is created, and answers 500.' },
  { name: 'create-not-created-500', what: 'The next creation of a cohort answers 500 and creates none.' },
  { name: 'create-then-hang-up', what: 'The next cohort is created, and the connection hangs up.' },
  { name: 'list-empty-once', what: 'The next list of cohorts is empty.' },
  { name: 'build-failed', what: 'The next cohort created ends as FAILED when it is built.' },
  { name: 'never-built', what: 'Cohorts created while it is set stay BUILDING until it is unset.', unit: 'on' },
  { name: 'price-changed', what: 'The next reading of a cohort shows a price 7 USD higher, which then stays.' },
  { name: 'insufficient-funds', what: 'The next payment answers 402 and charges nothing, whatever the balance.' },
  { name: 'pay-then-500', what: 'The next payment is charged, and answers 500.' },
  { name: 'pay-then-hang-up', what: 'The next payment is charged, and the connection hangs up.' },
  { name: 'pay-not-charged-500', what: 'The next payment answers 500 and charges nothing.' },
  { name: 'topup-then-500', what: 'The next top-up charges the card, and answers 500.' },
  {
    name: 'export-never-ready',
    what: 'The export of cohorts paid while it is set stays PREPARING until it is unset.',
    unit: 'on',
  },
  { name: 'export-failed', what: 'The export of the next cohort paid ends as FAILED.' },
  { name: 'window-expired', what: 'The next slide file asked of the API answers 410: the two weeks are over.' },
  { name: 'link-expired', what: 'The next file asked of the storage answers 403: its link has expired.' },
  { name: 'storage-cut', what: 'The next file from the storage breaks off in the middle.' },
  {
    name: 'wrong-size',
    what: 'The next slide file from the storage is 100 bytes shorter than the list of files says.',
  },
] as const satisfies FaultDescription[];

/** Every name in the table, so that a fault that nobody describes cannot be asked for. */
export type HistaiFault = (typeof HISTAI_FAULTS)[number]['name'];
