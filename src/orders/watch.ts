/** One shared look at all waiting orders of a credential, for vendors that can be asked about many at once. */
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Clock, later } from './clock.ts';
import { operatorWords } from './login-again.ts';
import type { RouteRuntime, SiteRuntime } from './site.ts';
import { holdCredential, readHold } from './store/credentials.ts';
import type { Database } from './store/database.ts';
import { listWaiting, type WaitingOrder, wakeWaiting } from './store/watched-orders.ts';
import type { Leases } from './types.ts';

export interface WatchServices {
  database: Database;
  sites: Map<string, SiteRuntime>;
  leases: Leases;
  clock: Clock;
  log: Log;
}

export interface WatchOptions {
  /** Seconds between two looks. */
  everySeconds: number;
  /** Orders told to the vendor's `watch` at once. */
  page: number;
}

export const WATCH_DEFAULTS: WatchOptions = { everySeconds: 5, page: 500 };

export interface Watch {
  /** Looks at every credential now, unless one failed a short while ago; gives how many orders it woke. Never throws. */
  look(): Promise<number>;
  /** Looks no more; waits for a look that is under way. */
  stop(): Promise<void>;
}

/** A look lasts at most so long before another process may begin one. */
const LEASE_SECONDS = 60;
const MAX_PAUSE_SECONDS = 300;

/** The routes of one site that share a credential, and thereby a vendor's account. */
interface Watched {
  site: SiteRuntime;
  routes: [RouteRuntime, ...RouteRuntime[]];
  failures: number;
  notBefore: Date | undefined;
}

/**
 * Looks at the vendors that have `watch` every few seconds: one process at a time for each credential, and not while the
 * credential is held. An order that no look wakes is looked at in its own time, so a look that fails loses nothing.
 */
export function startWatch(services: WatchServices, options: WatchOptions = WATCH_DEFAULTS): Watch {
  const watched = gather(services.sites);
  let looking: Promise<number> | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const lookAtAll = async (): Promise<number> => {
    const woken = await Promise.all(watched.map((one) => lookAt(services, options, one, () => stopped)));
    return woken.reduce((sum, count) => sum + count, 0);
  };
  const look = (): Promise<number> => {
    looking ??= lookAtAll().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const schedule = (): void => {
    timer = setTimeout(async () => {
      await look();
      if (!stopped) {
        schedule();
      }
    }, options.everySeconds * 1000);
    timer.unref();
  };
  if (watched.length > 0) {
    schedule();
  }
  return {
    look,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

function gather(sites: Map<string, SiteRuntime>): Watched[] {
  const watched = new Map<string, Watched>();
  for (const site of sites.values()) {
    for (const route of site.routes.values()) {
      const key = `${site.name}\n${route.credential}`;
      const known = watched.get(key);
      if (known) {
        known.routes.push(route);
      } else if (route.vendor.watch) {
        watched.set(key, { site, routes: [route], failures: 0, notBefore: undefined });
      }
    }
  }
  return [...watched.values()];
}

async function lookAt(
  services: WatchServices,
  options: WatchOptions,
  watched: Watched,
  stopped: () => boolean,
): Promise<number> {
  const { database, leases, clock, log } = services;
  const { site, routes } = watched;
  const [{ vendor, credential }] = routes;
  if (watched.notBefore && clock.now() < watched.notBefore) {
    return 0;
  }
  try {
    const woken = await leases.withLease(`watch ${credential}`, LEASE_SECONDS, async (signal) =>
      (await readHold(database, credential)) ? 0 : pages(services, options, watched, () => stopped() || signal.aborted),
    );
    watched.failures = 0;
    watched.notBefore = undefined;
    return woken ?? 0;
  } catch (thrown) {
    const error = asAdapterError(thrown);
    watched.failures++;
    const pause = Math.min(MAX_PAUSE_SECONDS, options.everySeconds * 2 ** Math.min(watched.failures, 10));
    watched.notBefore = later(clock.now(), Math.max(error.retryAfter ?? 0, pause));
    const said = {
      site: site.name,
      vendor: vendor.name,
      code: error.code,
      operator: operatorWords(error, site.name, vendor),
    };
    if (vendor.login && error.code === 'vendor-unauthorized') {
      // Nobody would notice before the orders are looked at one by one, which may be hours.
      log.error(said, 'login refused: orders are held');
      const reason = { code: error.code, text: error.orderer };
      const hold = { credential, site: site.name, vendor: vendor.name, reason, now: clock.now() };
      // A database that is away: the next look comes to the same.
      await holdCredential(database, hold).catch(() => undefined);
    } else {
      log.warn(said, 'shared look failed: orders are looked at one by one');
    }
    return 0;
  }
}

async function pages(
  { database, clock }: WatchServices,
  { page }: WatchOptions,
  { site, routes }: Watched,
  stopped: () => boolean,
): Promise<number> {
  const [{ settings, http, secrets, memory, vendor }] = routes;
  const names = routes.map((route) => route.id);
  let woken = 0;
  let after = '0';
  while (!stopped()) {
    const orders = await listWaiting(database, {
      site: site.name,
      routes: names,
      now: clock.now(),
      after,
      limit: page,
    });
    const last = orders.at(-1);
    if (!last || !vendor.watch) {
      break;
    }
    after = last.id;
    const readable = orders.flatMap((order) => readState(vendor, order));
    if (readable.length > 0) {
      const named = new Set(await vendor.watch({ settings, http, secrets, memory }, readable));
      const ids = orders.filter(({ key }) => named.has(key)).map(({ id }) => id);
      woken += ids.length > 0 ? await wakeWaiting(database, site.name, ids, clock.now()) : 0;
    }
    if (orders.length < page) {
      break;
    }
  }
  return woken;
}

/** A state that an older version left and that cannot be read here is the order's own step to deal with. */
function readState(vendor: RouteRuntime['vendor'], { key, state }: WaitingOrder): { key: string; state: unknown }[] {
  const read = vendor.state.safeParse(state);
  return read.success ? [{ key, state: read.data }] : [];
}
