/**
 * The wire: one HTTP exchange on undici, with time limits and a size limit, no token, no retry, no redirect followed.
 *
 * It never throws for what the network does: it says how far the request got, because that decides whether a write may
 * be sent again. An AdapterError of a file that is read while it is sent comes through as it is.
 */
import { Readable } from 'node:stream';
import { Agent, Headers, request as plainRequest } from 'undici';
import { AdapterError } from '../errors.ts';
import { gathered } from '../streams.ts';
import { brokenBody, classified } from './broken-body.ts';
import { decoded } from './decoded.ts';
import type { SentFile } from './types.ts';

export interface WireRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: string | SentFile;
  /** `text`: the whole body, within the size limit. `stream`: a 2xx body as it comes. `headers`: the body is let go. */
  mode: 'text' | 'stream' | 'headers';
}

export interface Reply {
  status: number;
  headers: Pick<Headers, 'get'>;
  /** Empty with mode `headers`, and with `stream` where there is a stream. */
  text: string;
  /** Destroying it lets the connection go. */
  stream?: Readable;
}

/**
 * - `unsent`: no connection, so the server has seen nothing of it.
 * - `broken`, `timeout`: it may have been sent, and done.
 * - `too-large`: the answer passed the size limit; the request was done.
 * - `closed`: this client was closed meanwhile.
 */
export interface Failure {
  failure: 'unsent' | 'broken' | 'timeout' | 'too-large' | 'closed';
  cause?: unknown;
}

export interface Wire {
  send(request: WireRequest): Promise<Reply | Failure>;
  close(): Promise<void>;
}

export interface WireOptions {
  /** Seconds for one whole exchange; of a stream: until its headers, and between two of its chunks. */
  timeout: number;
  /** Bytes of a body that is read whole, after decompression. */
  limit?: number;
  /** Connections to one origin at most. */
  connections?: number;
}

/** What an answer may measure: a page of 1,000 large resources passes, an endless body does not. */
export const ANSWER_LIMIT = 64 * 1024 * 1024;

/** Seconds that requests in flight get when the client is closed. */
const CLOSING = 5;

const BEFORE_SENDING = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED']);
/** No content, reset content, not modified. */
const WITHOUT_BODY = new Set([204, 205, 304]);
const CERTIFICATE = /CERT|^UNABLE_TO|SELF_SIGNED|^ERR_TLS/;

function property(value: unknown, name: 'cause' | 'code' | 'syscall' | 'errors'): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Whether a connection error happened before anything of the request was on its way. */
function wasUnsent(error: unknown): boolean {
  const all = property(error, 'errors');
  if (Array.isArray(all) && all.length > 0) {
    return all.every(wasUnsent);
  }
  const code = property(error, 'code');
  if (typeof code === 'string' && (BEFORE_SENDING.has(code) || CERTIFICATE.test(code))) {
    return true;
  }
  return property(error, 'syscall') === 'connect';
}

function failureOf(thrown: unknown, timer: AbortSignal): Failure {
  const cause = property(thrown, 'cause') ?? thrown;
  const code = property(cause, 'code');
  if (timer.aborted || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return { failure: 'timeout', cause };
  }
  if (code === 'UND_ERR_CLOSED') {
    return { failure: 'closed', cause };
  }
  return { failure: wasUnsent(cause) ? 'unsent' : 'broken', cause };
}

/** A file goes under its size, so that a server knows beforehand what comes, and which body broke off. */
function piecewise({ headers, body }: WireRequest): { headers: Record<string, string>; body?: string | Readable } {
  if (typeof body !== 'object') {
    return { headers, ...(body !== undefined && { body }) };
  }
  return {
    headers: { ...headers, 'Content-Length': String(body.size) },
    body: Readable.from(body.read(), { objectMode: false }),
  };
}

/** Opens a pool of connections; close it in the end. */
export function openWire(options: WireOptions): Wire {
  const milliseconds = options.timeout * 1000;
  const limit = options.limit ?? ANSWER_LIMIT;
  const agent = new Agent({
    connections: options.connections ?? 16,
    // Shorter than the total, so that a server which is not there is told from one that does not answer.
    connect: { timeout: Math.min(10_000, milliseconds / 2) },
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
  });

  const streaming = agent.compose(classified);

  async function exchange(request: WireRequest, signal: AbortSignal): Promise<Reply | Failure> {
    const { method, url, mode } = request;
    const { headers, body } = piecewise(request);
    const response = await plainRequest(url, {
      method,
      // A file is asked for as it is, so that its size is known before it comes.
      headers: { ...(mode !== 'stream' && { 'Accept-Encoding': 'gzip, deflate' }), ...headers },
      body: body ?? null,
      dispatcher: mode === 'stream' ? streaming : agent,
      signal,
    });
    const { statusCode: status } = response;
    const given = Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    );
    const reply = { status, headers: new Headers(given), text: '' };
    if (mode === 'headers') {
      await response.body.dump();
      return reply;
    }
    // Where there are no bytes, there is nothing that any encoding could have made of them.
    const isEmpty = WITHOUT_BODY.has(status) || reply.headers.get('content-length') === '0';
    const encoding = isEmpty ? null : reply.headers.get('content-encoding');
    if (mode === 'stream' && status >= 200 && status <= 299) {
      return { ...reply, stream: decoded(response.body, encoding, brokenBody) };
    }
    // What is no 2xx is short.
    const text = await gathered(decoded(response.body, encoding), limit);
    return text === undefined ? { failure: 'too-large' } : { ...reply, text: text.toString('utf8') };
  }

  async function send(request: WireRequest): Promise<Reply | Failure> {
    const timer = new AbortController();
    const clock = setTimeout(() => timer.abort(), milliseconds);
    try {
      return await exchange(request, timer.signal);
    } catch (thrown) {
      if (thrown instanceof AdapterError) {
        throw thrown;
      }
      return failureOf(thrown, timer.signal);
    } finally {
      clearTimeout(clock);
    }
  }

  let closed: Promise<void> | undefined;
  async function drain(): Promise<void> {
    let clock: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      clock = setTimeout(resolve, CLOSING * 1000);
    });
    await Promise.race([agent.close(), late]);
    clearTimeout(clock);
    await agent.destroy();
  }

  function close(): Promise<void> {
    closed ??= drain();
    return closed;
  }

  return { send, close };
}
