/** What happens to every call of the API before its endpoint: the ledger, the slash, the limits, the body, the token. */
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import type { LedgerCall } from '../ledger.ts';
import { noSuchPage, oneError, refuse, throttled, unauthorized } from './errors.ts';
import type { Simulator } from './simulator.ts';

const COMPANY = '/api/v1/companies/{company_id}';
const COMPANY_V3 = '/api/v3/companies/{company_id}';

/** Every path that there is, as its documentation writes it. */
const PATHS = [
  '/api/v1/auth/login/',
  '/api/v1/auth/refresh/',
  '/api/v1/auth/private_tokens/',
  '/api/v1/auth/private_tokens/{id}/',
  `${COMPANY}/applications/`,
  `${COMPANY}/applications/{tech_name}/attach-to-dataset/`,
  `${COMPANY}/datasets/`,
  `${COMPANY}/datasets/{dataset_id}/`,
  `${COMPANY}/datasets/{dataset_id}/subjects/`,
  `${COMPANY}/datasets/{dataset_id}/subjects/{subject_id}/`,
  `${COMPANY}/datasets/{dataset_id}/webhooks/`,
  `${COMPANY_V3}/subjects/{subject_id}/upload/`,
  `${COMPANY_V3}/subjects/{subject_id}/parameters/`,
  `${COMPANY_V3}/batches/`,
  `${COMPANY_V3}/batches/{image_batch_id}/`,
  `${COMPANY_V3}/batches/{image_batch_id}/compute/`,
  `${COMPANY_V3}/batches/{image_batch_id}/results/`,
].map((path) => ({ path, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }));

const documented = (path: string) => PATHS.find(({ pattern }) => pattern.test(path))?.path;
/** Nobody has a token before they have logged in. */
const OPEN = new Set(['/api/v1/auth/login/', '/api/v1/auth/refresh/']);
const RETRY_AFTER_SECONDS = 12;

/** Handlers for a router; they leave the ledger's entry of the call in `response.locals.call`. */
export function admit(simulator: Simulator): (RequestHandler | ErrorRequestHandler)[] {
  return [
    record(simulator),
    slash,
    limit(simulator),
    checkToken(simulator),
    express.json({ limit: '1mb', strict: false }),
    unreadableBody,
    onlyJson,
  ];
}

/** The ledger's entry of the call that an answer belongs to. */
export function callOf(response: Response): LedgerCall {
  const { call } = response.locals;
  return call;
}

function record({ take, ledger, options }: Simulator): RequestHandler {
  return (request, response, next) => {
    // One that lacks its slash is written down without it, so that the mistake can be seen.
    const path = documented(request.path) ?? documented(`${request.path}/`)?.slice(0, -1);
    const call = ledger.call({ endpoint: `${request.method} ${path ?? '(unknown path)'}` });
    response.locals.call = call;
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    if (path !== undefined && take('slow')) {
      setTimeout(next, options.slowMs).unref();
    } else {
      next();
    }
  };
}

/** A path without its last slash is moved for good, as Django does it: a POST that follows arrives as GET, without its body. */
const slash: RequestHandler = (request, response, next) => {
  if (documented(request.path) !== undefined) {
    next();
  } else if (documented(`${request.path}/`) === undefined) {
    noSuchPage(response);
  } else {
    const [path = '', query] = request.originalUrl.split('?');
    const location = `${path}/${query === undefined ? '' : `?${query}`}`;
    response.status(301).set('Location', location).end();
  }
};

function limit({ take }: Simulator): RequestHandler {
  return (_request, response, next) => (take('rate-limit-429') ? throttled(response, RETRY_AFTER_SECONDS) : next());
}

function checkToken({ tokens, take, lasts }: Simulator): RequestHandler {
  return (request, response, next) => {
    const [, token] = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (OPEN.has(request.path)) {
      return next();
    }
    if (token !== undefined && tokens.accepts(token) && take('token-expired')) {
      tokens.expire(token);
      return unauthorized(response, true);
    }
    return token !== undefined && tokens.accepts(token) && !lasts('unauthorized')
      ? next()
      : unauthorized(response, token !== undefined);
  };
}

/** A body of another type is not read. */
const onlyJson: RequestHandler = (request, response, next) => {
  if (request.is('json') === false && request.get('content-length') !== '0') {
    const given = request.get('content-type') ?? '';
    refuse(response, 415, oneError('unsupported_media_type', `Unsupported media type "${given}" in request.`));
  } else {
    next();
  }
};

const unreadableBody: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error?.type === 'entity.too.large') {
    refuse(response, 413, oneError('error', 'Request body is too large.'));
  } else {
    refuse(response, 400, oneError('parse_error', 'JSON parse error'), 'client_error');
  }
};
