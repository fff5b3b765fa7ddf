/**
 * When sweeps run: at start, by each site's cron expression, more often while no Subscription is known to work, and soon
 * after somebody asks; one at a time over all processes, and not before a server that asked us to wait wants us back.
 */
import cron from 'node-cron';
import type { SiteConfig } from '../config/schema.ts';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Cursors, Leases } from '../orders/types.ts';
import { createMissedNews, type MissedNews } from './missed-news.ts';
import { settledWithin } from './settled-within.ts';
import { type SweepOptions, type SweepResult, sweepSite } from './sweep.ts';
import { newHabits, type SearchHabits } from './sweep-habits.ts';
import { lastSweep, type PushSigns, pushWorks, rememberSweep } from './sweep-pace.ts';

export interface SweepsOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient }>;
  cursors: Cursors;
  admit: Admit;
  leases: Leases;
  log: Log;
  openOrders?: SweepOptions['openOrders'];
  onSwept?(result: SweepResult): void;
  /** What is known of the sites' notifications; without it, only what the registrar remembers counts. */
  push?: PushSigns;
  /** Whether the site's WebSocket is open. */
  connected?(site: string): boolean;
  /** Milliseconds between the end of a site's sweep and the next one asked for. */
  gap?: number;
  now?(): Date;
  /** Between 0 and 1, for jitter. */
  random?(): number;
  /** Milliseconds that a second of `sweepWhenSilent` lasts; for tests. */
  second?: number;
}

export interface Sweeps {
  /** Sweeps the site soon; many requests within the gap are one. */
  request(site: string): void;
  stop(): Promise<void>;
}

/** Who wants a sweep: the clock, the shorter one of a silent site, or somebody who knows of something. */
type Reason = 'cron' | 'silence' | 'request' | 'start';

interface Place {
  config: SiteConfig;
  client: FhirClient;
  habits: SearchHabits;
  missed: MissedNews | undefined;
  /** How long the last sweep took; a silent site is left alone for at least as long. */
  took: number;
  /** What was last said of the site's notifications. */
  works: boolean;
}

const LEASE_SECONDS = 60;

export function startSweeps(options: SweepsOptions): Sweeps {
  const { cursors, admit, log, openOrders, push } = options;
  const gap = options.gap ?? 3000;
  const now = options.now ?? (() => new Date());
  const random = options.random ?? Math.random;
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  const asked = new Map<string, NodeJS.Timeout | 'after this one'>();
  const silences = new Map<string, NodeJS.Timeout>();
  const places = new Map(
    [...options.sites].map(([name, { config, client }]): [string, Place] => {
      const missed = push && createMissedNews({ site: name, client, push, now });
      return [name, { config, client, habits: newHabits(), missed, took: 0, works: true }];
    }),
  );

  /** One sweep, if it is time for one; the seconds to wait where the server wants to be left alone. */
  async function sweepNow(place: Place, reason: Reason, signal: AbortSignal): Promise<SweepResult | { wait: number }> {
    const { config, client, habits, missed } = place;
    const last = await lastSweep(cursors, config.name);
    const wait = (Date.parse(last?.pausedUntil ?? '') - now().getTime()) / 1000;
    if (wait > 0) {
      return { wait };
    }
    const since = now().getTime() - Date.parse(last?.at ?? '');
    if (reason === 'silence' && since < periodOf(config) * 0.7) {
      // Another process was here meanwhile.
      return { wait: 0 };
    }
    await missed?.setClock().catch(() => {});
    const began = performance.now();
    const onNews = (changed: number) => missed?.brought(changed);
    const common = { site: config, client, cursors, admit, log, signal, habits, onNews };
    const result = await sweepSite({ ...common, ...(openOrders && { openOrders }) });
    place.took = performance.now() - began;
    if (!signal.aborted) {
      await rememberSweep(cursors, result, now());
      missed?.tell();
    }
    return result;
  }

  async function sweep(place: Place, reason: Reason): Promise<void> {
    const { name } = place.config;
    try {
      const result = await options.leases.withLease(`sweep:${name}`, LEASE_SECONDS, (lost) =>
        sweepNow(place, reason, AbortSignal.any([lost, stopping.signal])),
      );
      if (result === undefined && reason === 'request') {
        // Another process sweeps; it may already be past what we were asked to look for.
        asked.set(name, 'after this one');
      } else if (result && 'swept' in result) {
        options.onSwept?.(result);
        if (result.pause !== undefined) {
          log.warn({ site: name, after: result.pause }, 'the FHIR server asked us to wait: no sweep until then');
        }
      } else if (result && reason === 'request') {
        requestIn(name, result.wait * 1000 + gap * (0.5 + random()));
      }
    } catch (thrown) {
      log.warn({ site: name, code: asAdapterError(thrown).code }, 'sweep not finished');
    }
  }

  function run(name: string, reason: Reason): Promise<void> | undefined {
    const place = places.get(name);
    if (!place || stopping.signal.aborted || running.has(name)) {
      return running.get(name);
    }
    const sweeping = sweep(place, reason).finally(() => {
      running.delete(name);
      if (asked.get(name) === 'after this one') {
        asked.delete(name);
        request(name);
      }
    });
    running.set(name, sweeping);
    return sweeping;
  }

  function requestIn(name: string, milliseconds: number): void {
    if (stopping.signal.aborted) {
      return;
    }
    const timer = setTimeout(() => {
      asked.delete(name);
      if (running.has(name)) {
        asked.set(name, 'after this one');
      } else {
        run(name, 'request');
      }
    }, milliseconds);
    asked.set(name, timer.unref());
  }

  function request(name: string): void {
    if (asked.has(name)) {
      return;
    }
    if (running.has(name)) {
      asked.set(name, 'after this one');
    } else {
      requestIn(name, gap);
    }
  }

  async function works(name: string, place: Place): Promise<boolean> {
    const { subscriptions: config } = place.config;
    const health = push?.state(name) ?? 'unknown';
    const connected = options.connected?.(name) ?? false;
    try {
      const known = pushWorks({ config, health, connected, registered: await cursors.get(name, 'registered') });
      if (known !== place.works) {
        place.works = known;
        const said = known ? 'notifications come again' : 'no Subscription is known to work: sweeping more often';
        log.info({ site: name, after: config.sweepWhenSilent }, said);
      }
      return known;
    } catch {
      // Without a database nothing can be swept either.
      return place.works;
    }
  }

  /** Of the two clocks, only the one that rules now lets a sweep begin. */
  async function tick(name: string, reason: 'cron' | 'silence'): Promise<void> {
    const place = places.get(name);
    if (place && (await works(name, place)) === (reason === 'cron')) {
      await run(name, reason);
    }
  }

  function periodOf({ subscriptions }: SiteConfig): number {
    return subscriptions.sweepWhenSilent * (options.second ?? 1000);
  }

  function nextSilence(name: string, place: Place): void {
    if (stopping.signal.aborted) {
      return;
    }
    const wait = Math.max(periodOf(place.config), place.took) * (0.8 + random() * 0.4);
    const timer = setTimeout(() => void tick(name, 'silence').finally(() => nextSilence(name, place)), wait);
    silences.set(name, timer.unref());
  }

  const scheduled = [...places].filter(([, { config }]) => config.subscriptions.sweep !== 'off');
  const tasks = scheduled.map(([name, { config }]) =>
    cron.schedule(config.subscriptions.sweep, () => tick(name, 'cron')),
  );
  for (const [name, place] of scheduled) {
    run(name, 'start');
    nextSilence(name, place);
  }
  return {
    request,
    async stop() {
      stopping.abort();
      for (const timer of [...asked.values(), ...silences.values()]) {
        if (timer !== 'after this one') {
          clearTimeout(timer);
        }
      }
      for (const task of tasks) {
        await task.destroy();
      }
      await settledWithin([...running.values()], 3000);
    },
  };
}
