/** JSON Web Tokens that a vendor has us sign with our own RSA key, and what a token says of its end. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeJwt, SignJWT } from 'jose';
import { AdapterError } from '../errors.ts';

export interface JwtKey {
  /** PEM in PKCS#1 or PKCS#8, or the path of a file that holds one; the file is read for each token. */
  privateKey?: string | undefined;
  privateKeyFile?: string | undefined;
  alg: 'RS256' | 'RS384';
  kid: string;
}

/** RFC 7518, 3.3. */
const SHORTEST_RSA = 2048;

/** Throws `vendor-unauthorized` (hold); never says what it read, nor where. */
async function keyOf({ privateKey, privateKeyFile }: JwtKey): Promise<KeyObject> {
  const where = privateKey === undefined ? 'privateKeyFile' : 'privateKey';
  const orderer = 'The AI service cannot be logged in to; the order waits for the operator of the adapter.';
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKey ?? (await readFile(privateKeyFile ?? '', 'utf8')));
  } catch (cause) {
    throw new AdapterError('vendor-unauthorized', `The key of auth.${where} cannot be read`, { cause, orderer });
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < SHORTEST_RSA) {
    const message = `The key of auth.${where} does not fit: an RSA key of ${SHORTEST_RSA} bits or more is needed`;
    throw new AdapterError('vendor-unauthorized', message, { orderer });
  }
  return key;
}

/**
 * A compact JWS of exactly these claims. `claims` holds times in seconds; nothing is added, so that a vendor's rules stand
 * in the vendor's folder. `kid` stands in the header.
 */
export async function signJwt(key: JwtKey, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, typ: 'JWT', kid: key.kid }).sign(await keyOf(key));
}

/**
 * Seconds that a token lives, from its `iat` (else from `now`) to its `exp`; undefined where it has no end or is no JWT.
 * Counted between its own two times, so that it does not matter whose clock is wrong. Its signature is not our business.
 */
export function lifetimeOf(token: string, now: Date): number | undefined {
  try {
    const { exp, iat } = decodeJwt(token);
    const seconds = typeof exp === 'number' ? exp - (typeof iat === 'number' ? iat : now.getTime() / 1000) : Number.NaN;
    return Number.isFinite(seconds) ? seconds : undefined;
  } catch {
    return undefined;
  }
}
