/** What happens to every call of the simulator before its endpoint: the ledger, the pace, the token, the JSON body. */
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import type { VendorFaults } from '../faults.ts';
import type { LedgerCall, VendorLedger } from '../ledger.ts';
import { badRequest, FORBIDDEN, INTERNAL, refuse, TOO_LARGE, TOO_MANY, unauthorized } from './envelope.ts';
import type { HematoFault } from './faults.ts';
import type { Tokens } from './tokens.ts';

const ENDPOINTS: [RegExp, string][] = [
  [/^\/pbs\/?$/, '/pbs'],
  [/^\/pbs\/[^/]+\/(files|tasks|status|report)\/?$/, '/pbs/{id}/$1'],
  [/^\/pbs\/[^/]+\/(status|report|reports)\/[^/]+\/?$/, '/pbs/{id}/$1/{task}'],
  [/^\/(login\/demo|auth\/login|auth\/hello|heartbeat)\/?$/, '/$1'],
];

/** The endpoint by its pattern; a path that is none is not written down, as it may hold anything. */
function endpointOf(method: string, path: string): string {
  const known = ENDPOINTS.find(([pattern]) => pattern.test(path));
  return `${method} ${known ? path.replace(known[0], known[1]) : '(unknown path)'}`;
}

/** Records the call, leaves it in `response.locals.call`, and lets the fault `slow` wait. */
export function record(options: { ledger: VendorLedger; take(name: HematoFault): boolean; slowMs: number }) {
  const { ledger, take, slowMs } = options;
  const handler: RequestHandler = (request, response, next) => {
    const call = ledger.call({ endpoint: endpointOf(request.method, request.path) });
    response.locals.call = call;
    response.locals.begun = performance.now();
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    if (take('slow')) {
      setTimeout(next, slowMs).unref();
    } else {
      next();
    }
  };
  return handler;
}

/** What `record` wrote down of the call, and how long ago it came. */
export function context({ locals }: Response): { call: LedgerCall; milliseconds: number } {
  return { call: locals.call, milliseconds: performance.now() - locals.begun };
}

/** Lets through whoever shows a good token, bare or as Bearer; `audience` is what it has to name, default this host. */
export function authenticate(options: { faults: VendorFaults; tokens: Tokens; audience: string | undefined }) {
  const { faults, tokens, audience } = options;
  const take = (name: HematoFault) => faults.take(name);
  const handler: RequestHandler = (request, response, next) => {
    const token = (request.get('authorization') ?? '').replace(/^bearer(?:\s+|$)/i, '').trim();
    const refusal = tokens.refusal(token, audience ?? request.get('host') ?? '');
    if (refusal) {
      return refuse(response, refusal);
    }
    if (faults.level('unauthorized-forever' satisfies HematoFault) > 0 || take('token-expired')) {
      return refuse(response, unauthorized('token is expired'));
    }
    if (take('region-403')) {
      return refuse(response, FORBIDDEN);
    }
    if (take('rate-limit-429')) {
      response.set('Retry-After', '2');
      return refuse(response, TOO_MANY);
    }
    next();
  };
  return handler;
}

/**
 * Reads a JSON body whatever its declared type, since the documents' own samples declare none or a form's; an absent one
 * is left undefined.
 */
export const jsonBody: RequestHandler[] = [
  express.raw({ type: () => true, limit: '256kb' }),
  (request, response, next) => {
    const bytes: unknown = request.body;
    request.body = undefined;
    if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
      return next();
    }
    try {
      request.body = JSON.parse(bytes.toString('utf8'));
    } catch {
      return refuse(response, badRequest('body is not JSON'));
    }
    next();
  },
];

/** The last handler: whatever went wrong comes in the envelope, too. */
export const failed: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) {
    return next(error);
  }
  const status: unknown = error?.status;
  const isTheirs = typeof status === 'number' && status < 500;
  refuse(response, status === 413 ? TOO_LARGE : isTheirs ? badRequest('request cannot be read') : INTERNAL);
};
