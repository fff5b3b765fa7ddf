/** `POST /v1/runs`: its checks in the vendor's order, then a run that begins to be worked on, and costs money. */
import type { Request, Response } from 'express';
import { callOf, userOf } from './admit.ts';
import { invalid, problemsOf, refuse } from './answers.ts';
import { sha256OfRun } from './billing.ts';
import type { User } from './options.ts';
import { creationSchema, objectionTo, type RunCreation } from './run-creation.ts';
import { hangUp, type Simulator } from './simulator.ts';
import { addRun, type ItemEnd, type Run } from './world.ts';

const BROKEN = 'Internal Server Error';

export async function createRun(request: Request, response: Response, simulator: Simulator): Promise<void> {
  const { applications, options, now, take } = simulator;
  const parsed = creationSchema(options, now()).safeParse(request.body, { reportInput: true });
  if (!parsed.success) {
    return invalid(response, problemsOf('body', parsed.error.issues));
  }
  const creation = parsed.data;
  const versions = applications.get(creation.application_id)?.versions;
  const version = creation.version_number
    ? versions?.find(({ number }) => number === creation.version_number)
    : versions?.[0];
  if (!version) {
    return refuse(response, 404, 'application version not found');
  }
  const objection = objectionTo(creation, version, options, now()) ?? (await unreachable(creation, simulator));
  if (objection !== undefined) {
    return refuse(response, 400, objection);
  }
  const user = userOf(response);
  if (take('quota-402')) {
    return refuse(response, 402, 'Quota limit exceeded');
  }
  if (submittedThisMonth(user, simulator) + creation.items.length > options.slidesPerMonth) {
    return refuse(response, options.spec === '1.4' ? 403 : 402, 'Quota limit exceeded');
  }
  if (take('run-not-created-500')) {
    return refuse(response, 500, BROKEN);
  }

  const run = addRun(simulator.world, {
    ...{ creation, version, user, at: now().getTime(), held: simulator.lasts('never-done') },
    ends: endsOf(simulator),
  });
  if (take('threshold-cancel')) {
    run.errorThreshold = 0;
    run.items.slice(0, 1).forEach((item) => {
      item.end = 'user-error';
    });
  }
  record(run, response, simulator);
  for (const { download, input, externalId } of run.items) {
    simulator.downloads.begin(download, { url: input.url, externalId, signal: run.stop.signal });
  }
  if (take('run-created-then-timeout')) {
    return hangUp(request);
  }
  if (take('run-created-then-500')) {
    return refuse(response, 500, BROKEN);
  }
  response.status(201).json({ run_id: run.id });
}

/** How the items of a new run are to end, as the faults have it: only a first one can be told to fail. */
function endsOf({ take }: Simulator): (index: number) => ItemEnd {
  const first = take('item-user-error') ? 'user-error' : take('item-system-error') ? 'system-error' : 'success';
  return (index) => (index === 0 ? first : 'success');
}

function record(run: Run, response: Response, { ledger }: Simulator): void {
  const call = callOf(response);
  const sha256 = sha256OfRun(run);
  call.keys = { run_id: run.id };
  ledger.submitted(call, sha256);
  ledger.bill({ sha256, keys: { run_id: run.id }, units: { runs: 1 } });
}

/** The first slide that cannot be had, where that is looked at now. */
async function unreachable({ items }: RunCreation, { options, downloads }: Simulator): Promise<string | undefined> {
  if (options.unreachable !== 'refuse') {
    return undefined;
  }
  for (const { external_id, input_artifacts } of items) {
    for (const { name, download_url } of input_artifacts) {
      if (!(await downloads.isReachable(download_url))) {
        return `Item ${external_id}: download_url of ${name} is not reachable`;
      }
    }
  }
  return undefined;
}

function submittedThisMonth({ organization }: User, { world, now }: Simulator): number {
  const month = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 7);
  const current = month(now().getTime());
  return [...world.runs.values()]
    .filter(({ user, submittedAt }) => user.organization.id === organization.id && month(submittedAt) === current)
    .reduce((slides, { items }) => slides + items.length, 0);
}
