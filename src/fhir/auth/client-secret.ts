/** Tokens for a client id and secret (RFC 6749, 2.3.1). */
import type { FhirAuth } from '../../config/schema.ts';
import type { Send } from '../request.ts';
import { askForToken, type Grant, refusalError } from './token-endpoint.ts';

export type SecretAuth = Extract<FhirAuth, { type: 'client-secret' }>;

/** application/x-www-form-urlencoded, as RFC 6749 wants id and secret before they are joined for Basic. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** `Basic …` of a user name and password as they stand (RFC 7617, UTF-8). */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Obtains tokens; throws AdapterError. */
export function clientSecret(auth: SecretAuth, send: Send): () => Promise<Grant> {
  const { clientId, clientSecret: secret } = auth;
  return async () => {
    const grant = await askForToken(send, {
      url: new URL(auth.tokenUrl),
      ...(auth.scope !== undefined && { scope: auth.scope }),
      ...(auth.method === 'basic'
        ? { form: {}, headers: { Authorization: basic(formEncoded(clientId), formEncoded(secret)) } }
        : { form: { client_id: clientId, client_secret: secret } }),
    });
    if (!('token' in grant)) {
      throw refusalError(grant);
    }
    return grant;
  };
}
