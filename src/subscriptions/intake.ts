/**
 * The door for notifications: known site, size, sender, stored, answered, in this order and nothing else. No FHIR
 * server and no vendor is asked before the answer; senders give up after as little as two seconds.
 */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import type { SiteConfig } from '../config/schema.ts';
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { IncomingNotification, NotificationStore } from '../orders/types.ts';
import { REFUSALS, type Refusal, sendReceived, sendRefusal } from './answer.ts';
import { authenticateSender, mayAuthenticate } from './authenticate.ts';
import { createBatcher } from './batch.ts';
import { byteBudget } from './byte-budget.ts';
import { openGooglePush, type PushVerdict } from './google-push.ts';
import { dedupeKey, keptHeaders } from './kept.ts';

export interface IntakeOptions {
  sites: readonly SiteConfig[];
  store: Pick<NotificationStore, 'insert'>;
  /** Bytes of one notification: so many are taken, one more is 413. */
  bodyLimit: number;
  log: Log;
  now(): Date;
  /** Bytes that may wait in memory over all requests; beyond them senders get 503. */
  memoryLimit?: number;
  /** Milliseconds a sender waits for the database before it gets 503. */
  patience?: number;
  onStored?(notification: IncomingNotification): void;
  onRefused?(site: string | undefined, httpStatus: number): void;
}

const METHODS = ['POST', 'PUT', 'DELETE'];
const MEGABYTE = 1024 * 1024;

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new AdapterError('database-unavailable', 'The database did not store a notification in time');
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Mounts `/notify/{site}` and every path below it. Every answer is FHIR JSON; see answer.ts for which. */
export function intakeRouter(options: IntakeOptions): Router {
  const sites = new Map(options.sites.map((site) => [site.name, site]));
  const pushes = new Map(
    options.sites.flatMap(({ name, subscriptions: { googlePush } }) =>
      googlePush ? [[name, openGooglePush(googlePush, options.now)] as const] : [],
    ),
  );
  const budget = byteBudget(options.memoryLimit ?? 128 * MEGABYTE);
  const batcher = createBatcher<IncomingNotification>({
    write: (notifications) => options.store.insert(notifications),
    size: (notification) => notification.body.length,
    maxBytes: 8 * MEGABYTE,
    maxItems: 256,
    retrySingly: (error) => !(error instanceof AdapterError && error.code === 'database-unavailable'),
  });

  /** Bytes in memory by request, until the store has taken them over or the request ends. */
  const held = new WeakMap<Request, number>();

  function claimHeld(request: Request): number {
    const bytes = held.get(request) ?? 0;
    held.delete(request);
    return bytes;
  }

  function siteOf(request: Request): SiteConfig | undefined {
    const { site } = request.params;
    return typeof site === 'string' ? sites.get(site) : undefined;
  }

  function refuse(request: Request, response: Response, refusal: Refusal): void {
    const site = siteOf(request)?.name;
    const httpStatus = REFUSALS[refusal].status;
    options.log.warn({ site, httpStatus, method: request.method }, 'notification refused');
    options.onRefused?.(site, httpStatus);
    if (!response.headersSent) {
      sendRefusal(response, refusal);
    }
  }

  /** What can be said before the body is read. A body of unknown length is counted as it comes. */
  const precheck: RequestHandler = (request, response, next) => {
    const site = siteOf(request);
    if (!site) {
      return refuse(request, response, 'unknownSite');
    }
    if (!METHODS.includes(request.method)) {
      return refuse(request, response, 'wrongMethod');
    }
    const length = request.headers['content-length'];
    const declared = length === undefined ? 0 : Number(length);
    if (declared > options.bodyLimit) {
      return refuse(request, response, 'tooLarge');
    }
    if (!mayAuthenticate(site.subscriptions, request.headers)) {
      return refuse(request, response, 'unauthorized');
    }
    if (!budget.take(declared)) {
      return refuse(request, response, 'overloaded');
    }
    held.set(request, declared);
    response.on('close', () => budget.give(claimHeld(request)));
    if (length === undefined) {
      request.on('data', (chunk: Buffer) => {
        if (response.headersSent) {
          return;
        }
        if (budget.take(chunk.length)) {
          held.set(request, (held.get(request) ?? 0) + chunk.length);
        } else {
          response.on('finish', () => request.destroy());
          refuse(request, response, 'overloaded');
        }
      });
    }
    next();
  };

  /** No request is made but, rarely and shortly, for Google's keys. */
  async function trust(site: SiteConfig, { headers }: Request, body: Uint8Array): Promise<PushVerdict> {
    if (authenticateSender(site.subscriptions, { headers, body })) {
      return 'trusted';
    }
    return (await pushes.get(site.name)?.(headers.authorization)) ?? 'refused';
  }

  const take: RequestHandler = async (request, response) => {
    const site = siteOf(request);
    if (!site || response.headersSent) {
      return;
    }
    const body: Uint8Array = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
    const verdict = await trust(site, request, body);
    if (verdict !== 'trusted') {
      return refuse(request, response, verdict === 'refused' ? 'unauthorized' : 'unverifiable');
    }
    const path = request.path.replace(/\/+$/, '');
    const came = { site: site.name, method: request.method, path, headers: keptHeaders(request), body };
    const notification = { ...came, receivedAt: options.now(), dedupe: dedupeKey(came) };
    const stored = batcher.add(notification);
    const bytes = claimHeld(request);
    // The bytes stay in memory for as long as the database has not taken them, whoever has stopped waiting.
    const release = () => budget.give(bytes);
    stored.then(release, release);
    try {
      await within(stored, options.patience ?? 8000);
    } catch (thrown) {
      const error = asAdapterError(thrown);
      options.log.error({ site: site.name, code: error.code, operator: error.operator }, 'notification not stored');
      return refuse(request, response, 'notStored');
    }
    options.onStored?.(notification);
    sendReceived(response, body);
  };

  /** The body parser's errors; an aborted request has nobody left to be answered. */
  const failed: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    if (response.destroyed || request.socket.destroyed) {
      return options.log.debug({ site: siteOf(request)?.name }, 'sender went away');
    }
    const status = error instanceof Error && 'status' in error ? error.status : undefined;
    const refusal =
      status === 413 ? 'tooLarge' : status === 415 ? 'encoded' : status === 400 ? 'malformed' : 'notStored';
    refuse(request, response, refusal);
  };

  const router = Router({ caseSensitive: true });
  // Compressed bodies are refused (415): no FHIR server sends them, and it would be unclear which bytes are signed.
  const readBody = express.raw({ type: () => true, limit: options.bodyLimit, inflate: false });
  router.use('/notify/:site', precheck, readBody, take, failed);
  router.use('/notify', (request, response) => refuse(request, response, 'unknownSite'));
  router.use('/notify', failed);
  return router;
}
