/**
 * CDS Hooks 2.0: at the moment of signing, a clinician learns whether the order can be done. Advice only: no order is ever
 * made of a call, it makes us look sooner. Nothing of what is sent is logged or kept.
 */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import express, { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express';
import { asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Database } from '../../orders/store/database.ts';
import { rememberOnce } from '../../orders/store/remember-once.ts';
import { type CdsSite, cardsFor } from './facts.ts';
import { type CdsTrust, openCdsTrust } from './jwt.ts';
import { readRequest } from './request.ts';
import { servicesOf } from './services.ts';

export interface CdsOptions {
  sites: ReadonlyMap<string, CdsSite>;
  /** What clients reach us as: the audience of their tokens begins with it. */
  publicUrl: string | undefined;
  database: Database;
  log: Log;
  now(): Date;
  /** A call came for this site: look sooner. */
  onCall(site: string): void;
  /** Milliseconds for finding things out. */
  patience?: number;
}

/** Bytes of a request: fifty orders with what was prefetched, not the pictures themselves. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** So that the answer leaves in the specification's 500 ms, with the token's check and the way before it. */
const PATIENCE = 350;

/**
 * A client in a browser is on another origin than ours. No cookie is ever looked at, so any origin may ask: what counts is
 * the token.
 */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Max-Age': '600',
};

interface Refusal {
  status: number;
  code: OperationOutcomeIssue['code'];
  text: string;
}

const REFUSALS = {
  noServices: { status: 404, code: 'not-found', text: 'There are no CDS services of this name here.' },
  wrongMethod: { status: 405, code: 'not-supported', text: 'Services are listed by GET and called by POST.' },
  unauthorized: { status: 401, code: 'login', text: 'The token is missing, wrong, too old or used before.' },
  unavailable: { status: 503, code: 'transient', text: 'The token cannot be checked at the moment.' },
  tooLarge: { status: 413, code: 'too-long', text: 'The request is larger than this service takes.' },
  notJson: { status: 415, code: 'not-supported', text: 'Send JSON in UTF-8, as application/json.' },
  malformed: { status: 400, code: 'invalid', text: 'The request is not JSON.' },
  wrongHook: { status: 400, code: 'invalid', text: 'This service is for another hook.' },
} as const satisfies Record<string, Refusal>;

/** Errors are OperationOutcomes: a CDS client speaks FHIR, and the specification's next version asks for them. */
function refuse(response: Response, { status, code, text }: Refusal, expression: string[] = []): void {
  const more = expression.length > 0 ? { expression } : {};
  const issue = { severity: 'error', code, details: { text }, ...more };
  response.status(status).set('Content-Type', 'application/fhir+json; charset=utf-8');
  if (status === 401) {
    response.set('WWW-Authenticate', 'Bearer realm="cds-services"');
  }
  if (status === 503) {
    response.set('Retry-After', '5');
  }
  response.end(JSON.stringify({ resourceType: 'OperationOutcome', issue: [issue] }));
}

/** Mounts `/sites/{site}/cds-services` for the sites that have it configured; the others' answer 404. */
export function cdsRouter(options: CdsOptions): Router {
  const { sites, publicUrl, database, log, now } = options;
  const trusts = new Map<string, CdsTrust>();
  for (const [site, { config }] of sites) {
    if (config.cdsHooks) {
      const once = (key: string, until: Date) => rememberOnce(database, { site, owner: 'cds', key, until, now: now() });
      trusts.set(site, openCdsTrust({ clients: config.cdsHooks.clients, now, once }));
    }
  }

  const siteOf: RequestHandler = (request, response, next) => {
    response.set({ ...CORS, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    const site = sites.get(String(request.params.site));
    if (!site?.config.cdsHooks) {
      refuse(response, REFUSALS.noServices);
    } else if (request.method === 'OPTIONS') {
      response.status(204).end();
    } else {
      response.locals.site = site;
      next();
    }
  };

  /** For anybody: it holds nothing of patients, and administrators look at it with a browser. */
  const discover: RequestHandler = (_request, response) => {
    const site: CdsSite = response.locals.site;
    response.json({ services: servicesOf(site.config) });
  };

  /** Before the body is read. */
  const authenticate: RequestHandler = async (request, response, next) => {
    const site: CdsSite = response.locals.site;
    const service = servicesOf(site.config).find(({ id }) => id === request.params.id);
    if (!service) {
      return refuse(response, REFUSALS.noServices);
    }
    const audience = `${publicUrl ?? ''}/sites/${site.name}/cds-services/${service.id}`;
    const isOpen = site.config.cdsHooks?.clients === 'none';
    // Without a public URL no token can be meant for us.
    const trust =
      isOpen || publicUrl ? await trusts.get(site.name)?.(request.get('authorization'), audience) : undefined;
    if (trust === 'trusted') {
      response.locals.hook = service.hook;
      return next();
    }
    const refusal = trust === 'refused' ? REFUSALS.unauthorized : REFUSALS.unavailable;
    log.warn({ site: site.name, httpStatus: refusal.status }, 'CDS call refused');
    refuse(response, refusal);
  };

  const call: RequestHandler = async (request, response) => {
    const site: CdsSite = response.locals.site;
    if (request.body === undefined) {
      return refuse(response, REFUSALS.notJson);
    }
    const read = readRequest(request.body);
    if ('wrong' in read) {
      const text = read.wrong.map(({ field, message }) => `${field}: ${message}`).join('; ');
      const fields = read.wrong.map(({ field }) => field);
      return refuse(response, { status: 400, code: 'invalid', text: text.slice(0, 1000) }, fields.slice(0, 20));
    }
    if (read.request.hook !== response.locals.hook) {
      return refuse(response, REFUSALS.wrongHook, ['hook']);
    }
    const sources = { database, now, patience: options.patience ?? PATIENCE };
    try {
      response.json({ cards: await cardsFor(site, read.request, sources) });
    } catch (thrown) {
      // A defect of ours must not stand in the way of signing.
      log.error({ site: site.name, code: asAdapterError(thrown).code }, 'CDS call answered without cards');
      response.json({ cards: [] });
    }
    options.onCall(site.name);
  };

  const failed: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    const status = error instanceof Error && 'status' in error ? error.status : undefined;
    log.warn({ code: asAdapterError(error).code, httpStatus: Number(status ?? 503) }, 'CDS call failed');
    if (!response.headersSent && !request.socket.destroyed) {
      const known = { 413: REFUSALS.tooLarge, 415: REFUSALS.notJson, 400: REFUSALS.malformed };
      refuse(response, status === 413 || status === 415 || status === 400 ? known[status] : REFUSALS.unavailable);
    }
  };

  const json = express.json({ limit: BODY_LIMIT, type: ['json', '+json'] });
  const only = (methods: string): RequestHandler => {
    return (_request, response) => refuse(response.set('Allow', methods), REFUSALS.wrongMethod);
  };
  const nothingHere: RequestHandler = (_request, response) => refuse(response, REFUSALS.noServices);
  const router = Router();
  router.route('/sites/:site/cds-services').all(siteOf).get(discover).all(only('GET, OPTIONS'));
  router.route('/sites/:site/cds-services/:id').all(siteOf).post(authenticate, json, call).all(only('POST, OPTIONS'));
  router.use('/sites/:site/cds-services', siteOf, nothingHere, failed);
  return router;
}
