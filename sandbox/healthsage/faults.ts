/** What the HealthSage simulator can be made to do wrong. */
import type { FaultDescription } from '../faults.ts';

export const HEALTHSAGE_FAULTS = [
  { name: 'accepted-then-500', what: 'POST /generate takes and bills the note, and answers 500.' },
  { name: 'accepted-then-timeout', what: 'POST /generate takes and bills the note, and hangs up without an answer.' },
  { name: 'rejected-500', what: 'POST /generate answers 500 and does not take the note.' },
  { name: 'missing-specialty-400', what: 'POST /generate answers a missing field with 400 and a sentence, not 422.' },
  { name: 'quota', what: 'POST /generate answers 429: the token limit is exceeded.' },
  { name: 'inactive-key', what: 'The next call answers 403: the key is inactive.' },
  { name: 'slow', what: 'The next call is answered only after some seconds.' },
  { name: 'failure', what: 'The next note taken ends as FAILURE; it is billed nothing.' },
  { name: 'pending-forever', what: 'The next note taken stays PENDING for ever; it is billed.' },
  { name: 'unknown-status-started', what: 'GET /tasks/{task_id} answers with the undocumented status STARTED.' },
  { name: 'lost-task', what: 'GET /tasks/{task_id} forgets the task it is asked for: 404 from then on.' },
  { name: 'task-not-yet-visible', what: 'GET /tasks/{task_id} answers 404 once; the task is there the next time.' },
  { name: 'unknown-id-pending', what: 'GET /tasks/{task_id} answers PENDING for an id that was never given out.' },
  {
    name: 'malformed-json',
    what: 'GET /tasks/{task_id} or /tasks/fhir/{task_id} answers with JSON cut off in the middle.',
  },
  {
    name: 'shifted-offsets',
    what: "The next finished task's offsets are 8 or 9 too large, as in the vendor's sample.",
  },
  { name: 'utf16-offsets', what: "The next finished task's offsets count UTF-16 units, not code points." },
  {
    name: 'absent-relative-fields',
    what: 'The next finished task has no relative_date and no relative_end_date anywhere.',
  },
  { name: 'explicit-nulls', what: 'The next finished task has every field everywhere, null where there is no value.' },
  {
    name: 'same-shortened-ids',
    what: "The next finished task's extractions share one shortened_id, as in the vendor's sample.",
  },
  { name: 'other-concept-type', what: "The next finished task's first extraction is of an undocumented concept_type." },
  { name: 'transaction-bundle', what: 'The next Bundle is a transaction with entry.request, not a collection.' },
  { name: 'placeholder-subject', what: 'The next Bundle says <subject_id> although fhir_patient_id was given.' },
  {
    name: 'other-patient',
    what: 'The next Bundle holds a Patient with a name, and a first entry whose subject is that patient.',
  },
  { name: 'missing-bundle-entry', what: 'The next Bundle lacks its first entry.' },
  { name: 'findings-in-bundle', what: 'The next Bundle holds the findings too, as Observations.' },
  {
    name: 'extra-bundle-types',
    what: 'The next Bundle also holds an AllergyIntolerance, a MedicationStatement, a FamilyMemberHistory and a Patient.',
  },
  { name: 'r5-shapes', what: 'The next Bundle has R5 elements: occurrenceDateTime, participant, evidence.concept.' },
] as const satisfies FaultDescription[];

/** Every name in the table, so that a fault that nobody describes cannot be asked for. */
export type HealthsageFault = (typeof HEALTHSAGE_FAULTS)[number]['name'];

/** Those that change how a finished task is told; kept with the task, so that each reading of it says the same. */
export const TASK_FAULTS = [
  'shifted-offsets',
  'utf16-offsets',
  'absent-relative-fields',
  'explicit-nulls',
  'same-shortened-ids',
  'other-concept-type',
] as const satisfies HealthsageFault[];

/** Those that change a task's Bundle; kept likewise. */
export const BUNDLE_FAULTS = [
  'transaction-bundle',
  'placeholder-subject',
  'other-patient',
  'missing-bundle-entry',
  'findings-in-bundle',
  'extra-bundle-types',
  'r5-shapes',
] as const satisfies HealthsageFault[];
