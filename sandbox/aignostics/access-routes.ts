/** Grants and share tokens: how a run is shown to others. Not in 1.4. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { userOf } from './admit.ts';
import { instant, invalid, problemsOf, refuse } from './answers.ts';
import { all, first, pageOf } from './lists.ts';
import type { Simulator } from './simulator.ts';
import type { Grant, ShareToken } from './world.ts';

const grantRequest = z.object({
  resource_type: z.enum(['run', 'item', 'output_artifact', 'share_token']),
  resource_id: z.uuid(),
  subject_type: z.enum(['user', 'organization_admin', 'organization_user', 'share_token']),
  subject_id: z.string().nullish(),
  subject_email: z.string().nullish(),
  relation: z.literal('viewer', { error: 'Value error, Only viewer grants can be created' }),
});
const tokenRequest = z.object({ expires_at: z.iso.datetime({ offset: true }).nullish() });
const uuid = z.uuid();

export function addAccessRoutes(api: Router, simulator: Simulator): void {
  const { world, now, options } = simulator;
  const stamp = () => instant(now().getTime());

  api.post('/v1/access/grants', (request, response) => {
    const parsed = grantRequest.safeParse(request.body, { reportInput: true });
    if (!parsed.success) {
      return invalid(response, problemsOf('body', parsed.error.issues));
    }
    const { resource_type, resource_id, subject_type, subject_id, subject_email } = parsed.data;
    const subject = subject_id ?? options.users.find(({ email }) => email === subject_email)?.id;
    if (subject === undefined || !isOwn(resource_id, userOf(response).id)) {
      return refuse(response, 404, 'Resource not found');
    }
    const grant: Grant = {
      ...{ id: randomUUID(), resourceType: resource_type, resourceId: resource_id },
      ...{ subjectType: subject_type, subjectId: subject, createdBy: userOf(response).id },
      ...{ createdAt: stamp(), revoked: false },
    };
    world.grants.set(grant.id, grant);
    response.status(201).json(tellGrant(grant));
  });

  /** Whether a run, or something of one, was submitted by the user. */
  function isOwn(id: string, user: string): boolean {
    return [...world.runs.values()].some(
      (run) =>
        run.user.id === user &&
        (run.id === id || run.items.some((item) => item.id === id || item.outputs.some((output) => output.id === id))),
    );
  }

  api.get('/v1/access/grants', (request, response) => {
    const own = mine(world.grants, response).filter(
      (grant) =>
        matches(request, 'resource_type', grant.resourceType) &&
        matches(request, 'resource_id', grant.resourceId) &&
        matches(request, 'subject_type', grant.subjectType) &&
        matches(request, 'subject_id', grant.subjectId) &&
        matches(request, 'revoked', String(grant.revoked)) &&
        matches(request, 'relation', 'viewer'),
    );
    sendPage(request, response, own, tellGrant);
  });

  api.post('/v1/access/share-tokens', (request, response) => {
    const parsed = tokenRequest.safeParse(request.body, { reportInput: true });
    if (!parsed.success) {
      return invalid(response, problemsOf('body', parsed.error.issues));
    }
    const token: ShareToken = {
      ...{ id: randomUUID(), secret: `shr_${randomBytes(24).toString('base64url')}`, createdBy: userOf(response).id },
      ...{ createdAt: stamp(), expiresAt: parsed.data.expires_at ?? null, revoked: false },
    };
    world.shareTokens.set(token.id, token);
    response.status(201).json({ ...tellToken(token), share_token: token.secret });
  });

  api.get('/v1/access/share-tokens', (request, response) => {
    const run = first(request, 'run_id');
    const shown = [...world.grants.values()]
      .filter(({ resourceId }) => resourceId === run)
      .map(({ subjectId }) => subjectId);
    const own = mine(world.shareTokens, response).filter(
      (token) =>
        (run === undefined || shown.includes(token.id)) &&
        matches(request, 'created_by', token.createdBy) &&
        matches(request, 'revoked', String(token.revoked)),
    );
    sendPage(request, response, own, tellToken);
  });

  addOne(api, '/v1/access/grants/:id', world.grants, tellGrant);
  addOne(api, '/v1/access/share-tokens/:id', world.shareTokens, tellToken);
}

interface Shared {
  id: string;
  createdBy: string;
  createdAt: string;
  revoked: boolean;
}

function mine<T extends Shared>(among: ReadonlyMap<string, T>, response: Response): T[] {
  return [...among.values()].filter(({ createdBy }) => createdBy === userOf(response).id);
}

function matches(request: Request, name: string, value: string): boolean {
  const wanted = all(request, name);
  return wanted.length === 0 || wanted.includes(value);
}

function sendPage<T extends Shared>(request: Request, response: Response, items: T[], tell: (one: T) => object): void {
  const found = pageOf(request, {
    items,
    unsorted: ({ id }) => id,
    sizeName: 'page_size',
    fields: { created_at: (one: T) => one.createdAt, created_by: (one: T) => one.createdBy },
  });
  if ('problems' in found) {
    invalid(response, found.problems);
    return;
  }
  response.json(found.page.map(tell));
}

/** Reading one and revoking it, which can be done once. */
function addOne<T extends Shared>(
  api: Router,
  path: string,
  among: ReadonlyMap<string, T>,
  tell: (one: T) => object,
): void {
  function find(request: Request, response: Response): T | undefined {
    const id = String(request.params.id);
    const found = among.get(id);
    if (!uuid.safeParse(id).success) {
      invalid(response, [
        { loc: ['path', 'id'], msg: 'Input should be a valid UUID', type: 'uuid_parsing', input: id },
      ]);
    } else if (!found) {
      refuse(response, 404, 'Not found');
    } else if (found.createdBy !== userOf(response).id) {
      refuse(response, 403, 'Not yours');
    } else {
      return found;
    }
    return undefined;
  }

  api.get(path, (request, response) => {
    const found = find(request, response);
    if (found) {
      response.json(tell(found));
    }
  });
  api.delete(path, (request, response) => {
    const found = find(request, response);
    if (found?.revoked) {
      return refuse(response, 409, 'Already revoked');
    }
    if (found) {
      found.revoked = true;
      response.json(tell(found));
    }
  });
}

const tellGrant = (grant: Grant) => ({
  grant_id: grant.id,
  resource_type: grant.resourceType,
  resource_id: grant.resourceId,
  subject_type: grant.subjectType,
  subject_id: grant.subjectId,
  relation: 'viewer',
  created_by: grant.createdBy,
  created_at: grant.createdAt,
  revoked: grant.revoked,
});

const tellToken = ({ id, createdAt, expiresAt, revoked }: ShareToken) => ({
  share_token_id: id,
  created_at: createdAt,
  expires_at: expiresAt,
  revoked,
});
