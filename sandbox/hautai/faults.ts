/** What the Haut.AI simulator can be made to do wrong. */
import type { FaultDescription } from '../faults.ts';

export const HAUTAI_FAULTS = [
  {
    name: 'token-expired',
    what: 'The token of the next call has expired: 401; one of a log-in is dead from then on, a private one this once.',
  },
  { name: 'unauthorized', what: 'Every call answers 401, whatever its token, until it is unset.', unit: 'on' },
  { name: 'rate-limit-429', what: 'The next call answers 429 with Retry-After: 12.' },
  { name: 'login-throttled-429', what: 'The next log-in answers 429: too many log-ins.' },
  { name: 'slow', what: 'The next call is answered only after some seconds.' },
  { name: 'subject-created-answer-lost', what: 'The next subject is created, and the connection hangs up.' },
  { name: 'batch-opened-answer-lost', what: 'The next upload is initiated, and the connection hangs up.' },
  { name: 'storage-403-expired', what: 'The next PUT to the storage answers 403: its signed URL has expired.' },
  { name: 'storage-500', what: 'The next PUT to the storage answers 500 and keeps nothing.' },
  { name: 'upload-cut', what: 'The next PUT to the storage is broken off after its first bytes; nothing is kept.' },
  { name: 'compute-taken-then-500', what: 'The next compute is taken and billed, and answers 500.' },
  { name: 'compute-taken-then-timeout', what: 'The next compute is taken and billed, and hangs up without an answer.' },
  { name: 'compute-not-taken-500', what: 'The next compute answers 500 and is not taken.' },
  { name: 'plan-used-up-403', what: 'The next compute answers 403 and is not taken: the plan does not allow it.' },
  { name: 'results-key-missing', what: 'The next results are {} although there are some.' },
  {
    name: 'partial-forever',
    what: 'Batches computed while it is set stay at 60 % of their parameters, until it is unset.',
    unit: 'on',
  },
  {
    name: 'never-done',
    what: 'Batches computed while it is set have no results at all, until it is unset.',
    unit: 'on',
  },
  { name: 'malformed-json', what: 'The next results or history are JSON cut off in the middle.' },
  {
    name: 'detection-error',
    what: 'The next batch computed ends with a detection error and no parameters; it is billed.',
  },
  { name: 'no-parameters', what: 'The next batch computed ends without parameters and without a detection error.' },
  { name: 'scores-0-to-1', what: 'The scores of the next batch computed are from 0 to 1, not from 0 to 100.' },
  {
    name: 'svg-with-script',
    what: 'One mask a side of the next batch computed is an SVG with scripts and foreign links.',
  },
  { name: 'mask-expired', what: 'The next mask asked for answers 403: its signed URL has expired.' },
  { name: 'mask-missing', what: 'The next mask asked for answers 404.' },
  { name: 'webhook-duplicate', what: 'The next webhook is sent twice.' },
  { name: 'webhook-missing', what: 'The next webhook is not sent.' },
  {
    name: 'webhook-timeout-partial',
    what: 'The webhook of the next batch computed comes when half of its time is over, while the results are partial.',
  },
] as const satisfies FaultDescription[];

/** Every name in the table, so that a fault that nobody describes cannot be asked for. */
export type HautaiFault = (typeof HAUTAI_FAULTS)[number]['name'];

/** Those that change how a batch ends or is told; kept with the batch, so that each reading of it says the same. */
export const BATCH_FAULTS = [
  'detection-error',
  'no-parameters',
  'scores-0-to-1',
  'svg-with-script',
  'webhook-timeout-partial',
] as const satisfies HautaiFault[];

/** Those that last; a batch remembers that it was computed under them. */
export const LASTING_FAULTS = ['partial-forever', 'never-done'] as const satisfies HautaiFault[];
