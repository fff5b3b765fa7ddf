/** What the Hemato.AI simulator can be made to do wrong. */
import type { FaultDescription } from '../faults.ts';

export const HEMATO_FAULTS = [
  { name: 'token-expired', what: 'The next authenticated call answers 401: the token is expired.' },
  { name: 'unauthorized-forever', what: 'Every authenticated call answers 401, whatever its token.', unit: 'on' },
  { name: 'region-403', what: 'The next authenticated call answers 403: the user has no access to this region.' },
  { name: 'rate-limit-429', what: 'The next authenticated call answers 429, with Retry-After of two seconds.' },
  { name: 'slow', what: 'The next call is answered only after some seconds.' },
  { name: 'study-created-answer-lost', what: 'POST /pbs makes the study and hangs up without an answer.' },
  { name: 'no-type-400', what: 'The next upload answers 400: the type of the file could not be determined.' },
  { name: 'upload-500', what: 'The next upload is read to its end, answered with 500, and not kept.' },
  { name: 'upload-cut', what: "The next upload's connection breaks in the middle; nothing is kept." },
  { name: 'tasks-taken-then-500', what: 'POST /pbs/{id}/tasks takes and bills the tasks, and answers 500.' },
  {
    name: 'tasks-taken-then-timeout',
    what: 'POST /pbs/{id}/tasks takes and bills the tasks, and hangs up without an answer.',
  },
  { name: 'tasks-not-taken-500', what: 'POST /pbs/{id}/tasks answers 500 and does not take the tasks.' },
  { name: 'never-ready', what: 'No study gets beyond a progress of 0.95.', unit: 'on' },
  { name: 'failed-study', what: 'The next study whose tasks are taken ends as failed; it is billed nothing.' },
  { name: 'status-path-404', what: 'The next GET of a status answers 404 as if this host had no such path.' },
  { name: 'study-lost-404', what: 'The next GET of a status forgets the study: 404 from then on.' },
  { name: 'not-ready-empty-report', what: 'The next report of a study that is ready is 200 and empty.' },
  { name: 'placeholder-values', what: 'The next pbs_v1 report has the placeholders x and y for values and units.' },
  { name: 'negative-result', what: 'The next study whose tasks are taken shows nothing abnormal.' },
  { name: 'revised-report', what: 'The next report read is a later revision of it, with other values from then on.' },
  { name: 'malformed-json', what: 'The next status or report is JSON cut off in the middle.' },
  { name: 'callback-duplicate', what: 'The next callback comes twice.' },
  { name: 'callback-late', what: 'The next callback comes only some seconds after the report is ready.' },
  { name: 'callback-missing', what: 'The next callback never comes.' },
  {
    name: 'callback-forged',
    what: "The next callback names another study, that does not exist, in place of one's own.",
  },
] as const satisfies FaultDescription[];

/** Every name in the table, so that a fault that nobody describes cannot be asked for. */
export type HematoFault = (typeof HEMATO_FAULTS)[number]['name'];
