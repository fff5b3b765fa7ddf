/** Runs the registration at start and every few minutes, in one process at a time. */
import cron from 'node-cron';
import type { SiteConfig } from '../config/schema.ts';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Leases } from '../orders/types.ts';
import { type RegisterResult, registerSubscriptions } from './register.ts';
import { settledWithin } from './settled-within.ts';

export interface RegistrarOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient }>;
  publicUrl: string | undefined;
  leases: Leases;
  log: Log;
  /** After a Subscription was made or switched on again: what happened meanwhile was told to nobody. */
  requestSweep(site: string): void;
  onResult?(result: RegisterResult): void;
  /** A node-cron expression. */
  every?: string;
}

const LEASE_SECONDS = 90;

/** Starts registering. `first` settles when every site was tried once. */
export function startRegistrar(options: RegistrarOptions): { first: Promise<void>; stop(): Promise<void> } {
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const written = new Map<string, Map<string, string>>([...options.sites.keys()].map((name) => [name, new Map()]));

  async function register(config: SiteConfig, client: FhirClient): Promise<void> {
    const { publicUrl, log } = options;
    try {
      const result = await options.leases.withLease(`register:${config.name}`, LEASE_SECONDS, (lost) => {
        const signal = AbortSignal.any([lost, stopping.signal]);
        return registerSubscriptions({
          config,
          publicUrl,
          client,
          log,
          signal,
          written: written.get(config.name) ?? new Map(),
        });
      });
      if (!result) {
        return;
      }
      options.onResult?.(result);
      if (result.subscriptions.some(({ state }) => state !== 'kept' && state !== 'failed')) {
        options.requestSweep(config.name);
      }
    } catch (thrown) {
      log.warn({ site: config.name, code: asAdapterError(thrown).code }, 'Subscriptions could not be registered');
    }
  }

  /** Sites side by side, so that one slow server holds up nobody; a site whose last run still goes on is left out. */
  async function registerAll(): Promise<void> {
    const runs = [...options.sites].map(([name, { config, client }]) => {
      const run = underWay.get(name) ?? register(config, client).finally(() => underWay.delete(name));
      underWay.set(name, run);
      return run;
    });
    await Promise.all(runs);
  }

  const task = cron.schedule(options.every ?? '*/3 * * * *', registerAll, { noOverlap: true });
  return {
    first: registerAll(),
    async stop() {
      stopping.abort();
      await task.destroy();
      await settledWithin([...underWay.values()], 3000);
    },
  };
}
