/**
 * Somebody's public keys, from their JWKS URL: kept for as long as their Cache-Control says, fetched again for a key that
 * is not among them, and never for each answer. A fetch is short, because a sender waits for it.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { fetch } from 'undici';
import { z } from 'zod';

/** Milliseconds that a fetch may take. */
const PATIENCE = 2000;
/** Seconds that keys are kept: without a word about it, and at the least and the most whatever is said. */
const LIFE = { unsaid: 3600, least: 60, most: 86_400 };
/** Seconds that keys which are over are still believed while no others can be had. */
const STALE = 86_400;
/** Seconds between two fetches for keys that are not there: anybody can make up a key's name. */
const COOLDOWN = 30;
/** Seconds that a server which did not answer is left alone. */
const REST = 5;

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The keys cannot be had now; it says nothing about whose token it was. */
export class KeysUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('The public keys cannot be had', options);
    this.name = 'KeysUnavailable';
  }
}

interface Held {
  find: ReturnType<typeof createLocalJWKSet>;
  /** Milliseconds since the epoch. */
  asked: number;
  until: number;
}

/** Seconds that an answer may be kept (RFC 9111: max-age, less the Age that it has already). */
export function lifeOf(cacheControl: string | null, age: string | null): number {
  const said = /(?:^|[\s,])max-age="?(\d{1,9})\b/i.exec(cacheControl ?? '')?.[1];
  if (said === undefined) {
    return LIFE.unsaid;
  }
  const spent = /^\d{1,9}$/.test(age ?? '') ? Number(age) : 0;
  return Math.min(Math.max(Number(said) - spent, LIFE.least), LIFE.most);
}

/** For jose's jwtVerify. Throws KeysUnavailable, and jose's JWKSNoMatchingKey for a key that there is not. */
export function openPublishedKeys(url: string, now: () => Date): JWTVerifyGetKey {
  let held: Held | undefined;
  let pending: Promise<Held> | undefined;
  let restUntil = 0;

  async function load(): Promise<Held> {
    const asked = now().getTime();
    if (asked < restUntil) {
      throw new KeysUnavailable();
    }
    try {
      const headers = { Accept: 'application/json' };
      const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
      if (!response.ok) {
        await response.body?.cancel();
        throw new KeysUnavailable();
      }
      const find = createLocalJWKSet(keySet.parse(await response.json()));
      const life = lifeOf(response.headers.get('cache-control'), response.headers.get('age'));
      held = { find, asked, until: asked + life * 1000 };
      return held;
    } catch (cause) {
      restUntil = asked + REST * 1000;
      throw cause instanceof KeysUnavailable ? cause : new KeysUnavailable({ cause });
    }
  }

  function fetched(): Promise<Held> {
    pending ??= load().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  async function current(): Promise<Held> {
    const time = now().getTime();
    if (held && time < held.until) {
      return held;
    }
    const old = held && time < held.until + STALE * 1000 ? held : undefined;
    return old ? fetched().catch(() => old) : fetched();
  }

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.find(header, token);
    } catch (thrown) {
      const isNew = thrown instanceof errors.JWKSNoMatchingKey && now().getTime() >= keys.asked + COOLDOWN * 1000;
      if (!isNew) {
        throw thrown;
      }
      return (await fetched()).find(header, token);
    }
  };
}
