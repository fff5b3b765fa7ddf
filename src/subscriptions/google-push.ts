/**
 * Whether a push is from Google's Pub/Sub and from our subscription there: `Authorization: Bearer` with an OpenID Connect
 * token that Google has signed for the service account of the push subscription.
 * https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { SubscriptionsConfig } from '../config/schema.ts';
import { openPublishedKeys } from './published-keys.ts';

export type GooglePushConfig = NonNullable<SubscriptionsConfig['googlePush']>;

/** `unavailable`: Google's keys cannot be had, so that nothing can be said; Pub/Sub sends it again. */
export type PushVerdict = 'trusted' | 'refused' | 'unavailable';

/** Google's libraries write the issuer either way. */
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
/** Seconds that clocks may differ. */
const TOLERANCE = 60;

function tokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i.exec(authorization ?? '')?.[1];
}

function isOurs({ email, email_verified: verified }: JWTPayload, expected: GooglePushConfig): boolean {
  return email === expected.email && verified === true;
}

/** Whether the token says what it has to, for a look before the body is read; that proves nothing yet. */
export function claimsGooglePush(expected: GooglePushConfig, authorization: string | undefined): boolean {
  try {
    const payload = decodeJwt(tokenIn(authorization) ?? '');
    const audiences = [payload.aud ?? []].flat();
    return ISSUERS.includes(payload.iss ?? '') && audiences.includes(expected.audience) && isOurs(payload, expected);
  } catch {
    return false;
  }
}

/** Verifies tokens; makes no request before the first one that says what it has to. Never throws. */
export function openGooglePush(
  expected: GooglePushConfig,
  now: () => Date,
): (authorization: string | undefined) => Promise<PushVerdict> {
  const keys = openPublishedKeys(expected.keys, now);
  return async (authorization) => {
    const token = tokenIn(authorization);
    if (token === undefined || !claimsGooglePush(expected, authorization)) {
      return 'refused';
    }
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: ISSUERS,
        audience: expected.audience,
        algorithms: ['RS256'],
        requiredClaims: ['exp'],
        clockTolerance: TOLERANCE,
        currentDate: now(),
      });
      return isOurs(payload, expected) ? 'trusted' : 'refused';
    } catch (thrown) {
      // A judgement on the token is jose's own; whatever else goes wrong is about the keys.
      return thrown instanceof errors.JOSEError ? 'refused' : 'unavailable';
    }
  };
}
