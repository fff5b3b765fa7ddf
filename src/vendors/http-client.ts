/** VendorHttp on undici: one pool per origin, a total time limit, a cap on answers, no redirects, classified errors. */
import { Readable } from 'node:stream';
import { Agent, request as undiciRequest } from 'undici';
import { AdapterError, type ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { gathered } from '../streams.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from './http.ts';
import { connectionFailure, type Stopped, statusFailure } from './http-failures.ts';
import { patientClock, streamedBody } from './http-stream.ts';

const DEFAULT_TIMEOUT_SECONDS = 30;
const CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** How one exchange ended; for the breaker, the budget and the metrics of the credential. */
export interface VendorOutcome {
  ok: boolean;
  ms: number;
  code?: ErrorCode;
  status?: number;
  /** Seconds the vendor asked to wait. */
  retryAfter?: number;
}

export interface VendorHttpOptions {
  /** Requests' paths are below it, its own path included: `https://host/api/v1`. */
  baseUrl: string;
  /** The credential's headers; sent to the base URL's origin only. May renew a token, so it is asked for each request. */
  headers: () => Promise<Record<string, string>> | Record<string, string>;
  /** Seconds of one exchange where the request does not say. */
  timeout?: number;
  log: Log;
  /** The vendor's name or title, for messages. */
  vendor: string;
  /** Bytes of the largest answer taken. Default 64 MiB. */
  maxBytes?: number;
  onOutcome?(outcome: VendorOutcome): void;
}

export interface VendorHttpClient extends VendorHttp {
  /** Closes the idle connections and waits for those in use. */
  close(): Promise<void>;
}

/** The absolute URL of a request. */
export function requestUrl(baseUrl: string, path: string, query: Record<string, string> = {}): URL {
  const absolute = /^https?:\/\//i.test(path);
  const url = new URL(absolute ? path : `${baseUrl.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`);
  for (const [name, value] of Object.entries(query)) {
    url.searchParams.append(name, value);
  }
  return url;
}

const bodyOf = ({ json, body }: VendorRequest): string | Uint8Array | Readable | null =>
  json === undefined ? (body ?? null) : JSON.stringify(json);

async function readWhole(vendor: string, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const bytes = await gathered(body, maxBytes);
  if (!bytes) {
    throw new AdapterError('vendor-protocol', `${vendor} answered with more than ${maxBytes} bytes`);
  }
  return bytes;
}

function answer(
  vendor: string,
  status: number,
  headers: Record<string, string>,
  body: Buffer,
  once: boolean,
): VendorResponse {
  return {
    status,
    headers,
    json: () => {
      try {
        const parsed: unknown = JSON.parse(body.toString('utf8'));
        return parsed;
      } catch {
        // Not as the cause: V8 quotes the text it could not parse.
        // A cut-off answer may come whole the next time; one to a call that bills says that it was taken, and no more.
        const kind = once ? 'ambiguous' : 'transient';
        throw new AdapterError('vendor-protocol', `${vendor} answered with something that is not JSON`, {
          status,
          kind,
        });
      }
    },
    bytes: () => new Uint8Array(body.buffer, body.byteOffset, body.byteLength),
  };
}

/** Opens a vendor's HTTP client. Errors and log lines name the method, the status and the vendor; never a URL or a body. */
export function openVendorHttp(options: VendorHttpOptions): VendorHttpClient {
  const { vendor, log } = options;
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const origin = new URL(options.baseUrl).origin;
  // The time limit of the whole exchange is ours: undici's own would restart with every piece.
  const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, headersTimeout: 0, bodyTimeout: 0 });

  async function exchange(request: VendorRequest): Promise<VendorResponse> {
    const once = request.once ?? false;
    const seconds = request.timeout ?? options.timeout ?? DEFAULT_TIMEOUT_SECONDS;
    const url = requestUrl(options.baseUrl, request.path, request.query);
    if (request.signal?.aborted) {
      throw connectionFailure(vendor, undefined, false, 'signal');
    }
    const own = url.origin === origin ? await options.headers() : {};
    const patience = request.streamed ? patientClock(seconds) : undefined;
    const clock = patience?.signal ?? AbortSignal.timeout(seconds * 1000);
    const signal = request.signal ? AbortSignal.any([clock, request.signal]) : clock;
    const stopped = (): Stopped => (clock.aborted ? 'timeout' : request.signal?.aborted ? 'signal' : undefined);
    try {
      const response = await undiciRequest(url, {
        dispatcher: agent,
        method: request.method,
        headers: {
          accept: 'application/json',
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(request.size === undefined ? {} : { 'content-length': String(request.size) }),
          ...own,
          ...request.headers,
        },
        body: bodyOf(request),
        signal,
      });
      const status = response.statusCode;
      const headers = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
      );
      const taken = request.accept ? request.accept.includes(status) : status >= 200 && status <= 299;
      if (!taken) {
        // Read a little of it so that the connection can be used again; it is told to nobody.
        await response.body.dump({ limit: 65_536 }).catch(() => undefined);
        throw statusFailure(vendor, status, headers['retry-after'], once, new Date());
      }
      if (patience) {
        const body = streamedBody(response.body, patience, (thrown) =>
          connectionFailure(vendor, thrown, once, stopped()),
        );
        return { ...answer(vendor, status, headers, Buffer.alloc(0), once), body };
      }
      return answer(vendor, status, headers, await readWhole(vendor, response.body, maxBytes), once);
    } catch (thrown) {
      patience?.end();
      throw connectionFailure(vendor, thrown, once, stopped());
    }
  }

  return {
    request: async (request) => {
      const began = performance.now();
      const took = () => Math.round(performance.now() - began);
      try {
        const response = await exchange(request);
        options.onOutcome?.({ ok: true, ms: took(), status: response.status });
        log.debug({ vendor, method: request.method, httpStatus: response.status, ms: took() }, 'vendor answered');
        return response;
      } catch (thrown) {
        if (thrown instanceof AdapterError) {
          const { code, status, retryAfter } = thrown;
          options.onOutcome?.({
            ok: false,
            ms: took(),
            code,
            ...(status === undefined ? {} : { status }),
            ...(retryAfter === undefined ? {} : { retryAfter }),
          });
          log.debug({ vendor, method: request.method, httpStatus: status, code, ms: took() }, 'vendor call failed');
        }
        throw thrown;
      } finally {
        // Read to its end by now, or wanted by nobody: whoever holds the file lets it go.
        if (request.body instanceof Readable) {
          request.body.destroy();
        }
      }
    },
    close: () => agent.close(),
  };
}
