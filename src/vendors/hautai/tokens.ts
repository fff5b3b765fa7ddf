/** The token that calls carry: the site's private one, or that of a login, kept in this process. */
import { AdapterError } from '../../errors.ts';
import type { VendorHttp, VendorRequest } from '../http.ts';
import { login, parsed } from './answers.ts';
import { WAITS } from './facts.ts';
import { type Login, processMemory } from './process-memory.ts';
import type { Settings } from './settings.ts';

export interface Tokens {
  get(): Promise<string>;
  /** Another one instead of one that was refused; undefined: there is none. */
  renew(refused: string): Promise<string | undefined>;
}

export type Access = Pick<Settings, 'baseUrl' | 'token' | 'login' | 'timeout'>;
type Common = Pick<VendorRequest, 'timeout' | 'signal'>;

const NO_LOGIN =
  'Haut.AI refused the login (400); an account with multi-factor authentication needs a private token instead';

/** Secret: names the credential among those of this process. */
export function credentialOf({ baseUrl, token, login }: Access): string {
  return token === undefined ? `${baseUrl} ${login?.username} ${login?.password}` : `${baseUrl} ${token}`;
}

async function logIn(http: VendorHttp, json: NonNullable<Access['login']>, common: Common, now: Date): Promise<Login> {
  const response = await http.request({
    ...common,
    method: 'POST',
    path: '/api/v1/auth/login/',
    json,
    accept: [200, 201, 400],
  });
  if (response.status === 400) {
    throw new AdapterError('vendor-unauthorized', NO_LOGIN, {
      status: 400,
      orderer: 'The AI service does not accept our credentials; the order waits for the operator of the adapter.',
    });
  }
  return { ...parsed(login, response, '/auth/login/'), ends: now.getTime() + WAITS.login * 1000 };
}

/** A login prolonged; undefined where the vendor will not, whatever it says: a new login answers that better. */
async function refresh(http: VendorHttp, old: Login, common: Common, now: Date): Promise<Login | undefined> {
  if (old.refresh === undefined) {
    return undefined;
  }
  const json = { refresh_token: old.refresh };
  const response = await http.request({
    ...common,
    method: 'POST',
    path: '/api/v1/auth/refresh/',
    json,
    accept: [200, 201, 400, 401, 403, 404, 405],
  });
  const read = response.status < 300 ? login.safeParse(response.json()) : undefined;
  return read?.success ? { refresh: old.refresh, ...read.data, ends: now.getTime() + WAITS.login * 1000 } : undefined;
}

/** `common` goes with every request that asks for a token. */
export function tokensOf(http: VendorHttp, access: Access, common: Common, now: () => Date): Tokens {
  const { token, login: account } = access;
  if (token !== undefined || account === undefined) {
    return { get: async () => token ?? '', renew: async () => undefined };
  }
  const { logins } = processMemory(http);
  const key = credentialOf(access);

  /** One login at a time: the vendor turns away those who log in for each request. */
  function keep(making: Promise<Login>): Promise<Login> {
    logins.set(key, making);
    making.catch(() => logins.get(key) === making && logins.delete(key));
    return making;
  }
  async function current(): Promise<Login> {
    const known = logins.get(key);
    if (!known) {
      return keep(logIn(http, account ?? { username: '', password: '' }, common, now()));
    }
    const held = await known;
    if (held.ends > now().getTime()) {
      return held;
    }
    return logins.get(key) === known ? keep(prolong(held)) : current();
  }
  async function prolong(old: Login): Promise<Login> {
    return (
      (await refresh(http, old, common, now())) ?? logIn(http, account ?? { username: '', password: '' }, common, now())
    );
  }

  return {
    get: async () => (await current()).token,
    async renew(refused) {
      const known = logins.get(key);
      if (known && (await known.catch(() => undefined))?.token === refused && logins.get(key) === known) {
        logins.delete(key);
      }
      return (await current()).token;
    },
  };
}
