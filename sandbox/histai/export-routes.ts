/** The export of a paid cohort: its status, its links, and their renewal. The files themselves are at the storage. */
import type { Request, Response, Router } from 'express';
import { areLinksGone, exportStatusOf, filesOf, linksOf, PATHS } from './exports.ts';
import { findCohort } from './find-cohort.ts';
import type { Simulator } from './simulator.ts';
import type { Cohort, Purchase } from './world.ts';

const EXPORT = '/v1/datahub/cohorts/:cohortId/export';

type ExportRequest = Request<{ cohortId: string }>;
interface Exported {
  cohort: Cohort;
  purchase: Purchase;
}

const instant = (milliseconds: number) => new Date(milliseconds).toISOString();

export function addExportRoutes(router: Router, simulator: Simulator): void {
  const { answers, signer, options, now, take } = simulator;

  router.get(`${EXPORT}/status`, (request, response) => {
    const found = findPaid(request, response, simulator);
    if (found) {
      answers.send(response, tellStatus(found, simulator));
    }
  });

  router.get(`${EXPORT}/manifest`, (request, response) => {
    const found = findDone(request, response, simulator);
    if (!found) {
      return;
    }
    if (areLinksGone(found.purchase, simulator)) {
      return answers.refuse(response, 'EXPORT_WINDOW_EXPIRED');
    }
    const { cohort, purchase } = found;
    const { from, until, slidesUntil, windowEnds } = linksOf(purchase, simulator);
    const archive = options.archive && now().getTime() < windowEnds;
    answers.send(response, {
      cohortId: cohort.id,
      manifestUrl: signer.sign(PATHS.manifest(cohort), from, until),
      metadataUrl: signer.sign(PATHS.metadata(cohort), from, until),
      archiveUrl: archive ? signer.sign(PATHS.archive(cohort), from, slidesUntil) : null,
      expiresAt: instant(until),
    });
  });

  router.get(`${EXPORT}/files`, (request, response) => {
    const found = findSlides(request, response, simulator);
    if (found) {
      answers.send(response, { files: filesOf(found.cohort, simulator) });
    }
  });

  router.get(`${EXPORT}/files/:fileId`, (request, response) => {
    const found = findSlides(request, response, simulator);
    if (!found) {
      return;
    }
    const file = filesOf(found.cohort, simulator).find(({ fileId }) => fileId === request.params.fileId);
    if (!file) {
      return answers.refuse(response, 'NOT_FOUND', 'File not found');
    }
    if (take('window-expired')) {
      return answers.refuse(response, 'EXPORT_WINDOW_EXPIRED');
    }
    const { from, slidesUntil } = linksOf(found.purchase, simulator);
    const url = signer.sign(PATHS.slide(found.cohort, file), from, slidesUntil);
    answers.send(response, { fileId: file.fileId, url, expiresAt: instant(slidesUntil) });
  });

  // After the two weeks it still renews the links of the manifest and the metadata, which stay available.
  router.post(`${EXPORT}/refresh`, (request, response) => {
    const found = findDone(request, response, simulator);
    if (found) {
      found.purchase.renewedAt = now().getTime();
      answers.send(response, tellStatus(found, simulator));
    }
  });
}

function tellStatus({ cohort, purchase }: Exported, simulator: Simulator): object {
  const status = exportStatusOf(purchase, simulator);
  const { until, windowEnds } = linksOf(purchase, simulator);
  const life = { downloadWindowEndsAt: instant(windowEnds), linksExpireAt: instant(until) };
  return { cohortId: cohort.id, status, ...(status === 'READY' && life) };
}

/** Refused unless the cohort is paid for. */
function findPaid(request: ExportRequest, response: Response, simulator: Simulator): Exported | undefined {
  const cohort = findCohort(request, response, simulator);
  if (cohort && !cohort.paid) {
    simulator.answers.refuse(response, 'COHORT_NOT_PAID');
  }
  return cohort?.paid && { cohort, purchase: cohort.paid };
}

/** Refused as long as the export is being prepared; one that failed is none. */
function findDone(request: ExportRequest, response: Response, simulator: Simulator): Exported | undefined {
  const found = findPaid(request, response, simulator);
  const status = found && exportStatusOf(found.purchase, simulator);
  if (status === 'PREPARING' || status === 'FAILED') {
    simulator.answers.refuse(response, status === 'FAILED' ? 'NOT_FOUND' : 'EXPORT_NOT_READY');
    return undefined;
  }
  return found;
}

/** Refused, too, when the two weeks are over, or links have to be renewed first. */
function findSlides(request: ExportRequest, response: Response, simulator: Simulator): Exported | undefined {
  const found = findDone(request, response, simulator);
  if (found && exportStatusOf(found.purchase, simulator) === 'EXPIRED') {
    simulator.answers.refuse(response, 'EXPORT_WINDOW_EXPIRED');
    return undefined;
  }
  return found;
}
