/**
 * Everything that brings orders to us, put together: stored notifications are drained, sweeps find what nobody told of,
 * gaps in event numbers are filled, our Subscriptions are kept alive, WebSockets are held open. Each may ask for a sweep.
 */
import type { SiteConfig } from '../config.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Cursors, Leases, NotificationStore } from '../orders/types.ts';
import { startDrain } from './drain.ts';
import { startGaps } from './gaps/watch.ts';
import { openPushHealth } from './push-health.ts';
import { instructionLines, subscriptionWords } from './register/site-words.ts';
import type { RegisterResult } from './register.ts';
import { startRegistrar } from './registrar.ts';
import { type Sweeps, type SweepsOptions, startSweeps } from './sweeps.ts';
import type { WebSocketClient } from './websocket/bind.ts';
import { startWebSockets } from './websocket/websockets.ts';

export interface SourcesOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient & WebSocketClient }>;
  publicUrl: string | undefined;
  bodyLimit: number;
  store: NotificationStore;
  cursors: Cursors;
  leases: Leases;
  admit: Admit;
  log: Log;
  now(): Date;
  openOrders: NonNullable<SweepsOptions['openOrders']>;
  /** Counts what became of notifications. */
  onNotification(site: string, outcome: string): void;
  /** A site from which nothing comes although something changed there, and when something comes again. */
  onSilent(site: string, silent: boolean): void;
  /** Said to the person who started us: what an administrator has to create where we do not register. */
  tell?(line: string): void;
}

export interface Sources {
  /** In words for /readyz: whether the EHR answers, and how our Subscriptions stand. */
  describe(site: string): { ehr: string; subscriptions: string };
  requestSweep(site: string): void;
  stop(): Promise<void>;
}

/** Outcomes of a notification that told of nothing: a server may send signs of life and never an event. */
const EVENTLESS = 'nothing';

export function startSources(options: SourcesOptions): Sources {
  const { sites, publicUrl, bodyLimit, store, cursors, leases, admit, log, now } = options;
  const pushHealth = openPushHealth({
    cursors,
    log,
    now,
    expects: (site) => sites.get(site)?.config.subscriptions.dialect !== 'none',
    onState: (site, state) => options.onSilent(site, state === 'silent'),
  });
  const answers = new Map<string, string>();
  const registered = new Map<string, RegisterResult>();
  let sweeps: Sweeps | undefined;
  const requestSweep = (site: string): void => sweeps?.request(site);

  const webSockets = startWebSockets({
    sites,
    publicUrl,
    store,
    cursors,
    leases,
    log,
    now,
    bodyLimit,
    requestSweep,
    onStored: ({ site }) => options.onNotification(site, 'stored'),
  });
  sweeps = startSweeps({
    sites,
    cursors,
    admit,
    leases,
    log,
    openOrders: options.openOrders,
    push: pushHealth,
    connected: (site) => webSockets.isOpen(site),
    now,
    onSwept({ site, swept }) {
      const failed = swept.find((one) => one.problem !== undefined);
      answers.set(site, failed?.advice ?? failed?.problem ?? 'ok');
    },
  });
  const registrar = startRegistrar({
    sites,
    publicUrl,
    leases,
    cursors,
    pushHealth,
    log,
    now,
    requestSweep,
    onResult: (result) => void registered.set(result.site, result),
    onInstructions(result) {
      for (const line of instructionLines(result)) {
        options.tell?.(line);
      }
    },
  });
  const gaps = startGaps({
    sites,
    cursors,
    leases,
    store,
    log,
    now,
    requestSweep,
    look: (site) => void registrar.look(site),
  });
  const drain = startDrain({
    store,
    sites,
    admit,
    log,
    now,
    gaps,
    requestSweep,
    onOutcome(site, outcome) {
      options.onNotification(site, outcome);
      if (outcome !== EVENTLESS) {
        pushHealth.arrived(site);
      }
    },
  });

  return {
    describe: (site) => ({
      ehr: answers.get(site) ?? 'unknown',
      subscriptions: webSockets.describe(site) ?? subscriptionWords(registered.get(site), pushHealth.state(site)),
    }),
    requestSweep,
    async stop() {
      await Promise.all([registrar.stop(), webSockets.stop(), sweeps?.stop(), drain.stop(), gaps.stop()]);
      await pushHealth.stop();
    },
  };
}
