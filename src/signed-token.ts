/** What we sign with `security.signingKey`, so that we know it again when somebody else brings it back. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** One key, or two while rotating; the first signs. */
export type SigningKeys = readonly [string, ...string[]];

export interface Proofs {
  /** 43 characters of base64url. None of the words may hold a line break. */
  prove(words: readonly (string | number)[]): string;
  proves(words: readonly (string | number)[], shown: string): boolean;
}

/** `purpose`: the configured key signs several things, and what is signed for one must be worth nothing for another. */
export function openProofs(keys: SigningKeys, purpose: string): Proofs {
  const derive = (key: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
  const signing = derive(keys[0]);
  const accepted = keys.map(derive);
  return {
    prove: (words) => proof(signing, words),
    // Every key is tried every time: which of two fits does not show in the time it takes.
    proves: (words, shown) => accepted.map((key) => same(proof(key, words), shown)).some(Boolean),
  };
}

/** Seconds since 1970 in base 36. One time has one spelling. */
export const spellTime = (at: Date): string => Math.ceil(at.getTime() / 1000).toString(36);
export const isPast = (spelt: string, now: Date): boolean => !(Number.parseInt(spelt, 36) * 1000 > now.getTime());

/** The configured signing keys as a list; undefined where there are none. */
export function signingKeys(configured: string | readonly string[] | undefined): SigningKeys | undefined {
  const [first, ...others] = [configured ?? []].flat();
  return first === undefined ? undefined : [first, ...others];
}

function proof(key: Buffer, words: readonly (string | number)[]): string {
  return createHmac('sha256', key).update(words.join('\n')).digest('base64url');
}

function same(right: string, shown: string): boolean {
  const [a, b] = [Buffer.from(right), Buffer.from(shown)];
  return a.length === b.length && timingSafeEqual(a, b);
}
