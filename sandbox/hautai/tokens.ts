/** Who may call: tokens of log-ins, which live an hour, and private tokens, which live until a date of their maker's choice. */
import { randomBytes } from 'node:crypto';
import type { HautaiOptions } from './options.ts';

const LOGIN_MS = 60 * 60_000;

export interface PrivateToken {
  id: number;
  name: string;
  expiration_time: string;
}

export interface Tokens {
  /** A new pair of tokens after a log-in or a refresh. */
  issue(): { access: string; refresh: string };
  /** The new pair of a refresh token, which works once; undefined: it is unknown. */
  renew(refresh: string): { access: string; refresh: string } | undefined;
  accepts(token: string): boolean;
  /** Ends the token of a log-in before its time. */
  expire(token: string): void;
  /** The token itself is in this answer, and nowhere later. */
  make(name: string, expirationTime: string): PrivateToken & { data: string };
  list(): PrivateToken[];
  /** Whether there was one. */
  remove(id: number): boolean;
}

export function createTokens(options: Required<HautaiOptions>, now: () => Date): Tokens {
  /** By access token: when it ends. */
  const access = new Map<string, number>();
  const refreshes = new Set<string>();
  const made = new Map<string, PrivateToken>();
  const random = (kind: string) => `${kind}_${randomBytes(24).toString('base64url')}`;
  let last = 76;

  function issue() {
    const pair = { access: random('at'), refresh: random('rt') };
    access.set(pair.access, now().getTime() + LOGIN_MS);
    refreshes.add(pair.refresh);
    return pair;
  }

  return {
    issue,
    renew: (refresh) => (refreshes.delete(refresh) ? issue() : undefined),
    accepts(token) {
      const own = made.get(token);
      const ends = own ? Date.parse(own.expiration_time) : access.get(token);
      return ends === undefined ? token.startsWith(options.token) : ends > now().getTime();
    },
    expire: (token) => {
      access.delete(token);
    },
    make(name, expirationTime) {
      last++;
      const data = random('pt');
      const token = { id: last, name, expiration_time: expirationTime };
      made.set(data, token);
      return { ...token, data };
    },
    list: () => [...made.values()],
    remove(id) {
      const found = [...made].find(([, token]) => token.id === id);
      return found !== undefined && made.delete(found[0]);
    },
  };
}
