/** One call of an OAuth 2.0 token endpoint with the client_credentials grant (RFC 6749, 4.4). */
import { z } from 'zod';
import { AdapterError, asAdapterError } from '../../errors.ts';
import type { Reply } from '../fetch.ts';
import type { Send } from '../request.ts';

export interface Grant {
  token: string;
  /** Seconds. */
  expiresIn: number;
  /** Granted scopes; what was asked for where the server does not say (RFC 6749, 5.1); absent with neither. */
  scope?: string;
}

/** The token server's no, which the caller may answer by asking otherwise. */
export interface TokenRefusal {
  status: number;
  /** The `error` of an OAuth answer, e.g. `invalid_scope`. */
  error: string | undefined;
  /** The server's clock, where it sent a Date. */
  serverTime: Date | undefined;
}

export interface TokenRequest {
  url: URL;
  /** Form fields beside grant_type and scope. */
  form: Record<string, string>;
  headers?: Record<string, string>;
  scope?: string;
}

/** Seconds a token is taken to live where the server does not say: what SMART recommends. */
const UNSAID = 300;

const granted = z.looseObject({
  access_token: z
    .string()
    .min(1)
    .regex(/^[\x21-\x7e]+$/),
  token_type: z.string().optional(),
  expires_in: z.coerce.number().positive().optional().catch(undefined),
  scope: z.string().optional().catch(undefined),
});
const refused = z.looseObject({ error: z.string().regex(/^[a-z_]{1,40}$/) });

function json(reply: Reply): unknown {
  try {
    return JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}

/** The `error` of an OAuth answer; only in its own alphabet, because it goes into a message. */
function oauthError(reply: Reply): string | undefined {
  return refused.safeParse(json(reply)).data?.error;
}

/** The error of a refusal that nothing can be done about here: the order is held. */
export function refusalError({ error, status }: TokenRefusal): AdapterError {
  return new AdapterError('ehr-unauthorized', `The token server refused us (${error ?? status})`, { status });
}

function dateOf(reply: Reply): Date | undefined {
  const time = Date.parse(reply.headers.get('date') ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}

/**
 * Asks for a token; a refusal is returned, not thrown, so that the caller may ask for less or with another clock.
 *
 * Throws `ehr-unauthorized` (hold) for an answer that is none; whatever else goes wrong is transient, also where the
 * same failure of the request that waits for the token would be ambiguous: that one has not been sent yet.
 */
export async function askForToken(send: Send, request: TokenRequest): Promise<Grant | TokenRefusal> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...request.form });
  if (request.scope) {
    form.set('scope', request.scope);
  }
  const reply = await preparing(
    send({
      method: 'POST',
      url: request.url,
      about: 'token',
      server: 'The token server',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/x-www-form-urlencoded',
        ...request.headers,
      },
      body: form.toString(),
      accept: [400, 401, 403],
    }),
  );
  const { status } = reply;
  if (status >= 400) {
    return { status, error: oauthError(reply), serverTime: dateOf(reply) };
  }
  const grant = granted.safeParse(json(reply)).data;
  if (!grant || (grant.token_type ?? 'bearer').toLowerCase() !== 'bearer') {
    throw new AdapterError('ehr-unauthorized', 'The token server answered without a bearer token', { status });
  }
  const scope = grant.scope ?? request.scope;
  return { token: grant.access_token, expiresIn: grant.expires_in ?? UNSAID, ...(scope !== undefined && { scope }) };
}

/**
 * The errors of a request that only prepares another: never ambiguous, because the one that matters was not sent; and
 * what repeating does not help is a matter of `fhir.auth`, for the operator, not the order's fault.
 */
export async function preparing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const { code, kind, message, cause, retryAfter, status } = asAdapterError(thrown);
    const options = { cause, ...(retryAfter !== undefined && { retryAfter }), ...(status !== undefined && { status }) };
    throw kind === 'permanent'
      ? new AdapterError('ehr-unauthorized', message, options)
      : new AdapterError(code, message, { ...options, kind: 'transient' });
  }
}
