/** What a failed exchange with a vendor means: pure, so that every case can be tested. */
import { AdapterError } from '../errors.ts';
import { retryAfterSeconds } from './retry-after.ts';

/** Errors of name resolution, connecting and the TLS handshake: no byte of the request has left. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_TLS',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

/** Why a request was given up before its answer was whole: our own time limit, or the caller's signal. */
export type Stopped = 'timeout' | 'signal' | undefined;

function codesOf(thrown: unknown): string[] {
  if (!(thrown instanceof Error)) {
    return [];
  }
  const own = 'code' in thrown && typeof thrown.code === 'string' ? [thrown.code] : [];
  // Happy Eyeballs reports one error per address.
  const inner = thrown instanceof AggregateError ? thrown.errors.flatMap(codesOf) : [];
  return [...own, ...inner, ...codesOf(thrown.cause)];
}

/** The error of an exchange that brought no whole answer. `once`: the call must not be repeated, so doubt is `ambiguous`. */
export function connectionFailure(vendor: string, thrown: unknown, once: boolean, stopped: Stopped): AdapterError {
  if (thrown instanceof AdapterError) {
    return thrown;
  }
  const kind = once ? 'ambiguous' : 'transient';
  if (stopped === 'timeout') {
    return new AdapterError('vendor-timeout', `${vendor} did not answer in time`, { cause: thrown, kind });
  }
  if (stopped === 'signal') {
    return new AdapterError('shutting-down', `The request to ${vendor} was stopped`, { cause: thrown, kind });
  }
  const codes = codesOf(thrown);
  if (codes.some((code) => NEVER_SENT.has(code))) {
    return new AdapterError('vendor-unreachable', `${vendor} cannot be reached`, { cause: thrown });
  }
  if (codes.some((code) => code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')) {
    return new AdapterError('vendor-timeout', `${vendor} did not answer in time`, { cause: thrown, kind });
  }
  return new AdapterError('vendor-error', `The connection to ${vendor} broke`, { cause: thrown, kind });
}

/** The error of an answer whose status is not one that the caller takes. */
export function statusFailure(
  vendor: string,
  status: number,
  retryAfterHeader: string | undefined,
  once: boolean,
  now: Date,
): AdapterError {
  const retryAfter = retryAfterSeconds(retryAfterHeader, now);
  const facts = { status, ...(retryAfter === undefined ? {} : { retryAfter }) };
  if (status === 429) {
    // The call was turned away, so even one that must not be repeated can be made again.
    return new AdapterError('vendor-busy', `${vendor} asked to wait (429)`, facts);
  }
  if (status === 503) {
    return new AdapterError('vendor-busy', `${vendor} asked to wait (503)`, {
      ...facts,
      kind: once ? 'ambiguous' : 'transient',
    });
  }
  if (status >= 500) {
    return new AdapterError('vendor-error', `${vendor} answered with ${status}`, {
      ...facts,
      kind: once ? 'ambiguous' : 'transient',
    });
  }
  if (status === 401 || status === 403) {
    return new AdapterError('vendor-unauthorized', `${vendor} refused the credentials (${status})`, {
      ...facts,
      orderer: 'The AI service does not accept our credentials; the order waits for the operator of the adapter.',
    });
  }
  if (status === 408) {
    return new AdapterError('vendor-timeout', `${vendor} answered with 408`, {
      ...facts,
      kind: once ? 'ambiguous' : 'transient',
    });
  }
  if (status >= 400) {
    return new AdapterError('vendor-rejected', `${vendor} refused the request (${status})`, {
      ...facts,
      orderer: 'The AI service refused the order.',
    });
  }
  const unreadable = { ...facts, orderer: 'The AI service gave an answer that cannot be understood.' };
  if (status >= 300) {
    return new AdapterError(
      'vendor-protocol',
      `${vendor} answered with a redirect (${status}), never followed`,
      unreadable,
    );
  }
  return new AdapterError('vendor-protocol', `${vendor} answered with an unexpected ${status}`, unreadable);
}
