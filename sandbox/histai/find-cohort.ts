import type { Request, Response } from 'express';
import { accountOf, callOf } from './admit.ts';
import type { Simulator } from './simulator.ts';
import type { Cohort } from './world.ts';

/** The cohort of the path; undefined: there is none, or it is another's, and the call has been refused. */
export function findCohort(
  request: Request<{ cohortId: string }>,
  response: Response,
  { world, answers }: Simulator,
): Cohort | undefined {
  const call = callOf(response);
  call.keys = { ...call.keys, cohort_id: request.params.cohortId };
  const cohort = world.cohorts.get(request.params.cohortId);
  if (!cohort) {
    answers.refuse(response, 'NOT_FOUND', 'Cohort not found');
    return undefined;
  }
  if (cohort.owner !== accountOf(response)) {
    answers.refuse(response, 'NO_PERMISSION');
    return undefined;
  }
  return cohort;
}
