/** The storage host: gives files at signed URLs to whoever brings no token, and answers in XML when it does not. */

import express, { type RequestHandler, type Response, type Router } from 'express';
import { sendStorageError } from '../storage-error.ts';
import { DOCUMENT } from './application-routes.ts';
import { findOutput } from './find-output.ts';
import { render } from './outputs.ts';
import { sendFile } from './send-file.ts';
import { expired, type StorageRefusal } from './signed-urls.ts';
import type { Simulator } from './simulator.ts';
import { deletionOf } from './tell.ts';

/** The storage's router; its URL is another origin than the API's. */
export function storageRoutes(simulator: Simulator): Router {
  const { signer, take, world, ledger, options, applications } = simulator;
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use((request, response, next) => {
    const kind = /^\/(results|documents)\//.exec(request.path)?.[1] ?? '(unknown path)';
    const call = ledger.call({ endpoint: `${request.method} storage/${kind}` });
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    const refusal = signer.refusal(request) ?? (take('storage-403-expired') ? expired() : undefined);
    return refusal ? deny(response, refusal) : next();
  });

  router.get('/results/:run_id/:artifact_id', async (request, response) => {
    const run = world.runs.get(request.params.run_id);
    const found = run && !deletionOf(run, simulator) && findOutput(run, request.params.artifact_id, simulator);
    if (!run || !found) {
      return noSuchKey(response);
    }
    const rendered = await render(run, found.item, found.output, options);
    await sendFile(request, response, { ...rendered, contentType: found.output.spec.mimeType }, simulator);
  });

  router.get('/documents/:application_id/:version/:name', (request, response) => {
    const { application_id: id, version: number, name } = request.params;
    const version = applications.get(id)?.versions.find((one) => one.number === number);
    if (!version || name !== DOCUMENT.name) {
      return noSuchKey(response);
    }
    const disposition = request.query['response-content-disposition'];
    response.set(typeof disposition === 'string' ? { 'Content-Disposition': disposition } : {});
    response.type(DOCUMENT.mimeType).send(`# ${id} ${number}\n\n${version.changelog}\n`);
  });

  router.use(((_request, response) => noSuchKey(response)) satisfies RequestHandler);
  return router;
}

const noSuchKey = (response: Response) =>
  sendStorageError(response, 404, 'NoSuchKey', 'The specified key does not exist.');

function deny(response: Response, { status, code, details }: StorageRefusal): void {
  sendStorageError(response, status, code, details);
}
