/** Logging a person in with a vendor: the code is asked for here, confirmed in their browser, and what it gives kept. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { AdapterError, asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Clock, later } from '../orders/clock.ts';
import { loginAgain } from '../orders/login-again.ts';
import type { RouteRuntime, SiteRuntime } from '../orders/site.ts';
import { readHold, releaseCredential } from '../orders/store/credentials.ts';
import type { Database } from '../orders/store/database.ts';
import { listSecretTimes } from '../orders/store/secrets.ts';
import type { LoginCode, VendorLogin } from '../vendors/contract.ts';
import type { LoginAnswer, LoginState } from './api-schemas.ts';

export interface LoginServices {
  database: Database;
  sites: ReadonlyMap<string, Pick<SiteRuntime, 'routes'>>;
  clock: Clock;
  log: Log;
}

/** Every answer is undefined where no route of the site goes to a vendor of that name that people log in with. */
export interface Logins {
  /** Asks the vendor for a code; one that was asked for before counts no more. Throws AdapterError. */
  begin(site: string, vendor: string, by: string): Promise<LoginAnswer | undefined>;
  /** Whether the login of this id is confirmed; then keeps what it gave, and the orders held for want of it go on. */
  poll(site: string, vendor: string, id: string, by: string): Promise<LoginAnswer | undefined>;
  /** Whether the stored login works: the vendor is asked. Never throws for what the vendor says. */
  state(site: string, vendor: string): Promise<LoginState | undefined>;
  /** What an operator does where the login is refused; undefined for vendors without one. */
  advice(site: string, vendor: string): string | undefined;
}

/** The secret that a login under way is kept as: any process may be the one that is asked next. Vendors do not use it. */
const UNDER_WAY = 'login-under-way';
/** The vendor did not answer: a poll may wait this many times as long. */
const PATIENCE = 2;

const code = z.object({
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string().optional(),
  deviceCode: z.string(),
  interval: z.number(),
  expiresIn: z.number(),
});
const underWay = z.object({ id: z.string(), ends: z.coerce.date(), code });
type UnderWay = z.infer<typeof underWay>;

interface Account {
  site: string;
  /** All that go to this vendor: they share its settings and its secrets. */
  routes: [RouteRuntime, ...RouteRuntime[]];
  login: VendorLogin;
}

/** Logins at the vendors of these sites. */
export function openLogins({ database, sites, clock, log }: LoginServices): Logins {
  function accountOf(site: string, vendor: string): Account | undefined {
    const routes = [...(sites.get(site)?.routes.values() ?? [])].filter((route) => route.vendor.name === vendor);
    const [first, ...others] = routes;
    const login = first?.vendor.login;
    return first && login && { site, routes: [first, ...others], login };
  }

  const save = ({ routes: [{ secrets }] }: Account, login: UnderWay) => secrets.put(UNDER_WAY, JSON.stringify(login));

  async function underWayOf({ routes: [{ secrets }] }: Account): Promise<UnderWay | undefined> {
    const kept = await secrets.get(UNDER_WAY);
    return kept === undefined ? undefined : underWay.parse(JSON.parse(kept));
  }

  /** Only what a missing login holds: a quota or a vendor that is down is not mended by it. */
  async function release({ routes }: Account): Promise<boolean> {
    let released = false;
    for (const credential of new Set(routes.map((route) => route.credential))) {
      if ((await readHold(database, credential))?.reason.code === 'vendor-unauthorized') {
        await releaseCredential(database, credential, clock.now());
        released = true;
      }
    }
    return released;
  }

  async function ask(account: Account, login: UnderWay, by: string): Promise<LoginAnswer> {
    const { site, routes } = account;
    const [{ vendor, settings, http, secrets }] = routes;
    if (login.ends <= clock.now()) {
      await secrets.forget(UNDER_WAY);
      return { state: 'expired' };
    }
    const said = await account.login.poll({ settings, http }, givenCode(login.code));
    if ('pending' in said) {
      if (said.seconds > login.code.interval) {
        await save(account, { ...login, code: { ...login.code, interval: said.seconds } });
      }
      return { state: 'pending', seconds: said.seconds, trouble: null };
    }
    if ('ended' in said) {
      await secrets.forget(UNDER_WAY);
      log.info({ site, vendor: vendor.name, user: by, status: said.ended }, 'login not confirmed');
      return { state: said.ended };
    }
    for (const [name, value] of Object.entries(said.secret)) {
      await secrets.put(name, value);
    }
    await secrets.forget(UNDER_WAY);
    const released = await release(account);
    log.info({ site, vendor: vendor.name, user: by }, 'logged in');
    return { state: 'done', as: said.as ?? null, until: said.until?.toISOString() ?? null, released };
  }

  return {
    async begin(site, vendor, by) {
      const account = accountOf(site, vendor);
      if (!account) {
        return undefined;
      }
      const [{ settings, http }] = account.routes;
      const given = await account.login.begin({ settings, http });
      const { userCode, interval, expiresIn, verificationUriComplete: complete } = given;
      const pages = {
        verificationUri: pageOf(given.verificationUri, vendor),
        verificationUriComplete: complete === undefined ? null : pageOf(complete, vendor),
      };
      const id = randomBytes(12).toString('base64url');
      const ends = later(clock.now(), expiresIn);
      await save(account, { id, ends, code: given });
      log.info({ site, vendor, user: by }, 'login begun');
      return { state: 'begun', login: id, userCode, ...pages, seconds: interval, expiresAt: ends.toISOString() };
    },
    async poll(site, vendor, id, by) {
      const account = accountOf(site, vendor);
      if (!account) {
        return undefined;
      }
      const login = await underWayOf(account);
      if (login?.id !== id) {
        return { state: 'replaced' };
      }
      try {
        return await ask(account, login, by);
      } catch (thrown) {
        const error = asAdapterError(thrown);
        if (!error.code.startsWith('vendor-') || error.kind === 'permanent') {
          throw error;
        }
        // As RFC 8628 asks: more patience, until the code expires.
        const seconds = Math.max(error.retryAfter ?? 0, login.code.interval * PATIENCE);
        return { state: 'pending', seconds, trouble: `${error.message}.` };
      }
    },
    async state(site, vendor) {
      const account = accountOf(site, vendor);
      if (!account) {
        return undefined;
      }
      const [{ settings, http, secrets, vendor: its }] = account.routes;
      const times = await listSecretTimes(database, { site, owner: vendor });
      times.delete(UNDER_WAY);
      const latest = [...times.values()].toSorted((a, b) => b.getTime() - a.getTime())[0];
      if (!latest) {
        return { state: 'none', detail: `Nobody has logged in yet. ${loginAgain(site, vendor)}`, since: null };
      }
      const since = latest.toISOString();
      try {
        return { state: 'works', detail: await its.check({ settings, http, secrets }), since };
      } catch (thrown) {
        const error = asAdapterError(thrown);
        return error.code === 'vendor-unauthorized'
          ? { state: 'refused', detail: `${error.message}. ${loginAgain(site, vendor)}`, since }
          : { state: 'unknown', detail: `${error.message}. ${error.operator}`, since };
      }
    },
    advice: (site, vendor) => accountOf(site, vendor) && loginAgain(site, vendor),
  };
}

/** What was stored, with nothing where there was nothing. */
function givenCode({ verificationUriComplete, ...rest }: UnderWay['code']): LoginCode {
  return { ...rest, ...(verificationUriComplete !== undefined && { verificationUriComplete }) };
}

/** A person is about to open it: a web page, and nothing else that a URL can be. */
function pageOf(url: string, vendor: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new AdapterError('vendor-protocol', `${vendor} gave no web page to log in at`);
  }
  return parsed.href;
}
