/**
 * Whether a notification is from whom it says: the site's shared secret, sent as it is (Medplum and HAPI both send
 * `channel.header` lines) or as Medplum's `X-Signature` over the raw body.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SubscriptionsConfig } from '../config/schema.ts';

export interface Claim {
  /** Lower-case header names, as Node gives them. */
  headers: Record<string, string | string[] | undefined>;
  /** The body exactly as it came. */
  body: Uint8Array;
}

/** How a notification was recognised; `open` where the site says aloud that it has no secret. */
export type Proof = 'open' | 'secret' | 'signature';

/** A secret sent as it is; also the header name that we ask FHIR servers to send, see register/. */
const BEARER = /^Bearer +([^\s]+) *$/i;

/** The secrets that a site accepts, the first being the one we register; none where it was said aloud. */
export function acceptedSecrets(secret: SubscriptionsConfig['secret']): string[] {
  if (secret === 'none') {
    return [];
  }
  return Array.isArray(secret) ? secret : [secret];
}

/** Compared by digest, so that neither length nor a common beginning shows in the time it takes. */
function same(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(left), digest(right));
}

/** Medplum's signature: lower-case hex HMAC-SHA256 of the body, keyed with the secret's text. Also for tests and the sandbox's checks. */
export function sign(secret: string, body: Uint8Array): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

function header(claim: Claim, name: string): string | undefined {
  const value = claim.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Every secret is compared every time: which of two fits does not show either. */
function anyOf(secrets: string[], fits: (secret: string) => boolean): boolean {
  return secrets.map(fits).some(Boolean);
}

/** Whether the plain secret came along. Needs no body, so that a large one can be refused unread. */
export function hasSecret(secret: SubscriptionsConfig['secret'], headers: Claim['headers']): boolean {
  const claim = { headers, body: new Uint8Array() };
  const sent = [BEARER.exec(header(claim, 'authorization') ?? '')?.[1], header(claim, 'x-notify-secret')];
  const secrets = acceptedSecrets(secret);
  return sent.some((value) => value !== undefined && anyOf(secrets, (known) => same(known, value)));
}

/**
 * The signature of Medplum's delete covers the two bytes `{}` only and is the same for every delete: alone it proves
 * no more than that a delete happened once, so it must name a resource (which is then read before anything is done).
 */
function signatureMeansSomething(claim: Claim): boolean {
  if (claim.body.length > 2) {
    return true;
  }
  const body = Buffer.from(claim.body).toString('latin1');
  return body === '{}' && header(claim, 'x-medplum-deleted-resource') !== undefined;
}

/** How the notification proves itself, or undefined: nothing that the site accepts. */
export function authenticate(secret: SubscriptionsConfig['secret'], claim: Claim): Proof | undefined {
  if (secret === 'none') {
    return 'open';
  }
  if (hasSecret(secret, claim.headers)) {
    return 'secret';
  }
  const signature = header(claim, 'x-signature')?.toLowerCase();
  if (signature === undefined || !signatureMeansSomething(claim)) {
    return undefined;
  }
  const valid = anyOf(acceptedSecrets(secret), (known) => same(sign(known, claim.body), signature));
  return valid ? 'signature' : undefined;
}
