/** The answer of `GET /tasks/{task_id}`. */
import type { Extraction } from './extract.ts';
import type { Task } from './tasks.ts';
import { SNOMED_CT_VERSION } from './terminology.ts';

/** A task that is not done, or failed: no result and no usage. */
export function unfinishedAnswer(task: Task, status: 'PENDING' | 'STARTED' | 'FAILURE') {
  return { ...head(task, status), json_data: null, usage: null };
}

/** A finished task, told with the faults of TASK_FAULTS. */
export function finishedAnswer(task: Task, faults: ReadonlySet<string>) {
  return {
    ...head(task, 'SUCCESS'),
    json_data: {
      extractions: tellExtractions(task, faults),
      specialty: task.request.specialty,
      snomed_ct_version: SNOMED_CT_VERSION,
    },
    usage: task.usage,
  };
}

function head({ id, request }: Task, status: string) {
  return { task_id: id, status, letter_date: request.letterDate, patient_dob: request.dateOfBirth };
}

function tellExtractions({ extractions, request }: Task, faults: ReadonlySet<string>): Extraction[] {
  const points = Array.from(request.note);
  const utf16 = (offset: number) => points.slice(0, offset).join('').length;
  return extractions.map((extraction, index) => {
    let told = { ...extraction };
    if (faults.has('utf16-offsets')) {
      told = { ...told, start: utf16(told.start), end: utf16(told.end) };
    }
    if (faults.has('shifted-offsets')) {
      told = { ...told, start: told.start + (index % 2 === 0 ? 9 : 8), end: told.end + 8 };
    }
    if (faults.has('explicit-nulls')) {
      told = { ...told, relative_date: told.relative_date ?? null, relative_end_date: told.relative_end_date ?? null };
    }
    if (faults.has('absent-relative-fields')) {
      delete told.relative_date;
      delete told.relative_end_date;
    }
    if (faults.has('same-shortened-ids')) {
      told = { ...told, shortened_id: extractions[0]?.shortened_id ?? told.shortened_id };
    }
    if (faults.has('other-concept-type') && index === 0) {
      told = { ...told, concept_type: 'observable entity' };
    }
    return told;
  });
}
