/** What the Aignostics simulator can be made to do wrong. */
import type { FaultDescription } from '../faults.ts';

export const AIGNOSTICS_FAULTS = [
  { name: 'token-expired', what: 'The access token of the next call has expired: 401 in plain text.' },
  { name: 'refresh-refused', what: 'Every refresh token is refused (invalid_grant), until it is unset.', unit: 'on' },
  { name: 'slow', what: 'The next call is answered only after some seconds.' },
  { name: '5xx-burst', what: 'The next call answers 503 and does nothing; set it several times for a burst.' },
  { name: 'rate-limit', what: 'The next call answers 429 with Retry-After: 7, although no document speaks of it.' },
  { name: 'malformed-json', what: 'The next run, item or list of them is JSON cut off in the middle.' },
  { name: 'run-created-then-500', what: 'The next run is created, and will be billed, and answers 500.' },
  { name: 'run-created-then-timeout', what: 'The next run is created, and will be billed; the connection hangs up.' },
  { name: 'run-not-created-500', what: 'The next creation of a run answers 500 and creates none.' },
  { name: 'quota-402', what: 'The next creation of a run answers 402: the quota is used up.' },
  {
    name: 'replica-lag-404',
    what: 'The next reading of a run, or of its items, answers 404: the replica lags behind.',
  },
  { name: 'list-empty-once', what: 'The next list of runs is empty.' },
  { name: 'item-user-error', what: 'The first item of the next run created ends with USER_ERROR.' },
  { name: 'item-system-error', what: 'The first item of the next run created ends with SYSTEM_ERROR.' },
  {
    name: 'threshold-cancel',
    what: 'The first item of the next run created fails, which is one too many: the platform cancels the run.',
  },
  { name: 'never-done', what: 'Runs created while it is set process their first item until it is unset.', unit: 'on' },
  { name: 'wrong-checksum', what: 'The next artifact comes with one byte that differs from what was checksummed.' },
  { name: 'artifact-410', what: 'The next artifact asked for answers 410: it has been deleted.' },
  { name: 'storage-403-expired', what: 'The next file asked of the storage answers 403: its signed URL has expired.' },
  { name: 'storage-cut', what: 'The next file from the storage breaks off in the middle.' },
] as const satisfies FaultDescription[];

/** Every name in the table, so that a fault that nobody describes cannot be asked for. */
export type AignosticsFault = (typeof AIGNOSTICS_FAULTS)[number]['name'];
