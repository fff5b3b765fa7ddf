/** The site's private key for client assertions, and its public half for our JWKS. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { z } from 'zod';
import type { FhirAuth } from '../../config/schema.ts';
import { AdapterError } from '../../errors.ts';

export type SmartAuth = Extract<FhirAuth, { type: 'smart-backend' }>;

export interface SigningKey {
  key: KeyObject;
  /** The configured one, else the JWK's own, else the RFC 7638 thumbprint: stable, and the same here and in the JWKS. */
  kid: string;
  /** Public members only, with kid, alg and use. */
  publicJwk: JWK;
}

const jwk = z.looseObject({ kty: z.string(), kid: z.string().optional() });

function parse(text: string): { key: KeyObject; kid?: string } {
  if (!text.trimStart().startsWith('{')) {
    return { key: createPrivateKey(text) };
  }
  const value = jwk.parse(JSON.parse(text));
  const key = createPrivateKey({ key: value, format: 'jwk' });
  return { key, ...(value.kid !== undefined && { kid: value.kid }) };
}

function fits(key: KeyObject, alg: SmartAuth['alg']): boolean {
  return alg === 'RS384'
    ? key.asymmetricKeyType === 'rsa'
    : key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
}

/**
 * Reads the key: PEM (PKCS#8, PKCS#1 or SEC 1) or JWK, from the config or the file it names. A file is read each time,
 * so that a rotated key is taken up with the next token. Throws `ehr-unauthorized` (hold); never says what it read.
 */
export async function loadSigningKey(auth: SmartAuth): Promise<SigningKey> {
  try {
    const text = auth.privateKey ?? (await readFile(auth.privateKeyFile ?? '', 'utf8'));
    const { key, kid } = parse(text);
    if (!fits(key, auth.alg)) {
      throw new AdapterError('ehr-unauthorized', `The private key does not fit fhir.auth.alg ${auth.alg}`);
    }
    const exported = createPublicKey(key).export({ format: 'jwk' });
    const name = auth.kid ?? kid ?? (await calculateJwkThumbprint(exported));
    return { key, kid: name, publicJwk: { ...exported, kid: name, alg: auth.alg, use: 'sig' } };
  } catch (cause) {
    if (cause instanceof AdapterError) {
      throw cause;
    }
    throw new AdapterError('ehr-unauthorized', 'The private key of fhir.auth cannot be read', { cause });
  }
}
