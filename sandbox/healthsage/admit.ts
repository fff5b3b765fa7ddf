/** What happens to every call of the simulator before its endpoint: the ledger, the key, the body. */
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { VendorLedger } from '../ledger.ts';
import type { HealthsageFault } from './faults.ts';
import type { Account } from './tasks.ts';

interface Admission {
  take: (name: HealthsageFault) => boolean;
  ledger: VendorLedger;
  accounts: Map<string, Account>;
  slowMs: number;
}

/**
 * Handlers that record the call, check the key and read the body; they leave `call` and `account` in `response.locals`.
 * Keys that begin with `sandbox-` are active, those that begin with `inactive-` are not (403), others unknown (401).
 */
export function admit(admission: Admission): (RequestHandler | ErrorRequestHandler)[] {
  return [record(admission), checkKey(admission), express.json({ limit: '1mb', strict: false }), unreadableBody];
}

function record({ take, ledger, slowMs }: Admission): RequestHandler {
  return (request, response, next) => {
    const call = ledger.call({ endpoint: endpointOf(request.method, request.path) });
    response.locals.call = call;
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    if (take('slow')) {
      setTimeout(next, slowMs).unref();
    } else {
      next();
    }
  };
}

function checkKey({ take, accounts }: Admission): RequestHandler {
  return (request, response, next) => {
    const key = request.get('x-api-key') ?? '';
    const active = key.startsWith('sandbox-');
    if (key.startsWith('inactive-') || (active && take('inactive-key'))) {
      response.status(403).json({ detail: 'API key is inactive' });
      return;
    }
    if (!active) {
      response.status(401).json({ detail: 'Invalid or missing API key' });
      return;
    }
    const account = accounts.get(key) ?? { requests: 0, used: 0 };
    accounts.set(key, account);
    account.requests += 1;
    response.locals.account = account;
    next();
  };
}

const unreadableBody: ErrorRequestHandler = (error, _request, response, _next) => {
  const tooLarge = error?.type === 'entity.too.large';
  const detail = [{ type: 'json_invalid', loc: ['body'], msg: 'JSON decode error', input: {} }];
  response.status(tooLarge ? 413 : 422).json({ detail: tooLarge ? 'Request body too large' : detail });
};

const ENDPOINTS: [RegExp, string][] = [
  [/^\/generate\/?$/, '/generate'],
  [/^\/tasks\/fhir\/[^/]+\/?$/, '/tasks/fhir/{task_id}'],
  [/^\/tasks\/[^/]+\/?$/, '/tasks/{task_id}'],
  [/^\/auth\/usage\/?$/, '/auth/usage'],
];

/** The endpoint by its pattern; a path that is none is not written down, as it may hold anything. */
function endpointOf(method: string, path: string): string {
  return `${method} ${ENDPOINTS.find(([pattern]) => pattern.test(path))?.[1] ?? '(unknown path)'}`;
}
