/** What the vendor says of a study's progress, and what that means. */
import { z } from 'zod';
import type { VendorResponse } from '../http.ts';
import { accessOf, type Ctx } from './access.ts';
import { type StudyStatus, studyStatus } from './answers.ts';
import { FAILED_STATUS, READY } from './facts.ts';
import { ask, type Found } from './variants.ts';

const body = z.object({ results: studyStatus.catch({ report_status: undefined, progress: undefined }) });

/** An answer without any status is one that says "not yet". */
const read = (response: VendorResponse): StudyStatus =>
  body.catch({ results: { report_status: undefined, progress: undefined } }).parse(response.json()).results;

export function statusOf(context: Ctx, study: string, task: string): Promise<Found<StudyStatus>> {
  return ask(accessOf(context), context.memory, { kind: 'status', study, task }, read);
}

/** Only `ready` is documented: whatever sounds like a failure is one, whatever else is unknown is still being worked on. */
export function meaningOf({ report_status, progress }: StudyStatus): 'ready' | 'failed' | 'working' {
  if (report_status !== undefined && FAILED_STATUS.test(report_status)) {
    return 'failed';
  }
  return report_status === READY || (progress ?? 0) >= 1 ? 'ready' : 'working';
}
