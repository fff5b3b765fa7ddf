/** What is known of HealthSage's "CDT beta" API (its API reference, checked 2026-11), as data. */

export const LIMITS = {
  /** Code points of one request's note. The unit is not documented; its Python back end counts code points. */
  noteHard: 1500,
  /** What we fill a request up to, so that a miscount of ours never meets the limit. */
  notePacked: 1450,
  /** More requests than this for one order wait for a person. */
  chunksUnasked: 200,
  /** Requests for one chunk: the first, and one more after a failure or a lost task. */
  submissions: 2,
  /** Tasks asked for in one step: keeps a step short. */
  pollBatch: 5,
  /** Tries for the FHIR form of a task that has succeeded, before the chunk counts as missing. */
  bundleTries: 3,
} as const;

/** Seconds. */
export const WAITS = {
  pollFirst: 2,
  pollLast: 10,
  pollGrowth: 1.5,
  /** Without any news of the order's tasks for so long, a pending one is given up: lost ids may answer PENDING for ever. */
  giveUp: 300,
  /** A task that young may not be known yet to every server of the vendor. */
  young: 10,
  youngAgain: 1,
} as const;

/** Terminal statuses that bring nothing. Anything unknown (STARTED, RETRY …) is polled on. */
export const FAILED_STATUSES: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED']);
export const SUCCESS_STATUS = 'SUCCESS';

/** The specialty the vendor wants where there is none. */
export const GENERAL_SPECIALTY = 'General Medicine';

/** The vendor's default for `fhir_patient_id`; stands literally in references where the parameter was not passed. */
export const PLACEHOLDER_PATIENT = '<subject_id>';

export const MODEL = {
  name: 'HealthSage CDT beta',
  manufacturer: 'HealthSage AI',
  kinds: ['Large-Language-Models', 'AI-for-Medical-Text-Data'],
} as const;
