/**
 * Keeps a WebSocket open to every site that wants one, in one process at a time, for ever: for sites whose server cannot
 * reach us. What happens while it is not open is told to nobody, so each opening, and each doubt, asks for a sweep.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SiteConfig } from '../../config/schema.ts';
import { asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Cursors, IncomingNotification, Leases, NotificationStore } from '../../orders/types.ts';
import { settledWithin } from '../settled-within.ts';
import type { WebSocketClient } from './bind.ts';
import { holdConnection } from './connection.ts';
import { TIMINGS, type Timings } from './keep-alive.ts';
import { openKeepEvents } from './keep-events.ts';
import { PAUSES, type Pauses, pauseAfter, wordsFor } from './pauses.ts';
import { openStandings, type Standing } from './standings.ts';

export interface WebSocketsOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: WebSocketClient }>;
  publicUrl: string | undefined;
  store: Pick<NotificationStore, 'insert'>;
  cursors: Cursors;
  leases: Leases;
  log: Log;
  now(): Date;
  requestSweep(site: string): void;
  /** An event was stored. */
  onStored?(notification: IncomingNotification): void;
  /** Bytes of one event at most. */
  bodyLimit: number;
  random?(): number;
  /** Waits some seconds; rejects when the signal aborts. */
  wait?(seconds: number, signal: AbortSignal): Promise<unknown>;
  timings?: Partial<Timings>;
  pauses?: Partial<Pauses>;
}

export interface WebSockets {
  /** Whether this site's events arrive at the moment, in this process or in another. */
  isOpen(site: string): boolean;
  /** For an operator; undefined where the site's news do not come by WebSocket. */
  describe(site: string): string | undefined;
  stop(): Promise<void>;
}

const LEASE_SECONDS = 30;
/** A Bundle around a resource of the size limit. */
const WRAPPING = 64 * 1024;
/** Seconds between two sweeps asked for because of frames that nobody understands. */
const DOUBT_SECONDS = 60;

export const wantsWebSocket = (config: SiteConfig): boolean => config.subscriptions.channel === 'websocket';

export function startWebSockets(options: WebSocketsOptions): WebSockets {
  const { leases, log, requestSweep } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const pauses = { ...PAUSES, ...options.pauses };
  const random = options.random ?? Math.random;
  const stopping = new AbortController();
  const wait = options.wait ?? ((seconds, signal) => sleep(seconds * 1000, undefined, { signal, ref: false }));
  const pause = (seconds: number, signal: AbortSignal) => wait(seconds, signal).catch(() => {});
  const standings = openStandings(options);
  const doubts = new Set<string>();
  const events = openKeepEvents({ ...options, wait, signal: stopping.signal });
  const wanted = [...options.sites.values()].filter(({ config }) => wantsWebSocket(config));

  /** A server that sends what nobody understands does not have us sweep all the time. */
  async function doubt(site: string): Promise<void> {
    if (doubts.has(site)) {
      return;
    }
    doubts.add(site);
    requestSweep(site);
    await pause(DOUBT_SECONDS, stopping.signal);
    doubts.delete(site);
  }

  async function connect(config: SiteConfig, client: WebSocketClient, signal: AbortSignal): Promise<void> {
    const site = config.name;
    const made = new Map<string, string>();
    let standing: Standing | undefined;
    const say = (now: Standing | undefined) => {
      standing = now;
      return now && standings.set(site, now);
    };
    const repeat = setInterval(() => void say(standing), timings.tick);
    repeat.unref();
    let failures = 0;
    while (!signal.aborted) {
      let opened: number | undefined;
      try {
        await holdConnection({
          config,
          client,
          publicUrl: options.publicUrl,
          made,
          limit: options.bodyLimit + WRAPPING,
          timings,
          now: options.now,
          log,
          signal,
          onOpen() {
            opened = options.now().getTime();
            void say({ open: true, words: 'open' });
            log.info({ site }, 'WebSocket of the FHIR server open');
            requestSweep(site);
          },
          onEvent: (event) => events.keep(site, event),
          onDoubt: () => void doubt(site),
        });
      } catch (thrown) {
        const error = asAdapterError(thrown);
        const words = wordsFor(error);
        const held = opened !== undefined && options.now().getTime() - opened >= pauses.steady * 1000;
        failures = held ? 1 : failures + 1;
        const after = pauseAfter(error, failures, random(), pauses);
        void say({ open: false, words });
        const fields = {
          site,
          code: error.code,
          httpStatus: error.status,
          after: Math.round(after),
          attempt: failures,
        };
        log.warn({ ...fields, operator: words }, 'WebSocket of the FHIR server not open');
        if (opened !== undefined) {
          requestSweep(site);
        }
        await pause(after, signal);
      }
    }
    clearInterval(repeat);
    // Where the lease was lost, another process speaks for the site.
    if (stopping.signal.aborted) {
      await say({ open: false, words: 'closed' });
    }
  }

  async function watch(config: SiteConfig, client: WebSocketClient): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      try {
        await leases.withLease(`websocket:${config.name}`, LEASE_SECONDS, (lost) =>
          connect(config, client, AbortSignal.any([lost, signal])),
        );
      } catch (thrown) {
        log.warn({ site: config.name, code: asAdapterError(thrown).code }, 'WebSocket not tried');
      }
      if (!signal.aborted) {
        await standings.look(config.name);
        await pause(timings.elsewhere * (0.5 + random() / 2), signal);
      }
    }
  }

  const watching = wanted.map(({ config, client }) => watch(config, client));
  return {
    isOpen: (site) => standings.get(site)?.open ?? false,
    describe(site) {
      const isWanted = wanted.some(({ config }) => config.name === site);
      return isWanted ? `WebSocket: ${standings.get(site)?.words ?? 'not open yet'}` : undefined;
    },
    async stop() {
      stopping.abort();
      await settledWithin(watching, 3000);
      await settledWithin([events.settled()], 3000);
    },
  };
}
