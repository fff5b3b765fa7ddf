/**
 * The door for vendors' callbacks. A callback is a hint and nothing more: it can have an order looked at sooner, and what
 * there is to know is then asked of the vendor. No FHIR server and no vendor is asked before the answer.
 */
import express, { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express';
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CallbackAddress, CallbackTokens } from '../orders/callback-token.ts';
import type { Order } from '../orders/order.ts';
import type { RouteRuntime, SiteRuntime } from '../orders/site.ts';
import type { Database } from '../orders/store/database.ts';
import { findOrder } from '../orders/store/list-orders.ts';
import { wakeOrder } from '../orders/store/wake-order.ts';

/** What a callback came to: `nothing` where the order does not wait, `other-job` where the vendor's folder says so. */
export type CallbackOutcome = 'woken' | 'nothing' | 'other-job' | 'refused' | 'not-taken';

export interface CallbackOptions {
  sites: ReadonlyMap<string, Pick<SiteRuntime, 'routes'>>;
  /** Absent where we give out no callback URLs: then there is nothing at any of them. */
  tokens: CallbackTokens | undefined;
  database: Database;
  log: Log;
  now(): Date;
  /** Milliseconds a vendor waits for the database before it gets 503. */
  patience?: number;
  /** `site` and `vendor` are of the configuration, or `unknown`: the path is anybody's. */
  onCallback?(site: string, vendor: string, outcome: CallbackOutcome): void;
}

const BODY_LIMIT = 64 * 1024;
const PATIENCE = 5000;

const REFUSALS = {
  // One answer for all that is not as we made it: forged, expired, of another order, site or vendor.
  unknown: { status: 404, text: 'There is nothing at this address.' },
  wrongMethod: { status: 405, text: 'Callbacks come by POST.' },
  tooLarge: { status: 413, text: 'The callback is larger than this adapter takes.' },
  malformed: { status: 400, text: 'The request could not be read.' },
  unavailable: { status: 503, text: 'The callback could not be taken: send it again.' },
} as const;

/** Where vendors are told to send the callbacks of an order; undefined where there are none. */
export function callbackUrls(
  publicUrl: string | undefined,
  tokens: CallbackTokens | undefined,
): ((order: Order) => string) | undefined {
  return publicUrl === undefined || !tokens
    ? undefined
    : (order) => `${publicUrl}/callbacks/${order.site}/${order.vendor}/${tokens.sign(order)}`;
}

/** Mounts `/callbacks/{site}/{vendor}/{token}`. */
export function callbackRouter(options: CallbackOptions): Router {
  const { sites, tokens, log } = options;

  function refuse(response: Response, refusal: keyof typeof REFUSALS): void {
    const { status, text } = REFUSALS[refusal];
    const { site = 'unknown', vendor = 'unknown' } = addressOf(response) ?? {};
    log.info({ site, vendor, httpStatus: status }, 'callback refused');
    options.onCallback?.(site, vendor, status === 503 ? 'not-taken' : 'refused');
    response.status(status).type('text/plain');
    if (status === 405) {
      response.set('Allow', 'POST');
    }
    if (status === 503) {
      response.set('Retry-After', '5');
    }
    response.end(text);
  }

  /** Before the body is read: whoever has no token of ours is not listened to. */
  const verify: RequestHandler = (request, response, next) => {
    response.set('Cache-Control', 'no-store');
    if (request.method !== 'POST') {
      return refuse(response, 'wrongMethod');
    }
    const [site, vendor, token] = [request.params.site, request.params.vendor, request.params.token].map(String);
    const address = tokens?.verify(token ?? '', { site: site ?? '', vendor: vendor ?? '' });
    if (!address) {
      return refuse(response, 'unknown');
    }
    response.locals.callback = address;
    next();
  };

  const take: RequestHandler = async (request, response) => {
    const address = addressOf(response);
    if (!address) {
      return refuse(response, 'unknown');
    }
    try {
      const outcome = await within(follow(options, address, readBody(request.body)), options.patience ?? PATIENCE);
      if (outcome === 'refused') {
        return refuse(response, 'unknown');
      }
      const { site, vendor, publicId } = address;
      log.debug({ site, vendor, order: publicId, status: outcome }, 'callback');
      options.onCallback?.(site, vendor, outcome);
      response.status(200).type('text/plain').end('Received.');
    } catch (thrown) {
      const error = asAdapterError(thrown);
      log.error({ site: address.site, vendor: address.vendor, code: error.code }, 'callback not taken');
      refuse(response, 'unavailable');
    }
  };

  /** The body parser's errors, and paths that cannot be decoded; an aborted request has nobody left to be answered. */
  const failed: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    if (response.headersSent || response.destroyed || request.socket.destroyed) {
      return;
    }
    const status = error instanceof Error && 'status' in error ? error.status : undefined;
    refuse(response, !addressOf(response) ? 'unknown' : status === 413 ? 'tooLarge' : 'malformed');
  };

  const router = Router({ caseSensitive: true });
  router.all('/callbacks/:site/:vendor/:token', verify, express.raw({ type: () => true, limit: BODY_LIMIT }), take);
  router.use('/callbacks', (request, response) => {
    refuse(response, request.method === 'POST' ? 'unknown' : 'wrongMethod');
  });
  router.use('/callbacks', failed);
  return router;

  function addressOf(response: Response): CallbackAddress | undefined {
    const address: CallbackAddress | undefined = response.locals.callback;
    return address && sites.has(address.site) ? address : undefined;
  }
}

async function follow(
  { sites, database, now }: CallbackOptions,
  address: CallbackAddress,
  body: unknown,
): Promise<CallbackOutcome> {
  const order = await findOrder(database, address.publicId);
  if (!order || order.site !== address.site || order.vendor !== address.vendor) {
    return 'refused';
  }
  const route = sites.get(order.site)?.routes.get(order.route);
  // Of an earlier run, or not at the vendor's: it would be looked at no sooner, and its state says nothing of this job.
  if (!route || order.run !== address.run || order.leg !== 'vendor') {
    return 'nothing';
  }
  if (isOther(route.vendor, order, body)) {
    return 'other-job';
  }
  return (await wakeOrder(database, order, now())) ? 'woken' : 'nothing';
}

/** What the vendor's folder says of the body; where it fails at that, the callback is a hint like any other. */
function isOther(vendor: RouteRuntime['vendor'], order: Order, body: unknown): boolean {
  try {
    const state = vendor.state.safeParse(order.state);
    return state.success && vendor.callback?.(body, state.data) === false;
  } catch {
    return false;
  }
}

/** JSON where it is such, else the text; undefined where nothing came. */
function readBody(bytes: unknown): unknown {
  const text = Buffer.isBuffer(bytes) ? bytes.toString('utf8') : '';
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const error = new AdapterError('database-unavailable', 'The database did not answer in time');
  const timer = setTimeout(() => reject(error), milliseconds);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
