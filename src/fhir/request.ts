/** Sends requests: with the token where it belongs, again where that does no harm, along redirects that stay at home. */
import { AdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Asked, busyError, failureError, protocolError, statusError } from './answer.ts';
import { openAskedQuiet } from './asked-quiet.ts';
import type { Reply, Wire, WireRequest } from './fetch.ts';
import { askedToWait, LONGEST_WAIT, nextTry } from './retry.ts';

export interface Ask {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: URL;
  /** What errors and logs call it; see Asked. */
  about: string;
  headers?: Record<string, string>;
  body?: WireRequest['body'];
  /** Default: GET is, the others are not. */
  repeatable?: boolean;
  mode?: WireRequest['mode'];
  /** Statuses beside 2xx that are answers rather than errors. */
  accept?: readonly number[];
  /** Whether a GET may be redirected there. Default: nowhere. */
  mayFollow?: (target: URL) => boolean;
  server?: string;
}

/** The Authorization header of a site. */
export interface Authorization {
  /** Its value now, or undefined where the site has none. */
  header(): Promise<string | undefined>;
  /** The server answered 401 to `used`: whether another one is worth a try. */
  renew(used: string): Promise<boolean>;
}

export interface RequesterOptions {
  wire: Wire;
  log: Log;
  now: () => Date;
  /** In [0, 1). */
  random: () => number;
  /** Resolves after `ms`; rejects when `signal` aborts. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
  /** Whose token, and for which URLs; absent: none is ever sent. */
  authorization?: Authorization & { covers(url: URL): boolean };
}

/** Sends a request; resolves with an answer that is 2xx or accepted, throws AdapterError otherwise. */
export type Send = (ask: Ask) => Promise<Reply>;

const HOPS = 3;
/** Statuses by which a server speaks of itself rather than of the one request. */
const QUIET = new Set([429, 503]);

export function openRequester(options: RequesterOptions): Send {
  const { wire, log, now, random, wait, signal, authorization } = options;

  const quiet = openAskedQuiet(now);

  async function pause(milliseconds: number): Promise<void> {
    await wait(milliseconds, signal).catch((cause: unknown) => {
      throw new AdapterError('shutting-down', 'The adapter is shutting down', { cause });
    });
  }

  /** Waits while the server has asked others of us to wait; a long wait is the caller's. */
  async function respectQuiet(asked: Asked, { origin }: URL): Promise<void> {
    const seconds = quiet.left(origin);
    if (seconds > LONGEST_WAIT) {
      throw busyError(asked, { retryAfter: seconds });
    }
    if (seconds > 0) {
      await pause(seconds * 1000 + Math.round(random() * 250));
    }
  }

  /** One URL until it has an answer: retries, and one new token after a 401. */
  async function persist(ask: Ask, asked: Asked, url: URL, withToken: boolean): Promise<Reply> {
    let renewed = false;
    await respectQuiet(asked, url);
    for (let tried = 1; ; tried += 1) {
      if (signal.aborted) {
        throw new AdapterError('shutting-down', 'The adapter is shutting down');
      }
      const header = withToken ? await authorization?.header() : undefined;
      const headers = { 'User-Agent': 'fhir-ai-adapter', ...ask.headers, ...(header && { Authorization: header }) };
      const from = performance.now();
      const outcome = await wire.send({
        method: ask.method,
        url,
        headers,
        mode: ask.mode ?? 'text',
        ...(ask.body !== undefined && { body: ask.body }),
      });
      const answered = 'failure' in outcome ? { code: outcome.failure } : { httpStatus: outcome.status };
      const fields = { method: ask.method, resourceType: ask.about, attempt: tried, ...answered };
      log.debug({ ...fields, ms: Math.round(performance.now() - from) }, 'FHIR request');

      if (!('failure' in outcome) && outcome.status === 401 && header && !renewed) {
        renewed = true;
        // A 401 is an answer before anything was done, so a write may go out again too.
        if (await authorization?.renew(header)) {
          continue;
        }
      }
      const seconds = 'failure' in outcome || !QUIET.has(outcome.status) ? undefined : askedToWait(outcome, now());
      if (seconds !== undefined) {
        quiet.ask(url.origin, seconds);
      }
      const after = nextTry({ repeatable: asked.repeatable, tried, outcome, now: now(), random: random() });
      if (after === undefined) {
        if ('failure' in outcome) {
          throw failureError(asked, outcome);
        }
        return outcome;
      }
      log.info({ ...fields, after: after / 1000 }, 'FHIR request is tried again');
      await pause(after);
    }
  }

  return async (ask) => {
    const asked: Asked = {
      method: ask.method,
      about: ask.about,
      repeatable: ask.repeatable ?? ask.method === 'GET',
      ...(ask.server && { server: ask.server }),
    };
    let url = ask.url;
    // Once a chain of redirects has left the site, whoever we are sent back by does not get to use our token.
    let atHome = true;
    for (let hops = 0; hops <= HOPS; hops += 1) {
      atHome &&= authorization?.covers(url) ?? false;
      const reply = await persist(ask, asked, url, atHome);
      const location = [301, 302, 303, 307, 308].includes(reply.status) ? reply.headers.get('location') : null;
      const target = location === null || ask.method !== 'GET' ? null : URL.parse(location, url);
      if (target === null) {
        if ((reply.status >= 200 && reply.status < 300) || ask.accept?.includes(reply.status)) {
          return reply;
        }
        throw statusError(asked, reply, now());
      }
      if (!ask.mayFollow?.(target)) {
        throw protocolError(asked, `redirects ${ask.method} ${ask.about} to another place`, { status: reply.status });
      }
      url = target;
    }
    throw protocolError(asked, `redirects ${ask.method} ${ask.about} in a circle`);
  };
}
