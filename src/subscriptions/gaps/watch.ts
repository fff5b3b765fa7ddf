/**
 * Watches the event numbers of topic Subscriptions: what a message says is kept at once, what is missing has a due time
 * that is kept too, so that a restart forgets nothing; then it is asked for by `$events`, or swept for. A Subscription
 * that is silent for two heartbeats is asked how it stands.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SiteConfig } from '../../config/schema.ts';
import { asAdapterError } from '../../errors.ts';
import type { FhirClient } from '../../fhir/types.ts';
import type { Log } from '../../log.ts';
import type { Cursors, Leases, NotificationStore } from '../../orders/types.ts';
import type { SubscriptionStatus } from '../dialects/subscription-status.ts';
import { settledWithin } from '../settled-within.ts';
import { createTurns } from '../turns.ts';
import { askEvents, askStatus, asNotification, statusIn } from './ask.ts';
import { hear, isSilent, missing, recoveredUpTo, type Told } from './hear.ts';
import { type GapLedger, openLedger } from './ledger.ts';
import type { GapState } from './state.ts';
import { toldBy } from './told.ts';

export interface GapsOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient }>;
  cursors: Cursors;
  leases: Leases;
  store: Pick<NotificationStore, 'insert'>;
  log: Log;
  now(): Date;
  requestSweep(site: string): void;
  /** A Subscription is off or in error: the registrar shall look at it. */
  look(site: string): void;
  /** Milliseconds between two looks for what is due; 0: only when `check` is called. */
  every?: number;
  /** Milliseconds to wait for another process that has the site's numbers in hand. */
  patience?: number;
}

export interface Gaps {
  /** Takes what a notification says of its numbers. Never throws; what cannot be kept is swept for. */
  heard(site: string, status: SubscriptionStatus): Promise<void>;
  /** Recovers what is due. Never throws. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

const EVERY = 5000;
const LEASE_SECONDS = 20;
/** Milliseconds in which nobody else recovers what is being recovered; also the pause after a failure. */
const CLAIM = 60_000;

export function startGaps(options: GapsOptions): Gaps {
  const { cursors, leases, log } = options;
  const turns = createTurns();
  const stopping = new AbortController();
  const now = () => options.now().getTime();
  // Medplum's WebSocket numbers nothing, and each connection makes new Subscriptions.
  const watched = new Map(
    [...options.sites].filter(
      ([
        ,
        {
          config: { subscriptions },
        },
      ]) => subscriptions.channel !== 'websocket',
    ),
  );

  /** Changes one site's numbers while nobody else does, here or in another process; false: it was not our turn. */
  async function inTurn(site: string, work: (ledger: GapLedger) => Promise<void>): Promise<boolean> {
    return turns(site, async () => {
      const until = performance.now() + (options.patience ?? 3000);
      do {
        const done = await leases.withLease(`gaps:${site}`, LEASE_SECONDS, async () => {
          await work(openLedger(cursors, site));
          return true;
        });
        if (done) {
          return true;
        }
        await sleep(25, undefined, { signal: stopping.signal }).catch(() => {});
      } while (performance.now() < until && !stopping.signal.aborted);
      return false;
    });
  }

  /** Takes a message into the numbers of its Subscription. */
  async function take(ledger: GapLedger, site: string, subscription: string, told: Told): Promise<void> {
    const manner = watched.get(site)?.config.subscriptions.eventNumbers ?? 'ignore';
    const before = await ledger.get(subscription);
    if (manner === 'ignore') {
      // Its signs of life count all the same.
      const none: GapState = { upTo: 0n, top: 0n, heard: new Map(), recovered: [], heardAt: 0, resets: 0, fits: 0 };
      await ledger.put(subscription, { ...(before ?? none), heardAt: now() });
      return;
    }
    const { state, sweep, distrusted } = hear(before, told, now(), manner === 'trust');
    await ledger.put(subscription, state);
    if (distrusted !== undefined) {
      log.warn(
        { site, subscription, status: distrusted },
        'the event numbers of a Subscription are not looked at again',
      );
    }
    if (sweep) {
      log.info({ site, subscription }, 'the event numbers of a Subscription leave a doubt: the sweep looks');
      options.requestSweep(site);
    }
  }

  async function heard(site: string, status: SubscriptionStatus): Promise<void> {
    const subscription = status.subscription?.type === 'Subscription' ? status.subscription.id : undefined;
    const { eventNumbers, heartbeat } = watched.get(site)?.config.subscriptions ?? { eventNumbers: 'ignore' };
    if (subscription === undefined || (eventNumbers === 'ignore' && heartbeat === undefined)) {
      return;
    }
    try {
      if (await inTurn(site, (ledger) => take(ledger, site, subscription, toldBy(status)))) {
        return;
      }
      log.info({ site, subscription }, 'event numbers not kept: the sweep looks');
    } catch (thrown) {
      log.warn({ site, subscription, code: asAdapterError(thrown).code }, 'event numbers not kept: the sweep looks');
    }
    options.requestSweep(site);
  }

  /** Stores what `$events` gives of these numbers; whether it gave all of them. */
  async function fetchEvents(site: string, subscription: string, range: { from: bigint; until: bigint }) {
    const client = watched.get(site)?.client;
    const answer = client && (await askEvents(client, subscription, range));
    const status = answer && statusIn(answer);
    if (!answer || !status) {
      return { operation: false, all: false };
    }
    if (status.events.length > 0) {
      await options.store.insert([asNotification(site, answer, options.now())]);
    }
    const came = new Set(status.events.map(({ number }) => number));
    // A bundle holds no more than a few thousand, so neither does a hole that it fills.
    const wide = range.until - range.from >= 10_000n;
    const numbers = wide
      ? []
      : Array.from({ length: Number(range.until - range.from) + 1 }, (_, n) => range.from + BigInt(n));
    return { operation: true, all: !wide && numbers.every((number) => came.has(number)) };
  }

  async function recover(site: string, subscription: string, range: { from: bigint; until: bigint }, ask: boolean) {
    const count = Number(range.until - range.from) + 1;
    log.warn({ site, subscription, count }, 'events of a Subscription did not arrive: they are looked for');
    const { operation, all } = ask ? await fetchEvents(site, subscription, range) : { operation: false, all: false };
    if (!all) {
      options.requestSweep(site);
    }
    await inTurn(site, async (ledger) => {
      const state = await ledger.get(subscription);
      if (state) {
        const next = recoveredUpTo(state, range.until, now());
        await ledger.put(subscription, ask && !operation ? { ...next, noEvents: true } : next);
      }
    });
  }

  /** Asks a silent Subscription how it stands. */
  async function wake(site: string, client: FhirClient, subscription: string): Promise<void> {
    const stands = await askStatus(client, subscription);
    if (stands === 'gone') {
      await inTurn(site, (ledger) => ledger.forget(subscription));
      options.look(site);
      return;
    }
    log.info({ site, subscription, status: stands.state }, 'a Subscription was silent for two heartbeats');
    if (stands.state !== 'active' && stands.state !== 'requested') {
      options.look(site);
      options.requestSweep(site);
      return;
    }
    const said = 'events' in stands ? stands.total : undefined;
    if (said === undefined) {
      // No number that could show that nothing was lost.
      options.requestSweep(site);
    }
    await inTurn(site, async (ledger) => {
      const before = await ledger.get(subscription);
      if (before && said !== undefined) {
        await take(ledger, site, subscription, { kind: 'query-status', total: said, events: [] });
        const after = await ledger.get(subscription);
        // An answer is no sign of life of the deliveries; and after so long a silence nobody is a straggler.
        const due = after && after.upTo < after.top ? { due: now() } : {};
        await ledger.put(subscription, { ...(after ?? before), heardAt: before.heardAt, ...due });
      }
    });
  }

  /** What one Subscription needs now; claimed first, so that only one process does it. */
  async function look(site: string, place: { config: SiteConfig; client: FhirClient }, subscription: string) {
    const { heartbeat } = place.config.subscriptions;
    let range: ReturnType<typeof missing>;
    let silent = false;
    let ask = true;
    await inTurn(site, async (ledger) => {
      const state = await ledger.get(subscription);
      range = state && missing(state, now());
      silent = state !== undefined && heartbeat !== undefined && isSilent(state, heartbeat, now());
      ask = state?.noEvents !== true;
      if (state && (range || silent)) {
        const claimed = { ...state, ...(range && { due: now() + CLAIM }), ...(silent && { askedAt: now() }) };
        await ledger.put(subscription, claimed);
      }
    });
    if (range) {
      await recover(site, subscription, range, ask);
    }
    if (silent) {
      await wake(site, place.client, subscription);
    }
  }

  async function check(): Promise<void> {
    for (const [site, place] of watched) {
      try {
        for (const subscription of await openLedger(cursors, site).list()) {
          if (stopping.signal.aborted) {
            return;
          }
          const state = await openLedger(cursors, site).get(subscription);
          const { heartbeat } = place.config.subscriptions;
          // Looked at without the lease first: mostly there is nothing to do.
          if (state && (missing(state, now()) || (heartbeat && isSilent(state, heartbeat, now())))) {
            await look(site, place, subscription);
          }
        }
      } catch (thrown) {
        log.warn({ site, code: asAdapterError(thrown).code }, 'missing events not recovered yet');
      }
    }
  }

  let checking: Promise<void> | undefined;
  const every = options.every ?? EVERY;
  const timer = every > 0 ? setInterval(() => void checkOnce(), every).unref() : undefined;
  function checkOnce(): Promise<void> {
    checking ??= check().finally(() => {
      checking = undefined;
    });
    return checking;
  }

  return {
    heard,
    check: checkOnce,
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await settledWithin([checking ?? Promise.resolve()], 3000);
    },
  };
}
