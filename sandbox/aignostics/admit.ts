/** What happens to every call of the API before its endpoint: the ledger, the faults of a busy host, the token, the body. */
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import type { LedgerCall } from '../ledger.ts';
import { invalid, refuse, unauthorized } from './answers.ts';
import type { User } from './options.ts';
import type { Simulator } from './simulator.ts';

const APPLICATION = '/v1/applications/{application_id}';
const VERSION = `${APPLICATION}/versions/{version}`;
const RUN = '/v1/runs/{run_id}';

/** Every path that there is, as its documentation writes it; those that 1.4 does not know are marked. */
const PATHS = [
  '/v1/applications',
  APPLICATION,
  VERSION,
  '/v1/runs',
  RUN,
  `${RUN}/cancel`,
  `${RUN}/items`,
  `${RUN}/items/{external_id}`,
  `${RUN}/items/{external_id}/custom-metadata`,
  `${RUN}/artifacts`,
  `${RUN}/artifacts/{artifact_id}/file`,
  `${RUN}/custom-metadata`,
  '/v1/me',
].map(pathOf);
const NEW_PATHS = [
  `${VERSION}/documents`,
  `${VERSION}/documents/{name}`,
  `${VERSION}/documents/{name}/file`,
  `${VERSION}/documents/{name}/content`,
  '/v1/access/grants',
  '/v1/access/grants/{grant_id}',
  '/v1/access/share-tokens',
  '/v1/access/share-tokens/{share_token_id}',
].map(pathOf);

const RETRY_AFTER_SECONDS = 7;

function pathOf(path: string) {
  return { path, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) };
}

/** Handlers for a router; they leave the ledger's entry and the user of the call in `response.locals`. */
export function admit(simulator: Simulator): (RequestHandler | ErrorRequestHandler)[] {
  return [
    record(simulator),
    busy(simulator),
    checkToken(simulator),
    express.json({ limit: '10mb', strict: false }),
    unreadableBody,
  ];
}

/** The ledger's entry of the call that an answer belongs to. */
export function callOf(response: Response): LedgerCall {
  const { call } = response.locals;
  return call;
}

/** Whose token the call has. */
export function userOf(response: Response): User {
  const { user } = response.locals;
  return user;
}

function record({ take, ledger, options }: Simulator): RequestHandler {
  const paths = options.spec === '1.4' ? PATHS : [...PATHS, ...NEW_PATHS];
  const documented = (path: string) => paths.find(({ pattern }) => pattern.test(path))?.path;
  return (request, response, next) => {
    const path = documented(request.path);
    const call = ledger.call({ endpoint: `${request.method} ${path ?? '(unknown path)'}` });
    response.locals.call = call;
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    const slashed = path === undefined && documented(request.path.replace(/\/$/, '')) !== undefined;
    if (slashed) {
      // The documents write some paths with a last slash; the framework sends such calls on to the path without it.
      const [address = '', query] = request.originalUrl.split('?');
      const location = `${address.replace(/\/$/, '')}${query === undefined ? '' : `?${query}`}`;
      response.status(307).set('Location', location).end();
    } else if (path === undefined) {
      refuse(response, 404, 'Not Found');
    } else if (take('slow')) {
      setTimeout(next, options.slowMs).unref();
    } else {
      next();
    }
  };
}

function busy({ take }: Simulator): RequestHandler {
  return (_request, response, next) => {
    if (take('5xx-burst')) {
      response.status(503).type('text/plain').send('upstream connect error or disconnect/reset before headers');
    } else if (take('rate-limit')) {
      refuse(response.set('Retry-After', String(RETRY_AFTER_SECONDS)), 429, 'Too Many Requests');
    } else {
      next();
    }
  };
}

function checkToken({ tokens, take }: Simulator): RequestHandler {
  return (request, response, next) => {
    const [, token] = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    const known = tokens.userOf(token);
    if ('refusal' in known) {
      return unauthorized(response, known.refusal);
    }
    if (take('token-expired')) {
      tokens.expire(token ?? '');
      return unauthorized(response, 'Jwt is expired');
    }
    response.locals.user = known.user;
    next();
  };
}

const unreadableBody: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error?.type === 'entity.too.large') {
    refuse(response, 413, 'Request body is too large');
  } else {
    invalid(response, [{ loc: ['body', 0], msg: 'JSON decode error', type: 'json_invalid', input: {} }]);
  }
};
