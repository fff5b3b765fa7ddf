/** Who may see a run: whoever submitted it, whom it was shared with, and whoever has a share token for it. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { userOf } from './admit.ts';
import { invalid, refuse } from './answers.ts';
import { first } from './lists.ts';
import type { User } from './options.ts';
import type { Simulator } from './simulator.ts';
import type { Run } from './world.ts';

const uuid = z.uuid();

/**
 * The run of the call, or an answer that says why it is not to be had: no UUID, absent (or not yet on the replica that is
 * read), somebody else's. `access` `read`: a grant or share token does, and the replica's lag counts.
 */
export function runFor(
  request: Request,
  response: Response,
  simulator: Simulator,
  access: 'read' | 'write',
): Run | undefined {
  const { world, options, now, take } = simulator;
  const { run_id: id = '' } = request.params;
  if (!uuid.safeParse(id).success) {
    const msg = 'Input should be a valid UUID';
    invalid(response, [{ loc: ['path', 'run_id'], msg, type: 'uuid_parsing', input: id }]);
    return undefined;
  }
  const run = world.runs.get(String(id));
  const lags = access === 'read' && run && (isLagging(run, options.replicaLagMs, now()) || take('replica-lag-404'));
  if (!run || lags) {
    refuse(response, 404, 'Run not found');
    return undefined;
  }
  const token = first(request, 'share_token');
  const user = userOf(response);
  if (run.user.id !== user.id && (access === 'write' || !isShared(run, user, token, simulator))) {
    refuse(response, 403, "You don't have permission to access this run");
    return undefined;
  }
  return run;
}

/** Whether a run has not reached the replica yet that readings are answered from. */
export function isLagging(run: Run, lagMs: number, now: Date): boolean {
  return now.getTime() < run.submittedAt + lagMs;
}

function isShared(run: Run, user: User, secret: string | undefined, { world, options, now }: Simulator): boolean {
  if (options.spec === '1.4') {
    return false;
  }
  const shared = [...world.shareTokens.values()].find((token) => token.secret === secret);
  const token =
    shared && !shared.revoked && Date.parse(shared.expiresAt ?? '9999-12-31') > now().getTime() ? shared : undefined;
  return [...world.grants.values()].some(
    ({ resourceType, resourceId, subjectType, subjectId, revoked }) =>
      !revoked &&
      resourceType === 'run' &&
      resourceId === run.id &&
      ((subjectType === 'user' && subjectId === user.id) ||
        (subjectType.startsWith('organization') && subjectId === user.organization.id) ||
        (subjectType === 'share_token' && subjectId === token?.id)),
  );
}
