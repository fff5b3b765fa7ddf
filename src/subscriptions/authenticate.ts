/**
 * Whether a notification is from whom it says: the site's shared secret, sent as it is (Medplum and HAPI both send
 * `channel.header` lines) or as a signature over the raw body (Medplum's `X-Signature`, athenahealth's
 * `X-Hub-Signature`); and, where the site names one, the client certificate that the proxy before us has verified.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SubscriptionsConfig } from '../config/schema.ts';
import { claimsGooglePush } from './google-push.ts';

export interface Claim {
  /** Lower-case header names, as Node gives them. */
  headers: Record<string, string | string[] | undefined>;
  /** The body exactly as it came. */
  body: Uint8Array;
}

/** How a notification was recognised; `open` where the site says aloud that it has no secret. */
export type Proof = 'open' | 'secret' | 'signature' | 'certificate';

/** What of a site's subscriptions decides whom it believes. */
export type Expected = Pick<SubscriptionsConfig, 'secret' | 'clientCertificate' | 'googlePush'>;

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

/** Of the header's forms the hex of a SHA-256 only: https://www.w3.org/TR/websub/#signature-validation knows more. */
const HUB_SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** The signatures that came, lower-case hex; a header of another form counts as absent. */
function signatures(headers: Claim['headers']): { medplum: string | undefined; hub: string | undefined } {
  const claim = { headers, body: new Uint8Array() };
  return {
    medplum: header(claim, 'x-signature')?.toLowerCase(),
    hub: HUB_SIGNATURE.exec(header(claim, 'x-hub-signature') ?? '')?.[1]?.toLowerCase(),
  };
}

/** Whether the proxy says that the connection had the site's certificate; true where the site names none. */
function hasCertificate({ clientCertificate }: Expected, headers: Claim['headers']): boolean {
  if (!clientCertificate) {
    return true;
  }
  const { header: name, subject } = clientCertificate;
  const sent = headers[name];
  // Twice the same header: one may be the sender's own, which the proxy should have removed.
  const said = typeof sent === 'string' ? sent.trim() : undefined;
  return said !== undefined && anyOf(Array.isArray(subject) ? subject : [subject], (known) => same(known, said));
}

/** A site that says `secret: none` is open to anybody only where it names nobody. */
function isOpen({ secret, clientCertificate, googlePush }: Expected): boolean {
  return secret === 'none' && (!googlePush || clientCertificate !== undefined);
}

/** Whether the body is worth reading: without it, nothing that the site accepts is ruled out yet. */
export function mayAuthenticate(expected: Expected, headers: Claim['headers']): boolean {
  const authorization = header({ headers, body: new Uint8Array() }, 'authorization');
  if (expected.googlePush && claimsGooglePush(expected.googlePush, authorization)) {
    return true;
  }
  if (!hasCertificate(expected, headers)) {
    return false;
  }
  const { medplum, hub } = signatures(headers);
  return isOpen(expected) || medplum !== undefined || hub !== undefined || hasSecret(expected.secret, headers);
}

/**
 * How the notification proves itself, or undefined: nothing that the site accepts. A certificate is asked for beside
 * the secret; instead of it only where the site says `secret: none`. A push of Google's is another matter, because its
 * keys may have to be fetched: google-push.ts.
 */
export function authenticateSender(expected: Expected, claim: Claim): Proof | undefined {
  if (!hasCertificate(expected, claim.headers)) {
    return undefined;
  }
  const proof = authenticate(expected.secret, claim);
  if (proof === 'open' && !isOpen(expected)) {
    return undefined;
  }
  return proof === 'open' && expected.clientCertificate ? 'certificate' : proof;
}

/** The same of the secret alone. */
export function authenticate(secret: SubscriptionsConfig['secret'], claim: Claim): Proof | undefined {
  if (secret === 'none') {
    return 'open';
  }
  if (hasSecret(secret, claim.headers)) {
    return 'secret';
  }
  const { medplum, hub } = signatures(claim.headers);
  const sent = [
    ...(medplum !== undefined && signatureMeansSomething(claim) ? [medplum] : []),
    // The header of a delete is not signed, and athenahealth signs Bundles only.
    ...(hub !== undefined && claim.body.length > 2 ? [hub] : []),
  ];
  if (sent.length === 0) {
    return undefined;
  }
  const valid = anyOf(acceptedSecrets(secret), (known) => {
    const right = sign(known, claim.body);
    return sent.map((signature) => same(right, signature)).some(Boolean);
  });
  return valid ? 'signature' : undefined;
}
