/** Runs: creating, listing, reading, cancelling, and the custom metadata of a run. */
import type { Request, Response, Router } from 'express';
import { callOf, userOf } from './admit.ts';
import { instant, invalid, type Problem, refuse } from './answers.ts';
import { bringUp } from './billing.ts';
import { inOrder } from './checksum.ts';
import { createRun } from './create-run.ts';
import { first, type Listing, metadataFilter, pageOf } from './lists.ts';
import { putMetadata } from './put-metadata.ts';
import { isLagging, runFor } from './rights.ts';
import { sendJson } from './send-json.ts';
import type { Simulator } from './simulator.ts';
import { progressNow, tellRun } from './tell.ts';
import type { Run } from './world.ts';

export function addRunRoutes(api: Router, simulator: Simulator): void {
  const { take, now } = simulator;

  api.post('/v1/runs', (request, response) => createRun(request, response, simulator));

  api.use('/v1/runs', async (_request, _response, next) => {
    await bringUp(simulator);
    next();
  });

  api.get('/v1/runs', (request, response) => {
    const found = runsOf(request, response, simulator);
    if ('absent' in found) {
      return refuse(response, 404, found.absent);
    }
    if ('problems' in found) {
      return invalid(response, found.problems);
    }
    const page = take('list-empty-once') ? [] : found.page;
    sendJson(
      response,
      page.map((run) => tellRun(run, simulator)),
      simulator,
    );
  });

  api.get('/v1/runs/:run_id', (request, response) => {
    const run = runFor(request, response, simulator, 'read');
    if (run) {
      callOf(response).keys = { run_id: run.id };
      sendJson(response, tellRun(run, simulator), simulator);
    }
  });

  api.post('/v1/runs/:run_id/cancel', async (request, response) => {
    const run = runFor(request, response, simulator, 'write');
    if (!run) {
      return;
    }
    callOf(response).keys = { run_id: run.id };
    if (progressNow(run, simulator).state === 'TERMINATED') {
      return refuse(response, 409, 'The run is already terminated');
    }
    run.canceledAt = now().getTime();
    await bringUp(simulator);
    response.status(202).json(null);
  });

  api.put('/v1/runs/:run_id/custom-metadata', (request, response) => {
    const run = runFor(request, response, simulator, 'write');
    if (run) {
      putMetadata(request, response, run);
    }
  });
}

type Found = { page: Run[] } | { problems: Problem[] } | { absent: string };

/** The runs asked for. Without an organisation: the caller's own. */
function runsOf(request: Request, response: Response, simulator: Simulator): Found {
  const { world, options, now } = simulator;
  const user = userOf(response);
  const old = options.spec === '1.4';
  const organization = first(request, 'for_organization') ?? (old ? undefined : first(request, 'organization_id'));
  if (organization !== undefined && organization !== 'my_org' && organization !== user.organization.id) {
    return { absent: 'Organization not found' };
  }
  const submitter = old ? undefined : first(request, 'submitted_by')?.replace(/^me$/, user.id);
  const metadata = metadataFilter(request);
  if ('problems' in metadata) {
    return metadata;
  }
  const [application, version] = [first(request, 'application_id'), first(request, 'application_version')];
  const externalId = first(request, 'external_id');
  const items = [...world.runs.values()].filter(
    (run) =>
      (organization === undefined ? run.user.id === user.id : run.user.organization.id === user.organization.id) &&
      !isLagging(run, options.replicaLagMs, now()) &&
      run.user.id === (submitter ?? run.user.id) &&
      run.applicationId === (application ?? run.applicationId) &&
      run.version.number === (version ?? run.version.number) &&
      (externalId === undefined || run.items.some((item) => item.externalId === externalId)) &&
      metadata.passes(run.customMetadata),
  );
  return pageOf(request, { items, ...listing(simulator) });
}

function listing(simulator: Simulator): Omit<Listing<Run>, 'items'> {
  return {
    fields: {
      run_id: ({ id }) => id,
      application_id: ({ applicationId }) => applicationId,
      version_number: ({ version }) => version.number,
      custom_metadata: ({ customMetadata }) => customMetadata && JSON.stringify(customMetadata, inOrder),
      submitted_at: ({ submittedAt, sequence }) =>
        `${instant(submittedAt, sequence)}${String(sequence).padStart(9, '0')}`,
      submitted_by: ({ user }) => user.id,
      terminated_at: (run) => progressNow(run, simulator).terminatedAt,
      termination_reason: (run) => progressNow(run, simulator).reason,
    },
    unsorted: ({ id }) => id,
    sizeName: 'page_size',
  };
}
