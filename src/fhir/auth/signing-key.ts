/** The site's private keys for client assertions, and their public halves for our JWKS. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { z } from 'zod';
import type { FhirAuth } from '../../config/schema.ts';
import { AdapterError } from '../../errors.ts';

export type SmartAuth = Extract<FhirAuth, { type: 'smart-backend' }>;

export interface SigningKey {
  key: KeyObject;
  /** The JWK's own, else the RFC 7638 thumbprint: stable, and the same here and in the JWKS. `auth.kid` names the first. */
  kid: string;
  /** Public members only, with kid, alg and use. */
  publicJwk: JWK;
}

export interface SigningKeys {
  /** Those that can be used, in the configured order, each with a kid of its own. */
  keys: SigningKey[];
  /** What is wrong with the others, each with its path in the configuration. */
  problems: AdapterError[];
}

interface Source {
  /** In the site's configuration, e.g. `fhir.auth.privateKeyFile[1]`. */
  path: string;
  read(): Promise<string>;
  /** The configured name. */
  kid: string | undefined;
}

/** RFC 7518, 3.3; jose would refuse a shorter one only when it signs. */
const SHORTEST_RSA = 2048;

const jwk = z.looseObject({ kty: z.string(), kid: z.string().min(1).optional() });

function sourcesOf({ privateKey, privateKeyFile, kid }: SmartAuth): [Source, ...Source[]] {
  const name = privateKey === undefined ? 'privateKeyFile' : 'privateKey';
  const given = privateKey ?? privateKeyFile ?? '';
  const source = (value: string, index: number): Source => ({
    path: Array.isArray(given) ? `fhir.auth.${name}[${index}]` : `fhir.auth.${name}`,
    read: async () => (privateKey === undefined ? readFile(value, 'utf8') : value),
    kid: index === 0 ? kid : undefined,
  });
  const [first = '', ...others] = [given].flat();
  return [source(first, 0), ...others.map((value, index) => source(value, index + 1))];
}

function parse(text: string): { key: KeyObject; kid?: string } {
  if (!text.trimStart().startsWith('{')) {
    return { key: createPrivateKey(text) };
  }
  const value = jwk.parse(JSON.parse(text));
  const key = createPrivateKey({ key: value, format: 'jwk' });
  return { key, ...(value.kid !== undefined && { kid: value.kid }) };
}

function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, alg: SmartAuth['alg']): boolean {
  return alg === 'RS384'
    ? asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= SHORTEST_RSA
    : asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'secp384r1';
}

const WANTED = { RS384: `an RSA key of ${SHORTEST_RSA} bits or more`, ES384: 'an EC key on the curve P-384' } as const;

/** `taken`: kids that other keys have; one of them is not given to this key, even where its own JWK claims it. */
async function load({ path, read, kid }: Source, alg: SmartAuth['alg'], taken: string[] = []): Promise<SigningKey> {
  try {
    const { key, kid: own } = parse(await read());
    if (!fits(key, alg)) {
      throw new AdapterError('ehr-unauthorized', `The key of ${path} does not fit: ${alg} needs ${WANTED[alg]}`);
    }
    const exported = createPublicKey(key).export({ format: 'jwk' });
    const named = kid ?? own;
    const name = named === undefined || taken.includes(named) ? await calculateJwkThumbprint(exported) : named;
    return { key, kid: name, publicJwk: { ...exported, kid: name, alg, use: 'sig' } };
  } catch (cause) {
    if (cause instanceof AdapterError) {
      throw cause;
    }
    throw new AdapterError('ehr-unauthorized', `The key of ${path} cannot be read`, { cause });
  }
}

/**
 * Reads the key that signs: PEM (PKCS#8, PKCS#1 or SEC 1) or JWK, from the config or the file it names. A file is read
 * each time, so that a new key is taken up with the next token. Throws `ehr-unauthorized` (hold); never says what it read.
 */
export async function loadSigningKey(auth: SmartAuth): Promise<SigningKey> {
  const [first] = sourcesOf(auth);
  return load(first, auth.alg);
}

/** Reads all of them, for our key set: the others are the key we come from, or the one we go to. Never throws. */
export async function loadSigningKeys(auth: SmartAuth): Promise<SigningKeys> {
  const keys: SigningKey[] = [];
  const problems: AdapterError[] = [];
  for (const source of sourcesOf(auth)) {
    try {
      const taken = keys.map(({ kid }) => kid);
      const loaded = await load(source, auth.alg, taken);
      if (keys.some(({ key }) => createPublicKey(key).equals(createPublicKey(loaded.key)))) {
        throw new AdapterError('ehr-unauthorized', `The key of ${source.path} is the first one again`);
      }
      keys.push(loaded);
    } catch (thrown) {
      if (!(thrown instanceof AdapterError)) {
        throw thrown;
      }
      problems.push(thrown);
    }
  }
  return { keys, problems };
}
