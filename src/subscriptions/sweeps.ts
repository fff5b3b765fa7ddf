/** When sweeps run: by each site's cron expression, at start, and soon after somebody asks; one at a time over all processes. */
import cron from 'node-cron';
import type { SiteConfig } from '../config/schema.ts';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Admit, Cursors, Leases } from '../orders/types.ts';
import { settledWithin } from './settled-within.ts';
import { type SweepOptions, type SweepResult, sweepSite } from './sweep.ts';

export interface SweepsOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient }>;
  cursors: Cursors;
  admit: Admit;
  leases: Leases;
  log: Log;
  openOrders?: SweepOptions['openOrders'];
  onSwept?(result: SweepResult): void;
  /** Milliseconds between the end of a site's sweep and the next one asked for. */
  gap?: number;
}

export interface Sweeps {
  /** Sweeps the site soon; many requests within the gap are one. */
  request(site: string): void;
  stop(): Promise<void>;
}

const LEASE_SECONDS = 60;

export function startSweeps(options: SweepsOptions): Sweeps {
  const { cursors, admit, log, openOrders } = options;
  const gap = options.gap ?? 3000;
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  const asked = new Map<string, NodeJS.Timeout | 'after this one'>();

  async function sweep(config: SiteConfig, client: FhirClient, wanted: boolean): Promise<void> {
    try {
      const result = await options.leases.withLease(`sweep:${config.name}`, LEASE_SECONDS, (lost) => {
        const signal = AbortSignal.any([lost, stopping.signal]);
        return sweepSite({ site: config, client, cursors, admit, log, signal, ...(openOrders && { openOrders }) });
      });
      if (result) {
        options.onSwept?.(result);
      } else if (wanted) {
        // Another process sweeps; it may already be past what we were asked to look for.
        asked.set(config.name, 'after this one');
      }
    } catch (thrown) {
      log.warn({ site: config.name, code: asAdapterError(thrown).code }, 'sweep not finished');
    }
  }

  function run(name: string, wanted = false): void {
    const site = options.sites.get(name);
    if (!site || stopping.signal.aborted || running.has(name)) {
      return;
    }
    const sweeping = sweep(site.config, site.client, wanted).finally(() => {
      running.delete(name);
      if (asked.get(name) === 'after this one') {
        asked.delete(name);
        request(name);
      }
    });
    running.set(name, sweeping);
  }

  function request(name: string): void {
    if (asked.has(name) || stopping.signal.aborted) {
      return;
    }
    if (running.has(name)) {
      asked.set(name, 'after this one');
      return;
    }
    const timer = setTimeout(() => {
      asked.delete(name);
      if (running.has(name)) {
        asked.set(name, 'after this one');
      } else {
        run(name, true);
      }
    }, gap);
    asked.set(name, timer.unref());
  }

  const scheduled = [...options.sites].filter(([, { config }]) => config.subscriptions.sweep !== 'off');
  const tasks = scheduled.map(([name, { config }]) => cron.schedule(config.subscriptions.sweep, () => run(name)));
  for (const [name] of scheduled) {
    run(name);
  }
  return {
    request,
    async stop() {
      stopping.abort();
      for (const timer of asked.values()) {
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
