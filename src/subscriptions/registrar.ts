/** Runs the registration at start and every few minutes, in one process at a time. */
import cron from 'node-cron';
import { z } from 'zod';
import type { SiteConfig } from '../config/schema.ts';
import { asAdapterError } from '../errors.ts';
import type { FhirClient } from '../fhir/types.ts';
import type { Log } from '../log.ts';
import type { Cursors, Leases } from '../orders/types.ts';
import type { OpenPushHealth } from './push-health.ts';
import type { Registered } from './register/fulfil.ts';
import { healNow, readHealed } from './register/healing.ts';
import { type RegisterOptions, type RegisterResult, registerSubscriptions } from './register.ts';
import { settledWithin } from './settled-within.ts';

export interface RegistrarOptions {
  sites: ReadonlyMap<string, { config: SiteConfig; client: FhirClient }>;
  publicUrl: string | undefined;
  leases: Leases;
  cursors: Cursors;
  pushHealth: Pick<OpenPushHealth, 'state' | 'renewed' | 'share'>;
  log: Log;
  now(): Date;
  /** After a Subscription was made or switched on again: what happened meanwhile was told to nobody. */
  requestSweep(site: string): void;
  onResult?(result: RegisterResult): void;
  /** What an administrator has to create; once, and again when it becomes something else. */
  onInstructions?(result: RegisterResult): void;
  /** A node-cron expression. */
  every?: string;
  wait?: RegisterOptions['wait'];
}

export interface Registrar {
  /** Settles when every site was tried once. */
  first: Promise<void>;
  /** Looks at a site's Subscriptions now: somebody saw that one is off. Resolves when it was done. */
  look(site: string): Promise<void>;
  stop(): Promise<void>;
}

const LEASE_SECONDS = 90;
/** The last result of a site, as the console shows it and the next run needs it. */
const CURSOR = 'registered';
const HEALED = 'healed';

const remembered = z.object({
  subscriptions: z.array(z.object({ id: z.string().optional(), criteria: z.string() })),
});

/** What an earlier run registered; nothing where it cannot be read. Pure. */
export function readRegistered(text: string | undefined): z.infer<typeof remembered>['subscriptions'] {
  try {
    return remembered.safeParse(JSON.parse(text ?? 'null')).data?.subscriptions ?? [];
  } catch {
    return [];
  }
}

/** Starts registering. */
export function startRegistrar(options: RegistrarOptions): Registrar {
  const { cursors, pushHealth, log, now } = options;
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const written = new Map<string, Map<string, string>>([...options.sites.keys()].map((name) => [name, new Map()]));
  const told = new Map<string, string>();

  /** Whether to make them anew in this run; remembered before it is done, so that a crash does not repeat it at once. */
  async function heals(site: string): Promise<boolean> {
    await pushHealth.share(site);
    if (pushHealth.state(site) !== 'silent') {
      return false;
    }
    const due = healNow(readHealed(await cursors.get(site, HEALED)), now());
    if (due) {
      await cursors.set(site, HEALED, JSON.stringify(due));
      log.warn({ site, attempt: due.times }, 'nothing comes of our Subscriptions: they are made anew');
    }
    return due !== undefined;
  }

  /** A failed run does not make us forget which Subscriptions are ours. */
  async function remember(result: RegisterResult, known: RegisterOptions['known'] = []): Promise<void> {
    const { site, manner, subscriptions, instructions, problem } = result;
    const kept = problem === undefined ? subscriptions : known;
    const record = {
      at: now().toISOString(),
      manner,
      subscriptions: kept,
      ...(instructions.length > 0 && { instructions: instructions.length }),
      ...(problem !== undefined && { problem }),
    };
    await cursors.set(site, CURSOR, JSON.stringify(record));
  }

  async function run(config: SiteConfig, client: FhirClient, lost: AbortSignal): Promise<RegisterResult> {
    const { publicUrl, wait } = options;
    const { name } = config;
    const known = readRegistered(await cursors.get(name, CURSOR));
    const result = await registerSubscriptions({
      config,
      publicUrl,
      client,
      log,
      now,
      known,
      signal: AbortSignal.any([lost, stopping.signal]),
      written: written.get(name) ?? new Map(),
      heals: () => heals(name),
      ...(wait && { wait }),
    });
    await remember(result, known);
    return result;
  }

  function tell(result: RegisterResult): void {
    options.onResult?.(result);
    const said = JSON.stringify([result.instructions, result.advice]);
    if (result.instructions.length > 0 && told.get(result.site) !== said) {
      told.set(result.site, said);
      options.onInstructions?.(result);
    }
    // From then on it can be told of changes; what happened before, the sweep has to find.
    const begun = ({ state, status }: Registered) =>
      status === 'active' && (state === 'created' || state === 'reactivated');
    if (result.subscriptions.some(begun)) {
      pushHealth.renewed(result.site);
    }
    if (result.subscriptions.some(({ state }) => state !== 'kept' && state !== 'failed')) {
      options.requestSweep(result.site);
    }
  }

  async function register(config: SiteConfig, client: FhirClient): Promise<void> {
    try {
      const result = await options.leases.withLease(`register:${config.name}`, LEASE_SECONDS, (lost) =>
        run(config, client, lost),
      );
      if (result) {
        tell(result);
      }
    } catch (thrown) {
      log.warn({ site: config.name, code: asAdapterError(thrown).code }, 'Subscriptions could not be registered');
    }
  }

  async function look(name: string): Promise<void> {
    const site = options.sites.get(name);
    if (!site || stopping.signal.aborted) {
      return;
    }
    const going = underWay.get(name) ?? register(site.config, site.client).finally(() => underWay.delete(name));
    underWay.set(name, going);
    await going;
  }

  /** Sites side by side, so that one slow server holds up nobody; a site whose last run still goes on is left out. */
  async function registerAll(): Promise<void> {
    await Promise.all([...options.sites.keys()].map(look));
  }

  const task = cron.schedule(options.every ?? '*/3 * * * *', registerAll, { noOverlap: true });
  return {
    first: registerAll(),
    look,
    async stop() {
      stopping.abort();
      await task.destroy();
      await settledWithin([...underWay.values()], 3000);
    },
  };
}
