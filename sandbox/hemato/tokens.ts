/** The vendor's tokens: those it mints at a login, and those that clients sign with a registered key. */
import { createHash, createHmac, createPublicKey, type KeyObject, randomBytes, randomUUID, verify } from 'node:crypto';
import { z } from 'zod';
import { FORBIDDEN, type Refusal, unauthorized } from './envelope.ts';

/** A public key as a client has registered it with the vendor's support. */
export interface RegisteredKey {
  kid: string;
  /** PEM, PKCS#1 or SPKI. */
  publicKey: string;
  /** The organisation; where given, `iss` has to say it. */
  issuer?: string;
  /** The organisation's users; where given, `sub` has to be one of them. */
  subjects?: readonly string[];
  /** False: the organisation has no access to this region, 403. */
  access?: boolean;
}

export interface Tokens {
  /** A token of a user's session. */
  mint(subject: string): string;
  /** Why a token is refused, or undefined. `host` is what its audience has to name. */
  refusal(token: string, host: string): Refusal | undefined;
}

/** A token older than this is expired, whatever its `exp` says. */
const OLDEST_SECONDS = 3600;
const ISSUER = 'hemato-sandbox';
const DIGESTS = new Map([
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
]);

const header = z.object({ alg: z.string(), kid: z.string().optional() });
const times = z.object({ iat: z.int(), exp: z.int() });
const claims = times.extend({
  iss: z.string().min(1),
  sub: z.string().min(1),
  jti: z.string().min(1),
  kid: z.string().min(1),
  aud: z.union([
    z.string(),
    z
      .array(z.string())
      .length(1)
      .transform(([one = '']) => one),
  ]),
  role: z.enum(['admin', 'user', 'device', 'service']),
});
type Claims = z.infer<typeof claims>;

interface Compact {
  head: z.infer<typeof header>;
  payload: unknown;
  signed: string;
  signature: Buffer;
}

/** Mints and checks tokens; a session's token lives for `sessionSeconds`. Throws where a registered key is none. */
export function createTokens(options: {
  keys: readonly RegisteredKey[];
  now: () => Date;
  sessionSeconds: number;
}): Tokens {
  const { now, sessionSeconds } = options;
  const secret = randomBytes(32);
  const keys = new Map(options.keys.map((key) => [key.kid, { ...key, object: createPublicKey(key.publicKey) }]));
  /** By `jti`, the hash of the token that first had it. */
  const seen = new Map<string, string>();
  const seconds = () => Math.floor(now().getTime() / 1000);
  const mac = (signed: string) => createHmac('sha256', secret).update(signed).digest();

  function ofSession({ payload, signed, signature }: Compact): Refusal | undefined {
    if (!mac(signed).equals(signature)) {
      return unauthorized('signature is not valid');
    }
    return timing(times.parse(payload), seconds());
  }

  function ofKeyPair({ head, payload, signed, signature }: Compact, token: string, host: string): Refusal | undefined {
    const digest = DIGESTS.get(head.alg);
    const parsed = claims.safeParse(payload);
    if (digest === undefined) {
      return unauthorized('signing algorithm has to be RS256 or RS384');
    }
    if (!parsed.success) {
      return unauthorized(`claims are missing or wrong: ${parsed.error.issues.map(({ path }) => path[0]).join(', ')}`);
    }
    const said = parsed.data;
    const key = keys.get(said.kid);
    if (!key || (head.kid ?? said.kid) !== said.kid || !isSigned(digest, signed, key.object, signature)) {
      return unauthorized('signature is not valid for any registered key of this kid');
    }
    return timing(said, seconds()) ?? ofClaims(said, key, host) ?? used(said.jti, token);
  }

  function used(jti: string, token: string): Refusal | undefined {
    const hash = createHash('sha256').update(token).digest('hex');
    const first = seen.get(jti) ?? hash;
    seen.set(jti, first);
    return first === hash ? undefined : unauthorized('jti has been used by another token');
  }

  return {
    mint(subject) {
      const iat = seconds();
      const payload = { iss: ISSUER, sub: subject, jti: randomUUID(), iat, exp: iat + sessionSeconds };
      const signed = [{ alg: 'HS256', typ: 'JWT' }, payload].map(encode).join('.');
      return `${signed}.${mac(signed).toString('base64url')}`;
    },
    refusal(token, host) {
      const compact = decode(token);
      if (!compact) {
        return unauthorized(token === '' ? 'token is missing' : 'token is malformed');
      }
      return compact.head.alg === 'HS256' ? ofSession(compact) : ofKeyPair(compact, token, host);
    },
  };
}

function timing({ iat, exp }: z.infer<typeof times>, now: number): Refusal | undefined {
  if (iat > now) {
    return unauthorized('token was issued in the future');
  }
  return exp <= now || now - iat > OLDEST_SECONDS ? unauthorized('token is expired') : undefined;
}

/** The host may be named with its port or without; a test host has one, a real one has none. */
function ofClaims({ aud, iss, sub }: Claims, key: RegisteredKey, host: string): Refusal | undefined {
  if (aud !== host && aud !== host.replace(/:\d+$/, '')) {
    return unauthorized('audience is not this host');
  }
  if (iss !== (key.issuer ?? iss) || !(key.subjects ?? [sub]).includes(sub)) {
    return unauthorized('issuer or subject is not known');
  }
  return key.access === false ? FORBIDDEN : undefined;
}

function decode(token: string): Compact | undefined {
  const [head = '', payload = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || ![head, payload, signature].every((part) => /^[\w-]+$/.test(part))) {
    return undefined;
  }
  try {
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return {
      head: header.parse(read(head)),
      payload: read(payload),
      signed: `${head}.${payload}`,
      signature: Buffer.from(signature, 'base64url'),
    };
  } catch {
    return undefined;
  }
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

function isSigned(digest: string, signed: string, key: KeyObject, signature: Buffer): boolean {
  return verify(digest, Buffer.from(signed), key, signature);
}
