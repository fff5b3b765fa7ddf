/** The real engine on a real database, with a vendor, a small EHR and a clock that jumps to whatever is due next. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SiteConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { type Engine, startEngine } from '../../src/orders/engine.ts';
import type { EngineServices } from '../../src/orders/hand.ts';
import type { Order } from '../../src/orders/order.ts';
import type { RouteRuntime, SiteRuntime } from '../../src/orders/site.ts';
import { STATES } from '../../src/orders/states.ts';
import { admitOrder, latestGeneration } from '../../src/orders/store/admit-order.ts';
import { nextDue } from '../../src/orders/store/claim-orders.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { openMemory } from '../../src/orders/store/memory.ts';
import { openSecrets } from '../../src/orders/store/secrets.ts';
import { readTimeline } from '../../src/orders/store/timeline.ts';
import { openSecretBox } from '../../src/secret-box.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import type { VendorHttp } from '../../src/vendors/http.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import type { MemoryEhr } from './memory-ehr.ts';
import { noStorage } from './without-storage.ts';

export interface Rig {
  clock: FakeClock;
  ehr: MemoryEhr;
  route: RouteRuntime;
  services: EngineServices;
  start(checkpoint?: EngineServices['checkpoint']): Promise<Engine>;
  admit(id: string): Promise<void>;
  /** The newest generation of the order of this resource. */
  order(id: string): Promise<Order>;
  events(id: string): Promise<string[]>;
  /** Lets time jump until the order has ended or waits for a person; with `jump: false` time stands. */
  settle(id: string, done?: (order: Order) => boolean, options?: { jump?: boolean }): Promise<Order>;
  stop(): Promise<void>;
}

const noHttp: VendorHttp = {
  request: () => Promise.reject(new Error('This vendor has no HTTP')),
};

export async function engineRig(options: {
  database: Database;
  ehr: MemoryEhr;
  vendor: Vendor;
  settings?: unknown;
  routeOptions?: unknown;
  http?: VendorHttp;
  limits?: RouteRuntime['limits'];
  policy?: SiteRuntime['policy'];
  /** For vendors of slides, and of large results; see served-storage.ts. */
  storage?: SiteRuntime['storage'];
  slidesDeidentified?: boolean;
  /** Where large results are served; default: nobody can reach us. */
  publicUrl?: string;
  /** The route's search; its type is that of the resources. */
  on?: string;
}): Promise<Rig> {
  const { database, ehr, vendor } = options;
  const clock = fakeClock();
  const leases = openLeases(database, 'rig', () => clock.now());
  const route: RouteRuntime = {
    id: 'route',
    on: options.on ?? 'DocumentReference?status=current',
    vendor,
    settings: options.settings ?? {},
    options: options.routeOptions ?? {},
    http: options.http ?? noHttp,
    memory: openMemory(database, leases, { site: 'site', owner: vendor.name }, () => clock.now()),
    secrets: openSecrets(
      { database, leases, box: openSecretBox(['the encryption key of the rig']), now: () => clock.now() },
      { site: 'site', owner: vendor.name },
    ),
    credential: 'credential',
    requireConsent: false,
    limits: options.limits ?? {},
  };
  const site: SiteRuntime = {
    name: 'site',
    // The engine reads nothing of these two itself.
    config: {} as SiteConfig,
    client: {} as SiteRuntime['client'],
    ehr,
    storage: options.storage ?? noStorage,
    fileUrl: (id) => options.publicUrl && `${options.publicUrl}/files/${id}`,
    retentionDays: 30,
    slidesDeidentified: options.slidesDeidentified ?? false,
    policy: options.policy ?? { awaitInputHours: 24, supersededNote: 'take-back' },
    owners: async () => ['Device/adapter'],
    routes: new Map([[route.id, route]]),
  };
  const services: EngineServices = {
    database,
    sites: new Map([[site.name, site]]),
    clock,
    log: silentLog,
    meter: { stage() {}, outcome() {}, effect() {} },
    random: () => 0.5,
    checkpoint: async () => {},
  };
  const live = new Set<Engine>();
  const type = route.on.split('?')[0] ?? '';
  const key = (id: string): string => `site/${type}/${id}/route`;
  const rig: Rig = {
    clock,
    ehr,
    route,
    services,
    async start(checkpoint) {
      const engine = await startEngine(
        { ...services, ...(checkpoint && { checkpoint }) },
        { concurrency: 4, leaseSeconds: 8, pollSeconds: 0.1 },
      );
      const mine: Engine = {
        ...engine,
        halt() {
          live.delete(mine);
          engine.halt();
        },
        async stop(graceSeconds) {
          await engine.stop(graceSeconds);
          live.delete(mine);
        },
      };
      live.add(mine);
      return mine;
    },
    async admit(id) {
      await admitOrder(
        database,
        {
          baseKey: key(id),
          generation: 1,
          site: 'site',
          route: 'route',
          vendor: vendor.name,
          resourceType: type,
          resourceId: id,
          seenVersion: '1',
          seenUpdated: null,
          events: [{ event: 'admitted' }],
        },
        clock.now(),
      );
    },
    async order(id) {
      const order = await latestGeneration(database, key(id));
      if (!order) {
        throw new Error(`There is no order of ${id}`);
      }
      return order;
    },
    async events(id) {
      return (await readTimeline(database, (await rig.order(id)).id)).map((row) => row.event);
    },
    async settle(id, done = (order) => rested(order), { jump = true } = {}) {
      const end = Date.now() + 20_000;
      for (;;) {
        const order = await rig.order(id);
        if (done(order)) {
          return order;
        }
        if (Date.now() > end) {
          throw new Error(`The order does not settle: ${order.status}, ${order.leg}, ${order.lastError?.text ?? ''}`);
        }
        const due = await nextDue(database);
        // Time stands while somebody works: a jump would end the lease of an order in hand.
        if (jump && due && due > clock.now() && [...live].every((engine) => engine.busy() === 0)) {
          clock.set(due);
          for (const engine of live) {
            engine.wake();
          }
        }
        await pause(8);
      }
    },
    async stop() {
      for (const engine of live) {
        engine.halt();
      }
      await pause(0);
    },
  };
  return rig;
}

function rested(order: Order): boolean {
  const told = STATES[order.status].ended && order.leg === 'ended';
  return told || ((order.status === 'held' || order.status === 'waiting') && order.nextAt === null);
}
