/** The part of an adapter that works on orders, as a process of its own would have it: engine, shared look, connections. */
import { randomUUID } from 'node:crypto';
import { PATHS } from '../sandbox/index.ts';
import { loadConfig } from '../src/config.ts';
import type { Log } from '../src/log.ts';
import type { Clock } from '../src/orders/clock.ts';
import { ENGINE_DEFAULTS, startEngine } from '../src/orders/engine.ts';
import { openDatabase } from '../src/orders/store/database.ts';
import { openLeases } from '../src/orders/store/leases.ts';
import { openMemory } from '../src/orders/store/memory.ts';
import { openSecrets, secretBoxOf } from '../src/orders/store/secrets.ts';
import { startWatch, WATCH_DEFAULTS } from '../src/orders/watch.ts';
import { buildSites } from '../src/runtime.ts';
import type { OpenStorage } from '../src/storage/types.ts';
import { aignostics } from '../src/vendors/aignostics/index.ts';
import { watch as lookAtRuns } from '../src/vendors/aignostics/watch.ts';
import { defineVendor } from '../src/vendors/contract.ts';
import { waitingEhr } from './waiting-ehr.ts';

export const SITE = 'bench';
export const ROUTE = 'slides';

export interface WaitingAdapter {
  /** One shared look, as a timer makes every few seconds; here whoever moves the clock says when. */
  look(): Promise<number>;
  wake(): void;
  isBusy(): boolean;
  close(): Promise<void>;
}

/** A timer of the shared look that never comes within a benchmark; in seconds. */
const NEVER = 1_000_000;

function configOf(sandbox: string): string {
  return `security: { encryptionKey: the-encryption-key-of-the-benchmark, signingKey: the-signing-key-of-the-benchmark }
http: { publicUrl: 'http://127.0.0.1:1' }
sites:
  - name: ${SITE}
    fhir: { baseUrl: '${sandbox}${PATHS.ehr}' }
    subscriptions: { secret: the-secret-of-the-benchmark, register: false, sweep: 'off' }
    vendors:
      aignostics:
        baseUrl: '${sandbox}${PATHS.aignostics}/api/v1'
        auth:
          clientId: sandbox-client
          tenant: '${sandbox}${PATHS.aignostics}/auth0'
          audience: https://aignostics-platform-samia
          refreshToken: sandbox-refresh-token
        storageHosts: [localhost]
    routes:
      - id: ${ROUTE}
        on: ServiceRequest?status=active
        vendor: aignostics
        options: { application: he-tme, version: 1.4.0, heatMaps: false }
`;
}

/** `sandbox`: its URL. The clock is everybody's: the vendor's, and that of each adapter. */
export async function openWaitingAdapter(given: {
  database: { url: string; schema: string };
  sandbox: string;
  storage: OpenStorage;
  clock: Clock;
  log: Log;
}): Promise<WaitingAdapter> {
  const { storage, clock, log } = given;
  const now = () => clock.now();
  const vendor = defineVendor({ ...aignostics, watch: (site, waiting) => lookAtRuns(site, waiting, now) });
  const vendors = { aignostics: vendor };
  const loaded = loadConfig({
    text: configOf(given.sandbox),
    path: 'bench.yaml',
    env: {},
    readFile: () => '',
    vendors,
  });
  if ('problems' in loaded) {
    throw new Error(loaded.problems.map(({ path, message }) => `${path} ${message}`).join('; '));
  }
  const { config } = loaded;
  const database = await openDatabase({ ...given.database, folder: '', connections: 10 });
  const leases = openLeases(database, randomUUID(), now);
  const box = secretBoxOf(config);
  const built = buildSites(config, {
    ...{ vendors, log, storages: new Map([[SITE, storage]]) },
    memory: (site, owner) => openMemory(database, leases, { site, owner }, now),
    secrets: (site, owner) => openSecrets({ database, leases, box, now }, { site, owner }),
  });
  const ehr = waitingEhr();
  const sites = new Map([...built].map(([name, site]) => [name, { ...site, ehr }]));
  const engine = await startEngine(
    {
      ...{ database, sites, clock, log, random: Math.random },
      meter: { stage() {}, outcome() {}, effect() {} },
      checkpoint: async () => {},
    },
    ENGINE_DEFAULTS,
  );
  const watch = startWatch({ database, sites, leases, clock, log }, { ...WATCH_DEFAULTS, everySeconds: NEVER });
  return {
    look: () => watch.look(),
    wake: () => engine.wake(),
    isBusy: () => engine.busy() > 0,
    async close() {
      await Promise.all([watch.stop(), engine.stop(5)]);
      await Promise.all([...built.values()].map((site) => site.close()));
      await database.close();
    },
  };
}
