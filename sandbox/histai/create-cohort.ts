/** `POST /v1/datahub/cohorts`: its checks, then a cohort that begins to be built. Nothing tells a second call from a new wish. */
import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { accountOf, callOf } from './admit.ts';
import { sha256Of, tellCohort } from './cohorts.ts';
import { caseRequest, resolve } from './content.ts';
import { hangUp, type Simulator } from './simulator.ts';
import type { Cohort } from './world.ts';

const LONGEST_NAME = 200;

const creation = z.object({ name: z.string(), cases: z.array(caseRequest).min(1) });

export function createCohort(request: Request, response: Response, simulator: Simulator) {
  const { answers, cases, world, ledger, now, take, lasts } = simulator;
  const parsed = creation.safeParse(request.body);
  if (!parsed.success) {
    return answers.refuse(response, 'INVALID_PARAMETERS');
  }
  const { name, cases: asked } = parsed.data;
  if (name.trim() === '' || name.length > LONGEST_NAME) {
    return answers.refuse(response, 'INVALID_NAME');
  }
  const named = resolve(asked, cases);
  if ('refused' in named) {
    return answers.refuse(response, named.refused);
  }
  if (take('create-not-created-500')) {
    return answers.refuse(response, 'INTERNAL_ERROR');
  }
  const cohort: Cohort = {
    id: randomUUID(),
    name,
    owner: accountOf(response),
    createdAt: now().getTime(),
    content: named.content,
    extraUsd: 0,
    held: lasts('never-built'),
    buildFails: take('build-failed'),
  };
  world.cohorts.set(cohort.id, cohort);
  const call = callOf(response);
  call.keys = { cohort_id: cohort.id };
  ledger.submitted(call, sha256Of(cohort));
  if (take('create-then-hang-up')) {
    return hangUp(request);
  }
  if (take('create-then-500')) {
    return answers.refuse(response, 'INTERNAL_ERROR');
  }
  answers.send(response, tellCohort(cohort, simulator), 201);
}
