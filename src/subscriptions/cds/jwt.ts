/**
 * Whether a CDS client is who it says: the JWT of https://cds-hooks.hl7.org/2.0/#trusting-cds-clients, against the issuers
 * and key sets that the site's administrator has entered.
 */
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { CdsHooksConfig } from '../../config/schema.ts';

/** The specification recommends the first two; the others are seen in the field. None is symmetric. */
const ALGORITHMS = ['ES384', 'RS384', 'ES256', 'RS256'];
/** Seconds that clocks may differ. */
const TOLERANCE = 60;
/** Seconds after which a token is too old, whatever its `exp` says; the specification's practice is five minutes. */
const LONGEST_LIFE = 3600;
/** Milliseconds: a key set has to come quickly, is believed for ten minutes, and is not asked for again at once. */
const KEYS = { timeoutDuration: 2000, cacheMaxAge: 600_000, cooldownDuration: 30_000 };
/** Milliseconds that a key set which could not be had is left alone. */
const KEYS_REST = 5000;

export type Trust = 'trusted' | 'refused' | 'unavailable';

export interface CdsTrustOptions {
  clients: CdsHooksConfig['clients'];
  now(): Date;
  /** True for whoever says this key first before `until`, over all processes. */
  once(key: string, until: Date): Promise<boolean>;
}

/** Tells whether a call's Authorization header makes it trusted; `audience` is the URL that was called. */
export type CdsTrust = (authorization: string | undefined, audience: string) => Promise<Trust>;

type Client = Exclude<CdsHooksConfig['clients'], 'none'>[number];
type KeySet = ReturnType<typeof createRemoteJWKSet>;

/** The configured clients that the token may be of; its own words choose among them and add none. */
function candidates(clients: readonly Client[], token: string): Client[] {
  try {
    const { jku, typ } = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    const isJwt = typ === undefined || typ.toUpperCase() === 'JWT';
    return clients.filter(({ issuer, jwksUrl }) => isJwt && issuer === iss && (jku === undefined || jku === jwksUrl));
  } catch {
    return [];
  }
}

export function openCdsTrust({ clients, now, once }: CdsTrustOptions): CdsTrust {
  const keySets = new Map<string, KeySet>();
  const restUntil = new Map<string, number>();

  function keysOf(url: string): KeySet {
    const keys = keySets.get(url) ?? createRemoteJWKSet(new URL(url), KEYS);
    keySets.set(url, keys);
    return keys;
  }

  async function verify(token: string, client: Client, audience: string): Promise<JWTPayload | Trust> {
    const { issuer, jwksUrl } = client;
    if ((restUntil.get(jwksUrl) ?? 0) > now().getTime()) {
      return 'unavailable';
    }
    try {
      const { payload } = await jwtVerify(token, keysOf(jwksUrl), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['iss', 'aud', 'exp', 'iat', 'jti'],
        maxTokenAge: LONGEST_LIFE,
        clockTolerance: TOLERANCE,
        currentDate: now(),
      });
      return payload;
    } catch (thrown) {
      // Anything else than a judgement on the token: the key set could not be had.
      const isAboutKeys =
        !(thrown instanceof errors.JOSEError) ||
        thrown instanceof errors.JWKSTimeout ||
        thrown instanceof errors.JWKSInvalid ||
        thrown.code === errors.JOSEError.code;
      if (!isAboutKeys) {
        return 'refused';
      }
      restUntil.set(jwksUrl, now().getTime() + KEYS_REST);
      return 'unavailable';
    }
  }

  async function isFirstUse(payload: JWTPayload): Promise<boolean> {
    const { iss = '', jti = '', exp = 0, iat = 0 } = payload;
    const until = Math.min(exp, iat + LONGEST_LIFE) + TOLERANCE;
    const key = createHash('sha256')
      .update(JSON.stringify([iss, jti]))
      .digest('hex');
    return typeof jti === 'string' && jti !== '' && once(key, new Date(until * 1000));
  }

  return async (authorization, audience) => {
    if (clients === 'none') {
      return 'trusted';
    }
    const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
    let verdict: Trust = 'refused';
    for (const client of token === undefined ? [] : candidates(clients, token)) {
      const verified = await verify(token ?? '', client, audience);
      if (typeof verified === 'object') {
        return (await isFirstUse(verified)) ? 'trusted' : 'refused';
      }
      verdict = verified === 'unavailable' ? verified : verdict;
    }
    return verdict;
  };
}
