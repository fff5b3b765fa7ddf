/**
 * Whether notifications come at all. Servers take a Subscription, call it active and never fire it (HAPI's R4 topics,
 * a Medplum Subscription left `requested`, a firewall in between): only a change that push should have brought, and that
 * a sweep found instead, gives them away.
 *
 * What is known of a site is shared by all processes through its cursor `push`; each joins what it saw itself.
 */
import { z } from 'zod';
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Cursors } from '../orders/types.ts';

export type PushState = 'unknown' | 'works' | 'silent';

export interface PushHealth {
  /** An authentic notification of this site came (whatever it said). */
  arrived(site: string): void;
  /**
   * The sweep found news that no notification had brought; `changedAt` is the resource's meta.lastUpdated by the
   * server's clock, `now` the server's time. Counts only what is older than five minutes.
   */
  missed(site: string, changedAt: Date, now: Date): void;
  /** `silent`: accepted but nothing comes although something changed; `unknown`: nothing was seen either way yet. */
  state(site: string): PushState;
}

export interface OpenPushHealth extends PushHealth {
  /** Our Subscriptions of this site were made or switched on just now: what changed before could not be told. */
  renewed(site: string): void;
  /** Reads what other processes saw and writes what is not written yet; also when the adapter stops. */
  share(site: string): Promise<void>;
  stop(): Promise<void>;
}

export interface PushHealthOptions {
  cursors: Cursors;
  log: Log;
  now(): Date;
  /** Whether any server is to notify of this site at all; where none is, nothing is missed. Default: all sites. */
  expects?(site: string): boolean;
  /** Called when a site becomes silent and when something comes again. */
  onState?(site: string, state: PushState): void;
}

/** In milliseconds since 1970 by our own clock; 0: never. `since`: only later changes count as missed. */
interface Seen {
  arrived: number;
  missed: number;
  since: number;
}

/** A notification may take as long: HAPI delivers for a minute, slow queues longer. */
const GRACE_MILLISECONDS = 5 * 60 * 1000;
/** Between two writes of one site's cursor, while its state stays the same. */
const SHARE_MILLISECONDS = 30_000;
const CURSOR = 'push';

const time = z
  .string()
  .transform((text) => Date.parse(text))
  .pipe(z.number())
  .catch(0);
const stored = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('is no JSON');
      return z.NEVER;
    }
  })
  .pipe(z.object({ arrived: time, missed: time, since: time }));

const NOTHING: Seen = { arrived: 0, missed: 0, since: 0 };

/** Of two views of the same site what happened last. */
function join(a: Seen, b: Seen): Seen {
  const latest = (key: keyof Seen) => Math.max(a[key], b[key]);
  return { arrived: latest('arrived'), missed: latest('missed'), since: latest('since') };
}

/** Something came after the last change that was missed: push works, and that one was lost on its way. */
function stateOf({ arrived, missed }: Seen): PushState {
  return missed > arrived ? 'silent' : arrived > 0 ? 'works' : 'unknown';
}

const read = (text: string | undefined): Seen => stored.safeParse(text).data ?? NOTHING;

/** The state that a stored cursor tells, for whoever has no running adapter at hand. */
export function readPushState(text: string | undefined): PushState {
  return stateOf(read(text));
}

function written(seen: Seen): string {
  const said = (at: number) => (at > 0 ? new Date(at).toISOString() : undefined);
  const state = stateOf(seen);
  return JSON.stringify({ state, arrived: said(seen.arrived), missed: said(seen.missed), since: said(seen.since) });
}

/** Opens it; sites become known as they are spoken of. */
export function openPushHealth(options: PushHealthOptions): OpenPushHealth {
  const { cursors, log } = options;
  const now = () => options.now().getTime();
  // What changed while we were not there may have been told to nobody.
  const opened = now();
  const known = new Map<string, Seen>();
  const shared = new Map<string, { at: number; text: string }>();
  const sharing = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;

  const seenOf = (site: string): Seen => known.get(site) ?? NOTHING;

  async function exchange(site: string): Promise<void> {
    try {
      const text = await cursors.get(site, CURSOR);
      note(site, read(text), false);
      const ours = written(seenOf(site));
      if (ours !== written(NOTHING) && ours !== text) {
        await cursors.set(site, CURSOR, ours);
      }
      shared.set(site, { at: now(), text: ours });
    } catch (thrown) {
      // It is known here all the same, and goes out with what is seen next.
      log.debug({ site, code: asAdapterError(thrown).code }, 'push state not shared');
    }
  }

  /** After the exchange that is under way, if there is one; however many ask meanwhile, once. */
  function share(site: string): Promise<void> {
    clearTimeout(timers.get(site));
    timers.delete(site);
    const next =
      waiting.get(site) ??
      (sharing.get(site) ?? Promise.resolve()).then(() => {
        waiting.delete(site);
        const work = exchange(site);
        sharing.set(site, work);
        return work;
      });
    waiting.set(site, next);
    return next;
  }

  /** Soon, but not at every notification. */
  function shareLater(site: string): void {
    const wait = (shared.get(site)?.at ?? 0) + SHARE_MILLISECONDS - now();
    if (wait <= 0) {
      void share(site);
    } else if (!timers.has(site) && !stopped) {
      timers.set(site, setTimeout(() => void share(site), wait).unref());
    }
  }

  /** Takes in what was seen, here or elsewhere, and tells of a change of state; says so only where it was seen. */
  function note(site: string, seen: Seen, here: boolean): void {
    const before = stateOf(seenOf(site));
    known.set(site, join(seenOf(site), seen));
    const state = stateOf(seenOf(site));
    if (state === before) {
      return;
    }
    options.onState?.(site, state);
    if (here && state === 'silent') {
      log.warn(
        { site, status: state },
        'something changed and no notification told of it: the sweep finds the orders. Check that the server delivers and that it can reach http.publicUrl',
      );
    } else if (here && before === 'silent') {
      log.info({ site, status: state }, 'notifications come again');
    }
    if (here) {
      // Whatever the throttle says: a change of state is worth a write.
      shared.delete(site);
    }
  }

  return {
    arrived(site) {
      note(site, { ...NOTHING, arrived: now() }, true);
      shareLater(site);
    },
    missed(site, changedAt, serverNow) {
      const age = serverNow.getTime() - changedAt.getTime();
      // By our own clock, which also tells when notifications came.
      const changed = now() - age;
      const from = Math.max(opened, seenOf(site).since);
      if (options.expects?.(site) === false || age < GRACE_MILLISECONDS || Number.isNaN(age) || changed < from) {
        return;
      }
      note(site, { ...NOTHING, missed: changed }, true);
      shareLater(site);
    },
    state(site) {
      if ((shared.get(site)?.at ?? 0) + SHARE_MILLISECONDS <= now() && !stopped) {
        shareLater(site);
      }
      return stateOf(seenOf(site));
    },
    renewed(site) {
      note(site, { ...NOTHING, since: now() }, true);
      shareLater(site);
    },
    share,
    async stop() {
      stopped = true;
      await Promise.all([...known.keys()].map(share));
    },
  };
}
