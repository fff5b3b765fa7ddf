/** Cohorts: created, read, and changed as long as they are not paid for. */
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { accountOf } from './admit.ts';
import { statusOf, tellCohort, tellWhole } from './cohorts.ts';
import { caseRequest, resolve, withoutSlides, withSlides } from './content.ts';
import { createCohort } from './create-cohort.ts';
import { findCohort } from './find-cohort.ts';
import { pageOf } from './paging.ts';
import { pay } from './pay.ts';
import type { Simulator } from './simulator.ts';

const COHORTS = '/v1/datahub/cohorts';
const COHORT = `${COHORTS}/:cohortId`;
const LIST_SIZE = 100;
/** What `price-changed` adds. */
const EXTRA_USD = 7;

const slidesRequest = z.array(caseRequest).min(1);

export function addCohortRoutes(router: Router, simulator: Simulator): void {
  const { answers, world, take } = simulator;

  router.post(COHORTS, (request, response) => createCohort(request, response, simulator));

  router.get(COHORTS, ({ query }, response) => {
    const own = [...world.cohorts.values()].filter(({ owner }) => owner === accountOf(response)).reverse();
    const listed = take('list-empty-once') ? [] : own;
    const page = pageOf(listed, query, LIST_SIZE);
    if (!page) {
      return answers.refuse(response, 'INVALID_PARAMETERS');
    }
    const items = page.items.map((cohort) => tellCohort(cohort, simulator));
    answers.sendPage(response, { ...page, items }, 'cohorts');
  });

  router.get(COHORT, (request, response) => {
    const cohort = findCohort(request, response, simulator);
    if (cohort) {
      cohort.extraUsd += take('price-changed') ? EXTRA_USD : 0;
      answers.send(response, tellWhole(cohort, simulator));
    }
  });

  router.get(`${COHORT}/status`, (request, response) => {
    const cohort = findCohort(request, response, simulator);
    if (cohort) {
      answers.send(response, { cohortId: cohort.id, status: statusOf(cohort, simulator) });
    }
  });

  router.post(`${COHORT}/slides`, (request, response) => change('add', request, response, simulator));
  router.delete(`${COHORT}/slides`, (request, response) => change('remove', request, response, simulator));
  router.post(`${COHORT}/pay`, (request, response) => pay(request, response, simulator));
}

function change(
  how: 'add' | 'remove',
  request: Request<{ cohortId: string }>,
  response: Response,
  simulator: Simulator,
) {
  const { answers, cases } = simulator;
  const cohort = findCohort(request, response, simulator);
  if (!cohort) {
    return;
  }
  if (statusOf(cohort, simulator) !== 'UNPAID') {
    return answers.refuse(response, 'COHORT_STATUS_INVALID');
  }
  const parsed = slidesRequest.safeParse(request.body);
  const named = parsed.success ? resolve(parsed.data, cases) : { refused: 'INVALID_PARAMETERS' as const };
  if ('refused' in named || !parsed.success) {
    return answers.refuse(response, 'refused' in named ? named.refused : 'INVALID_PARAMETERS');
  }
  const changed =
    how === 'add'
      ? { content: withSlides(cohort.content, named.content, cases) }
      : withoutSlides(cohort.content, named.content, parsed.data);
  if ('refused' in changed) {
    return answers.refuse(response, changed.refused);
  }
  cohort.content = changed.content;
  answers.send(response, tellWhole(cohort, simulator));
}
