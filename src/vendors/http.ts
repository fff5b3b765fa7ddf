/** The HTTP client a vendor is given: one credential's, with time limits, redaction and error classes. */
import type { Readable } from 'node:stream';

export interface VendorRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /** Path below the vendor's base URL, or an absolute URL. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** One that is streamed is destroyed where it is not read to its end. */
  body?: Uint8Array | Readable;
  /** Bytes of a streamed body, for its Content-Length; storage hosts refuse one without. */
  size?: number;
  /** Seconds until the whole answer has to be there. Default 30. */
  timeout?: number;
  /**
   * True for a call that must not be repeated: then a time-out, a broken connection after the request was sent and a 5xx
   * are `ambiguous`; otherwise they are `transient`.
   */
  once?: boolean;
  /** Statuses that are answers rather than errors. Default: 200 to 299. */
  accept?: number[];
  /**
   * The answer's body is not gathered but handed on as it comes, whatever its size: in `body`, which has to be read to its
   * end or destroyed. `timeout` then counts until the answer begins, and again for each piece.
   */
  streamed?: boolean;
  signal?: AbortSignal;
}

export interface VendorResponse {
  status: number;
  headers: Record<string, string>;
  /** The body parsed as JSON; throws `vendor-protocol` where it is none: transient, or ambiguous with `once`. */
  json(): unknown;
  bytes(): Uint8Array;
  /** Of a `streamed` answer, whose `json` and `bytes` have nothing. Fails with what `request` throws. */
  body?: Readable;
}

export interface VendorHttp {
  /**
   * Sends a request. Throws AdapterError: `vendor-unreachable` (never sent: transient even with `once`), `vendor-timeout`,
   * `vendor-busy` (429 or 503 with its Retry-After), `vendor-error` (5xx), `vendor-unauthorized` (401, 403),
   * `vendor-rejected` (other 4xx), `vendor-protocol` (a redirect, which is never followed, or an answer over the size limit).
   * A broken connection after the request may have left is `vendor-error`. A vendor that gives a status its own meaning
   * takes it into `accept` and reads it itself.
   */
  request(request: VendorRequest): Promise<VendorResponse>;
}
