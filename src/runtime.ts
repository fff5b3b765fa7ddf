/** Builds what works on a site's orders: its FHIR client, its EHR as the engine sees it, its routes with their vendors. */
import { z } from 'zod';
import { limitsSchema } from './config/limits.ts';
import type { Config, RouteConfig, SiteConfig } from './config.ts';
import { AdapterError } from './errors.ts';
import { type OpenFhirClient, openFhirClient } from './fhir/client.ts';
import type { Devices } from './fhir/complete-finding.ts';
import { ensureAdapterDevice, ensureDevices } from './fhir/devices.ts';
import { readOrder } from './fhir/inputs.ts';
import { openPicture } from './fhir/open-picture.ts';
import { openSlide } from './fhir/open-slide.ts';
import { publish } from './fhir/publish.ts';
import { retract } from './fhir/retract.ts';
import { lookAtTask, saveTask } from './fhir/save-task.ts';
import { handOver } from './fhir/task-for-us.ts';
import { siteLimits } from './fhir/write-limits.ts';
import type { Log } from './log.ts';
import { credentialDigest, type Ehr, type RouteRuntime, type SiteRuntime } from './orders/site.ts';
import type { Storage } from './storage/types.ts';
import type { Memory, Secrets, Vendor } from './vendors/contract.ts';
import { openVendorHttp, type VendorHttpClient } from './vendors/http-client.ts';

export interface OpenSite extends SiteRuntime {
  client: OpenFhirClient;
  close(): Promise<void>;
}

export interface RuntimeServices {
  vendors: Readonly<Record<string, Vendor>>;
  log: Log;
  /** What a site and one of its rooms (a vendor, or `ehr`) remember between orders. */
  memory(site: string, owner: string): Memory;
  /** What people's logins gave a site and one of its vendors. */
  secrets(site: string, owner: string): Secrets;
  /** Where each site keeps large files, by its name. */
  storages: ReadonlyMap<string, Storage>;
}

/** Devices and Organizations are looked up again after this long: somebody may have merged or removed them. */
const DEVICE_SECONDS = 6 * 3600;

const withLimits = z.looseObject({ limits: limitsSchema.optional() });

/** All sites of a configuration, ready to work; nothing is called yet. */
export function buildSites(config: Config, services: RuntimeServices): Map<string, OpenSite> {
  return new Map(config.sites.map((site) => [site.name, buildSite(site, config.http, services)]));
}

function buildSite(config: SiteConfig, { publicUrl }: Config['http'], services: RuntimeServices): OpenSite {
  const others = Object.keys(config.vendors).some((name) => services.vendors[name]?.others === true);
  const client = openFhirClient({ site: config.name, config: config.fhir, log: services.log, others });
  const connections = new Map<string, VendorHttpClient>();
  const routes = config.routes.map((route) => buildRoute(config, route, services, connections));
  const adapter = adapterDevice(config, client, services);
  const storage = services.storages.get(config.name);
  if (!storage) {
    throw new AdapterError('config-invalid', `Site ${config.name} has no storage`);
  }
  return {
    name: config.name,
    config,
    client,
    storage,
    fileUrl: (id) => (publicUrl === undefined ? undefined : `${publicUrl}/files/${id}`),
    retentionDays: config.retentionDays,
    slidesDeidentified: config.slidesDeidentified,
    policy: config.policy,
    owners: async () => [...config.fhir.owners, await adapter()],
    ehr: buildEhr(config, client, services, adapter),
    routes: new Map(routes.map((route) => [route.id, route])),
    async close() {
      await Promise.all([client.close(), ...[...connections.values()].map((http) => http.close())]);
    },
  };
}

/** Routes to the same vendor share its connections: the credential and its budget are one. */
function buildRoute(
  site: SiteConfig,
  route: RouteConfig,
  services: RuntimeServices,
  connections: Map<string, VendorHttpClient>,
): RouteRuntime {
  const vendor = services.vendors[route.vendor];
  const settings = site.vendors[route.vendor];
  if (!vendor || !settings) {
    throw new AdapterError('config-invalid', `Route ${route.id} names a vendor that is not configured`);
  }
  let http = connections.get(vendor.name);
  if (!http) {
    const { baseUrl, timeout } = vendor.connect(settings);
    http = openVendorHttp({ baseUrl, timeout, headers: () => ({}), log: services.log, vendor: vendor.name });
    connections.set(vendor.name, http);
  }
  return {
    id: route.id,
    on: route.on,
    vendor,
    settings,
    options: route.options,
    http,
    memory: services.memory(site.name, vendor.name),
    secrets: services.secrets(site.name, vendor.name),
    requireConsent: site.policy.requireConsent.includes(vendor.name),
    credential: credentialDigest(site.name, vendor.name, vendor.credential(settings)),
    limits: withLimits.parse(settings).limits ?? {},
  };
}

/** The reference of the adapter's own Device, made where it does not stand; empty where the server takes none. */
function adapterDevice(site: SiteConfig, client: OpenFhirClient, { memory }: RuntimeServices): () => Promise<string> {
  const remembered = memory(site.name, 'ehr');
  return () =>
    remembered.get('adapter-device', async () => ({
      value: await ensureAdapterDevice(client),
      seconds: DEVICE_SECONDS,
    }));
}

function buildEhr(
  site: SiteConfig,
  client: OpenFhirClient,
  { memory, log }: RuntimeServices,
  owner: () => Promise<string>,
): Ehr {
  const remembered = memory(site.name, 'ehr');
  const limits = siteLimits(site.fhir.transactionEntries);
  return {
    readOrder: (order) => readOrder(client, { ...order, acceptMissingDocStatus: site.policy.acceptMissingDocStatus }),
    openPicture: (input) => openPicture(client, input),
    openSlide: (input) => openSlide(client, input, { hosts: site.fhir.slideHosts, now: () => new Date() }),
    async saveTask(view, known, claim) {
      const device = await owner();
      const owners = [...site.fhir.owners, device];
      const mine = { ...view, owner: device };
      const { cancelled, ...saved } = await saveTask(client, mine, known, { ...claim, owners });
      return { ...saved, ...(cancelled && { closedByPerson: true }) };
    },
    lookAtTask: (task, asked) => lookAtTask(client, task, asked),
    handOver: (id, to) => handOver(client, id, to),
    async retract(retraction) {
      const task = { ...retraction.task, owner: await owner() };
      return retract(client, { ...retraction, task }, { log, limits });
    },
    async publish(publication) {
      const { vendor, findings } = publication;
      const { name, version = '' } = findings.model;
      const devices = await remembered.get<Devices>(`devices/${vendor.name}/${name}/${version}`, async () => ({
        value: await ensureDevices(client, vendor, findings.model),
        seconds: DEVICE_SECONDS,
      }));
      return publish(
        client,
        {
          ...publication,
          task: { ...publication.task, owner: await owner() },
          policy: site.policy,
          essential: site.fhir.essential,
          binaryLimit: site.fhir.binaryLimit,
        },
        { devices, log, limits },
      );
    },
  };
}
