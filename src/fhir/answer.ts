/** What a FHIR server's answer means: a resource, or an error classified by status and by whether it was a write. */
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import { AdapterError, type ErrorOptions } from '../errors.ts';
import type { Failure, Reply } from './fetch.ts';
import { askedToWait, LONGEST_WAIT } from './retry.ts';

/** A request as errors and logs may name it. */
export interface Asked {
  method: string;
  /** A resource type, `transaction`, `metadata`, `token`; never an id. */
  about: string;
  /** A read, or what does no harm when done twice; anything else is a write, whose loss is ambiguous. */
  repeatable: boolean;
  /** Who was asked, as a message begins. */
  server?: string;
}

const name = (asked: Asked) => `${asked.server ?? 'The FHIR server'}`;
const call = (asked: Asked) => `${asked.method} ${asked.about}`;

/** Whether a parsed JSON value is a resource of this type. The type is checked, the elements are taken on trust. */
export function isType<T extends Resource>(value: unknown, type: T['resourceType']): value is T {
  return typeof value === 'object' && value !== null && 'resourceType' in value && value.resourceType === type;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the answer calls itself JSON: `application/fhir+json`, `application/json`, `text/json`, `…+json`. */
export function isJson(reply: Pick<Reply, 'headers'>): boolean {
  return /^[^;]*[/+]json\b/i.test(reply.headers.get('content-type') ?? '');
}

/** The OperationOutcome in an answer, where there is one. */
export function outcomeOf(reply: Reply): OperationOutcome | undefined {
  const value = parsed(reply.text);
  return isType<OperationOutcome>(value, 'OperationOutcome') ? value : undefined;
}

/** The resource in a successful answer; `ehr-protocol` where it is something else, e.g. a login page. */
export function resourceOf<T extends Resource>(reply: Reply, type: T['resourceType'], asked: Asked): T {
  const value = isJson(reply) ? parsed(reply.text) : undefined;
  if (isType<T>(value, type)) {
    return value;
  }
  throw protocolError(asked, `answered ${call(asked)} with something that is not a FHIR ${type}`, {
    status: reply.status,
  });
}

/** `ehr-protocol`; after a write it is ambiguous, because the server has probably done it. */
export function protocolError(asked: Asked, said: string, options: ErrorOptions = {}): AdapterError {
  const kind = asked.repeatable ? {} : { kind: 'ambiguous' as const };
  return new AdapterError('ehr-protocol', `${name(asked)} ${said}`, { ...kind, ...options });
}

/** The error of a request that got no answer. */
export function failureError(asked: Asked, { failure, cause }: Failure): AdapterError {
  switch (failure) {
    case 'unsent':
      return new AdapterError('ehr-unreachable', `${name(asked)} cannot be reached`, { cause });
    case 'too-large':
      return protocolError(asked, `answered ${call(asked)} with more than can be read`);
    case 'closed':
      return new AdapterError('shutting-down', 'The adapter is shutting down', { cause });
    case 'timeout':
      return new AdapterError('ehr-timeout', `${name(asked)} did not answer ${call(asked)} in time`, {
        cause,
        kind: asked.repeatable ? 'transient' : 'ambiguous',
      });
    case 'broken':
      return asked.repeatable
        ? new AdapterError('ehr-unreachable', `${name(asked)} broke the connection`, { cause })
        : new AdapterError('ehr-timeout', `${name(asked)} broke the connection during ${call(asked)}`, { cause });
  }
}

/** The error of a request that the server does not want now: nothing was done. */
export function busyError(asked: Asked, options: ErrorOptions): AdapterError {
  return new AdapterError('ehr-busy', `${name(asked)} asked us to wait`, options);
}

/**
 * The error of an answer that is not 2xx. 5xx and 408 to a write are ambiguous: a proxy may have given up on a server
 * that has not. The OperationOutcome is kept with the error, not in its message: it may quote what we sent.
 */
export function statusError(asked: Asked, reply: Reply, now: Date): AdapterError {
  const { status } = reply;
  const retryAfter = askedToWait(reply, now);
  const outcome = outcomeOf(reply);
  const options = { status, ...(outcome && { outcome }), ...(retryAfter !== undefined && { retryAfter }) };
  const refused = `${name(asked)} refused ${call(asked)} (${status})`;
  if (status === 401) {
    return new AdapterError('ehr-unauthorized', `${name(asked)} does not accept our credentials`, options);
  }
  if (status === 403) {
    return new AdapterError('ehr-forbidden', `${name(asked)} forbids us ${call(asked)}`, options);
  }
  if (status === 409 || status === 412) {
    return new AdapterError('ehr-conflict', refused, options);
  }
  if (status === 429 || (status === 503 && asked.repeatable && (retryAfter ?? 0) > LONGEST_WAIT)) {
    return busyError(asked, options);
  }
  if (status >= 500 || status === 408) {
    const kind = asked.repeatable ? 'transient' : 'ambiguous';
    return new AdapterError('ehr-error', `${name(asked)} failed at ${call(asked)} (${status})`, { ...options, kind });
  }
  if (status < 400) {
    // A redirect is refused before it is done, so nothing was written.
    return protocolError(asked, `answered ${call(asked)} with ${status}`, { ...options, kind: 'permanent' });
  }
  return new AdapterError('ehr-rejected', refused, options);
}
