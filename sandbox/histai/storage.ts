/** The storage host: gives files at signed URLs to whoever brings no key, and answers in XML when it does not. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { sendStorageError } from '../storage-error.ts';
import { archiveOf, manifestOf, metadataOf, slideFile } from './export-files.ts';
import { filesOf } from './exports.ts';
import { type StoredFile, sendFile } from './send-file.ts';
import { expired, type StorageRefusal } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import type { Cohort, Purchase } from './world.ts';

type FileOf = (cohort: Cohort, purchase: Purchase) => StoredFile | Promise<StoredFile>;

/** The storage's router; its URL is another origin than the API's. */
export function storageRoutes(simulator: Simulator): Router {
  const { signer, take, world, ledger } = simulator;
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use((request, response, next) => {
    const [, kind, cohortId] = /^\/(manifest|metadata|archive|slides)\/([\w-]+)/.exec(request.path) ?? [];
    const keys: Record<string, string> = cohortId === undefined ? {} : { cohort_id: cohortId };
    const call = ledger.call({ endpoint: `${request.method} storage/${kind ?? '(unknown path)'}`, keys });
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    const refusal = signer.refusal(request) ?? (take('link-expired') ? expired() : undefined);
    return refusal ? deny(response, refusal) : next();
  });

  const give = (fileOf: FileOf) => async (request: Request<{ cohortId: string }>, response: Response) => {
    const cohort = world.cohorts.get(request.params.cohortId);
    return cohort?.paid
      ? await sendFile(request, response, await fileOf(cohort, cohort.paid), simulator)
      : noSuchKey(response);
  };
  router.get(
    '/manifest/:cohortId.txt',
    give((cohort, purchase) => manifestOf(cohort, purchase, simulator)),
  );
  router.get(
    '/metadata/:cohortId.json',
    give((cohort) => metadataOf(cohort, simulator)),
  );
  router.get(
    '/archive/:cohortId.zip',
    give((cohort) => archiveOf(cohort, simulator)),
  );

  router.get('/slides/:cohortId/:fileId/:fileName', async (request, response) => {
    const cohort = world.cohorts.get(request.params.cohortId);
    const file = cohort && filesOf(cohort, simulator).find(({ fileId }) => fileId === request.params.fileId);
    return file ? await sendFile(request, response, slideFile(file, simulator), simulator) : noSuchKey(response);
  });

  router.use(((_request, response) => noSuchKey(response)) satisfies RequestHandler);
  return router;
}

const noSuchKey = (response: Response) =>
  sendStorageError(response, 404, 'NoSuchKey', 'The specified key does not exist.');

function deny(response: Response, { status, code, details }: StorageRefusal): void {
  sendStorageError(response, status, code, details);
}
