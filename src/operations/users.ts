import { createHash, timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Role } from '../config/schema.ts';
import type { UserConfig } from '../config.ts';
import { sendProblem } from './problem.ts';

/** What a role may do; an operator may do what a viewer may. An approver may answer what spends money, and look. */
const GRANTS: Record<Role, ReadonlySet<Role>> = {
  viewer: new Set(['viewer']),
  operator: new Set(['viewer', 'operator']),
  approver: new Set(['viewer', 'approver']),
};

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Finds the user of a bearer token; every known token is compared, in constant time. */
export function findUser(users: readonly UserConfig[], authorization: string | undefined): UserConfig | undefined {
  const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    return undefined;
  }
  const given = digest(token);
  let found: UserConfig | undefined;
  for (const user of users) {
    if (timingSafeEqual(digest(user.token), given)) {
      found = user;
    }
  }
  return found;
}

export function hasRole(user: Pick<UserConfig, 'roles'>, role: Role): boolean {
  return user.roles.some((own) => GRANTS[own].has(role));
}

/** The user that `requireRole` has let in. */
export function userOf(response: Response): UserConfig {
  return response.locals.user;
}

/** Middleware: 401 without a known token, 403 without the role; else the user is in `response.locals.user`. */
export function requireRole(users: readonly UserConfig[], role: Role): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const user = findUser(users, request.get('authorization'));
    if (!user) {
      response.set('WWW-Authenticate', 'Bearer');
      sendProblem(response, 401, 'unauthorized', 'Send the token of a user of console.users as a bearer token.');
    } else if (!hasRole(user, role)) {
      sendProblem(response, 403, 'forbidden', `This needs the role ${role}.`);
    } else {
      response.locals.user = user;
      next();
    }
  };
}
