/** The results' files: where they are, and their deletion. */
import type { Router } from 'express';
import { callOf } from './admit.ts';
import { refuse } from './answers.ts';
import { findOutput } from './find-output.ts';
import { render } from './outputs.ts';
import { runFor } from './rights.ts';
import { sendFile } from './send-file.ts';
import type { Simulator } from './simulator.ts';
import { deletionOf, progressNow } from './tell.ts';

/** Seconds that a redirection to the storage is good for. */
const URL_SECONDS = 300;

export function addArtifactRoutes(api: Router, simulator: Simulator): void {
  const { options, signer, take } = simulator;

  api.get('/v1/runs/:run_id/artifacts/:artifact_id/file', async (request, response) => {
    const run = runFor(request, response, simulator, 'read');
    if (!run) {
      return;
    }
    const { artifact_id: id } = request.params;
    callOf(response).keys = { run_id: run.id, artifact_id: id };
    const found = findOutput(run, id, simulator);
    if (!found) {
      return refuse(response, 404, 'Artifact not found');
    }
    if (deletionOf(run, simulator) || take('artifact-410')) {
      response.status(410).end();
      return;
    }
    if (options.artifacts === 'proxy') {
      const rendered = await render(run, found.item, found.output, options);
      return sendFile(request, response, { ...rendered, contentType: found.output.spec.mimeType }, simulator);
    }
    const location = signer.sign(`/results/${run.id}/${id}`, URL_SECONDS);
    response.status(307).set({ Location: location, 'Cache-Control': 'no-store' }).end();
  });

  api.delete('/v1/runs/:run_id/artifacts', (request, response) => {
    const run = runFor(request, response, simulator, 'write');
    if (!run) {
      return;
    }
    if (progressNow(run, simulator).state !== 'TERMINATED') {
      return refuse(response, 409, 'Artifacts can only be deleted once the run has terminated');
    }
    if (deletionOf(run, simulator) && options.spec !== '1.4') {
      return refuse(response, 410, 'Artifacts have been deleted');
    }
    run.artifactsDeleted = true;
    response.json(null);
  });
}
