/** What happens to every call of the API before its endpoint: the ledger, the faults of a busy host, the key, the body. */
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import type { LedgerCall } from '../ledger.ts';
import type { ErrorCode } from './errors.ts';
import type { HistaiFault } from './faults.ts';
import type { Simulator } from './simulator.ts';
import type { Account } from './world.ts';

const CASES = '/v1/datahub/cases';
const COHORT = '/v1/datahub/cohorts/{cohortId}';

/** Every path that there is, as its documentation writes it. */
const PATHS = [
  CASES,
  `${CASES}/search`,
  `${CASES}/filters`,
  `${CASES}/filters/page`,
  `${CASES}/filters/global`,
  '/v1/datahub/cohorts',
  COHORT,
  `${COHORT}/status`,
  `${COHORT}/slides`,
  `${COHORT}/pay`,
  `${COHORT}/export/status`,
  `${COHORT}/export/manifest`,
  `${COHORT}/export/files`,
  `${COHORT}/export/files/{fileId}`,
  `${COHORT}/export/refresh`,
  '/v1/billing/balance',
  '/v1/billing/history',
  '/v1/billing/payment-methods',
  '/v1/billing/topup/charge',
].map((path) => ({ path, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }));

/** What an account may be refused for, whatever it asks. */
const ACCOUNT_FAULTS = [
  ['invalid-key', 'INVALID_API_KEY'],
  ['api-key-not-allowed', 'API_KEY_NOT_ALLOWED'],
  ['subscription-required', 'SUBSCRIPTION_REQUIRED'],
  ['storage-overage', 'STORAGE_OVERAGE'],
] as const satisfies [HistaiFault, ErrorCode][];

const RATE_LIMITED = { 'Retry-After': '7', 'X-RateLimit-Limit': '120', 'X-RateLimit-Remaining': '0' } as const;

/** Handlers for a router; they leave the ledger's entry and the account of the call in `response.locals`. */
export function admit(simulator: Simulator): (RequestHandler | ErrorRequestHandler)[] {
  const { answers } = simulator;
  const unreadableBody: ErrorRequestHandler = (_error, _request, response, _next) => {
    answers.refuse(response, 'INVALID_PARAMETERS', 'The body cannot be read');
  };
  return [
    record(simulator),
    busy(simulator),
    checkKey(simulator),
    express.json({ limit: '10mb', strict: false }),
    unreadableBody,
  ];
}

/** The ledger's entry of the call that an answer belongs to. */
export function callOf(response: Response): LedgerCall {
  const { call } = response.locals;
  return call;
}

/** Whose key the call has. */
export function accountOf(response: Response): Account {
  const { account } = response.locals;
  return account;
}

function record({ take, ledger, options, answers }: Simulator): RequestHandler {
  return (request, response, next) => {
    const path = PATHS.find(({ pattern }) => pattern.test(request.path))?.path;
    const call = ledger.call({ endpoint: `${request.method} ${path ?? '(unknown path)'}` });
    response.locals.call = call;
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    if (path === undefined) {
      answers.refuse(response, 'NOT_FOUND');
    } else if (take('slow')) {
      setTimeout(next, options.slowMs).unref();
    } else {
      next();
    }
  };
}

function busy({ take, answers }: Simulator): RequestHandler {
  return (_request, response, next) => {
    if (take('5xx-burst')) {
      response.status(503).type('text/plain').send('upstream connect error or disconnect/reset before headers');
    } else if (take('rate-limit')) {
      answers.refuse(response.set(RATE_LIMITED), 'RATE_LIMITED');
    } else {
      next();
    }
  };
}

function checkKey({ world, take, answers }: Simulator): RequestHandler {
  return (request, response, next) => {
    const account = world.accounts.get(request.get('x-api-key') ?? '');
    const refused = account ? ACCOUNT_FAULTS.find(([fault]) => take(fault))?.[1] : 'INVALID_API_KEY';
    if (refused) {
      return answers.refuse(response, refused);
    }
    response.locals.account = account;
    next();
  };
}
