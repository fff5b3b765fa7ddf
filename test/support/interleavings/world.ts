/**
 * The adapter at work on a model of an EHR, one thing after another: admission, the handling of notifications, sweeps, the
 * engine's steps, and all reading and writing are the real ones. Only the order in which they happen is the test's.
 */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { configSchema } from '../../../src/config/schema.ts';
import { readOrder } from '../../../src/fhir/inputs.ts';
import { publish } from '../../../src/fhir/publish.ts';
import { retract } from '../../../src/fhir/retract.ts';
import { lookAtTask, saveTask } from '../../../src/fhir/save-task.ts';
import type { Findings } from '../../../src/findings.ts';
import { silentLog } from '../../../src/log.ts';
import { openAdmission, routeStart } from '../../../src/orders/admission.ts';
import type { EngineServices } from '../../../src/orders/hand.ts';
import type { Order } from '../../../src/orders/order.ts';
import type { Ehr, RouteRuntime, SiteRuntime } from '../../../src/orders/site.ts';
import { claimOrders, nextDue } from '../../../src/orders/store/claim-orders.ts';
import { openCursors } from '../../../src/orders/store/cursors.ts';
import type { Database } from '../../../src/orders/store/database.ts';
import { openLeases } from '../../../src/orders/store/leases.ts';
import { listOpenResources } from '../../../src/orders/store/list-orders.ts';
import { openMemory } from '../../../src/orders/store/memory.ts';
import { openNotifications } from '../../../src/orders/store/notifications.ts';
import { ORDER_COLUMNS } from '../../../src/orders/store/order-row.ts';
import { workOn } from '../../../src/orders/work-on.ts';
import { createHandler } from '../../../src/subscriptions/handle-notification.ts';
import { dedupeKey } from '../../../src/subscriptions/kept.ts';
import { sweepSite } from '../../../src/subscriptions/sweep.ts';
import { newHabits } from '../../../src/subscriptions/sweep-habits.ts';
import { defineVendor, type Vendor } from '../../../src/vendors/contract.ts';
import { type FakeClock, fakeClock } from '../fake-clock.ts';
import { noSecrets } from '../no-secrets.ts';
import { noStorage } from '../without-storage.ts';
import { NOTE_ROUTE, OTHER_PATIENT, PATIENT, REQUEST_ROUTE, withPatient } from './histories.ts';
import { type ModelServer, modelServer } from './model-server.ts';

export interface Billed {
  order: string;
  text: string;
}

export interface Published {
  order: string;
  /** Of what: `Type/id`. */
  reference: string;
  content: string;
  /** When the step began that published it, and when it published: milliseconds since 1970, and moves of the EHR. */
  from: number;
  until: number;
}

/** A notification as a server sends it, without what the intake adds. */
export interface Sent {
  method: string;
  path?: string;
  headers?: Record<string, string>;
  body?: Resource;
}

export interface World {
  database: Database;
  clock: FakeClock;
  server: ModelServer;
  billed: Billed[];
  published: Published[];
  /** How often each order's resource was read by the engine, by `Type/id`. */
  readings: Map<string, number>;
  /** What the EHR looked like, to be found again by `published`: one entry for every change of it. */
  moments: Map<string, Resource | undefined>[];
  /** Remembers how the EHR stands now. */
  moved(): void;
  /** The adapter is told, and deals with what it was told. */
  tell(sent: Sent): Promise<void>;
  sweep(): Promise<void>;
  /** At most so many steps of the orders of this resource; `during` runs at the n-th point at which a step can be parted. */
  work(reference: string, steps: number, during?: { point: number; run: () => Promise<void> }): Promise<void>;
  /** Lets time jump until nothing is left to do. */
  settle(): Promise<void>;
  orders(): Promise<Order[]>;
}

const stateSchema = z.object({ at: z.number(), text: z.string() });
const resultSchema = z.object({ text: z.string() });
const WORK_SECONDS = 40;

/** Sends the note once, waits a little before and after, and finds one thing: what it was sent. */
function echoVendor(billed: Billed[]): Vendor {
  const vendor = defineVendor<z.infer<typeof stateSchema>, z.infer<typeof resultSchema>, unknown, unknown>({
    name: 'toy',
    title: 'Toy Vendor',
    settings: z.unknown(),
    options: z.unknown(),
    state: stateSchema,
    result: resultSchema,
    connect: () => ({ baseUrl: 'http://127.0.0.1:1' }),
    needs: ['note'],
    credential: () => 'key',
    begin: () => ({ at: 0, text: '' }),
    async advance({ at, text }, { answer }) {
      if (answer?.to === 'effect') {
        return { next: { at: 2, text: z.string().parse(answer.value) }, after: WORK_SECONDS };
      }
      return at === 0
        ? { next: { at: 1, text }, after: WORK_SECONDS }
        : at === 1
          ? { effect: 'code', key: 'note' }
          : { done: { text } };
    },
    effects: {
      code: {
        bills: 1,
        onUnknown: 'hold',
        async send(_state, context) {
          const text = await context.text('note');
          billed.push({ order: context.order.key, text });
          return text;
        },
      },
    },
    cancel: async () => undefined,
    toFindings: ({ text }, { focus }): Findings => ({
      model: { name: 'Toy', manufacturer: 'Toys', kinds: [] },
      report: { category: [], code: { text: 'toy' } },
      items: [
        {
          part: 'obs/echo',
          label: 'echo',
          resource: {
            resourceType: 'Observation',
            status: 'preliminary',
            code: { text: 'echo' },
            valueString: withPatient(text, focus),
          },
          evidence: [],
        },
      ],
      listed: [],
      missing: [],
      jobs: [],
    }),
    check: async () => 'fine',
  });
  // The registry holds vendors of any types.
  return vendor as unknown as Vendor;
}

const DEVICE = 'Device/adapter';
const DEVICES = {
  adapter: { reference: DEVICE },
  model: { reference: 'Device/toy' },
  organization: { reference: 'Organization/toys' },
};
/** Something is wrong with what never comes to an end in so many rounds. */
const MOST_ROUNDS = 400;

export async function openWorld(database: Database): Promise<World> {
  const clock = fakeClock();
  const now = () => clock.now();
  const server = modelServer(now);
  const { client } = server;
  for (const patient of [PATIENT, OTHER_PATIENT]) {
    server.put({ resourceType: 'Patient', id: patient.split('/')[1] ?? '' });
  }
  const config = siteConfig();
  const billed: Billed[] = [];
  const published: Published[] = [];
  const readings = new Map<string, number>();
  const moments: World['moments'] = [];
  const cursors = openCursors(database);
  for (const { id } of [NOTE_ROUTE, REQUEST_ROUTE]) {
    await cursors.set('site', routeStart(id), now().toISOString());
  }
  const leases = openLeases(database, 'world', now);
  const store = openNotifications(database, now);
  const habits = newHabits();
  let began = 0;

  const moved = (): void => {
    const types = ['DocumentReference', 'ServiceRequest'];
    const standing = types.flatMap((type) => server.all(type));
    moments.push(new Map(standing.map((resource) => [`${resource.resourceType}/${resource.id}`, resource])));
  };
  moved();

  const ehr: Ehr = {
    async readOrder(order) {
      const reference = `${order.type}/${order.id}`;
      readings.set(reference, (readings.get(reference) ?? 0) + 1);
      return readOrder(client, { ...order, acceptMissingDocStatus: false });
    },
    async saveTask(view, known, claim) {
      const owned = { ...view, owner: DEVICE };
      const { cancelled, ...saved } = await saveTask(client, owned, known, { ...claim, owners: [DEVICE] });
      return { ...saved, ...(cancelled && { closedByPerson: true }) };
    },
    openPicture: () => Promise.reject(new Error('No order has a picture')),
    openSlide: () => Promise.reject(new Error('No order has a slide')),
    lookAtTask: (task, asked) => lookAtTask(client, task, asked),
    handOver: () => Promise.reject(new Error('No Task is handed over')),
    retract: (retraction) =>
      retract(client, { ...retraction, task: { ...retraction.task, owner: DEVICE } }, { log: silentLog }),
    async publish(publication) {
      const [item] = publication.findings.items;
      const content = item?.resource.resourceType === 'Observation' ? (item.resource.valueString ?? '') : '';
      const { resourceType, id } = publication.focus;
      const done = await publish(
        client,
        {
          ...publication,
          task: { ...publication.task, owner: DEVICE },
          policy: config.policy,
          essential: config.fhir.essential,
          binaryLimit: config.fhir.binaryLimit,
        },
        { log: silentLog, devices: DEVICES, wait: async () => {} },
      );
      if (!done.cancelled) {
        published.push({
          order: publication.key,
          reference: `${resourceType}/${id}`,
          content,
          from: began,
          until: moments.length - 1,
        });
      }
      return done;
    },
  };
  const vendor = echoVendor(billed);
  const routes = [NOTE_ROUTE, REQUEST_ROUTE].map(({ id, on }): [string, RouteRuntime] => [
    id,
    {
      id,
      on,
      vendor,
      settings: {},
      options: {},
      http: { request: () => Promise.reject(new Error('This vendor has no HTTP')) },
      memory: openMemory(database, leases, { site: 'site', owner: 'toy' }, now),
      secrets: noSecrets,
      credential: 'credential',
      requireConsent: false,
      limits: {},
    },
  ]);
  const site: SiteRuntime = {
    name: 'site',
    config,
    client,
    ehr,
    storage: noStorage,
    fileUrl: () => undefined,
    retentionDays: 30,
    slidesDeidentified: false,
    policy: { awaitInputHours: 1, supersededNote: 'take-back' },
    owners: async () => [DEVICE],
    routes: new Map(routes),
  };
  const sites = new Map([[site.name, site]]);
  const admit = openAdmission({ database, sites, cursors, clock });
  const handle = createHandler({ sites, admit, log: silentLog, now, random: () => 0.5 });
  const services: Omit<EngineServices, 'checkpoint'> = {
    database,
    sites,
    clock,
    log: silentLog,
    meter: { stage() {}, outcome() {}, effect() {} },
    random: () => 0.5,
  };

  /** Takes the notifications that are due to their end, as the drain does. */
  async function drain(): Promise<void> {
    for (;;) {
      const taken = await store.take(20, 10);
      for (const notification of taken) {
        const ending = await handle(notification);
        if ('later' in ending) {
          await store.postpone(notification.id, ending.later, ending.why);
        } else if ('aside' in ending) {
          throw new Error(`A notification was set aside: ${ending.aside}`);
        } else {
          await store.done(notification.id, ending.done);
          await (ending.done === 'sweep' && world.sweep());
        }
      }
      if (taken.length === 0) {
        return;
      }
    }
  }

  async function workOnOne(order: Order, steps: number, point?: () => Promise<void>): Promise<number> {
    let done = 0;
    const checkpoint = async (): Promise<void> => {
      await point?.();
    };
    began = moments.length - 1;
    await workOn({ ...services, checkpoint }, { order, abort: new AbortController() }, () => {
      done += 1;
      began = moments.length - 1;
      return done >= steps;
    });
    return Math.max(done, 1);
  }

  /** Of one resource's orders what claim-orders takes of all that are due. */
  async function claim(reference: string): Promise<Order | undefined> {
    const rows = await database.query<Order>(
      `update orders set lease_until = $2, leased_by = 'world', fence = fence + 1, claims = claims + 1
        where id = (select id from orders where resource_type || '/' || resource_id = $1 and next_at <= $3
                     and (lease_until is null or lease_until <= $3) order by next_at, id limit 1)
       returning ${ORDER_COLUMNS}`,
      [reference, new Date(now().getTime() + 8000), now()],
    );
    return rows[0];
  }

  const world: World = {
    database,
    clock,
    server,
    billed,
    published,
    readings,
    moments,
    moved,
    async tell({ method, path = '', headers = {}, body }) {
      const bytes = body ? new TextEncoder().encode(JSON.stringify(body)) : new Uint8Array();
      const kept = { 'content-type': 'application/fhir+json', ...headers };
      const notification = { site: 'site', method, path, headers: kept, body: bytes };
      await store.insert([{ ...notification, receivedAt: now(), dedupe: dedupeKey(notification) }]);
      await drain();
    },
    async sweep() {
      const openOrders = (name: string) => listOpenResources(database, name);
      const options = { site: config, client, cursors, admit, log: silentLog, habits, openOrders, elapsed: () => 0 };
      const { swept } = await sweepSite(options);
      const problem = swept.find((one) => one.problem);
      if (problem) {
        throw new Error(`The sweep has a problem: ${problem.problem}`);
      }
    },
    async work(reference, steps, during) {
      let left = steps;
      let points = 0;
      const point = async (): Promise<void> => {
        points += 1;
        if (during && points === during.point) {
          await during.run();
        }
      };
      for (
        let order = await claim(reference);
        order && left > 0;
        order = left > 0 ? await claim(reference) : undefined
      ) {
        left -= await workOnOne(order, left, point);
      }
    },
    async settle() {
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        await drain();
        const at = now();
        const leaseUntil = new Date(at.getTime() + 8000);
        const due = await claimOrders(database, { process: 'world', limit: 100, now: at, leaseUntil });
        for (const order of due) {
          await workOnOne(order, 100);
        }
        if (due.length > 0) {
          continue;
        }
        const [waiting] = await database.query<{ at: Date | null }>(
          "select min(next_at) as at from notifications where state = 'waiting'",
        );
        const next = [await nextDue(database), waiting?.at].filter((time) => time instanceof Date);
        if (next.length === 0) {
          return;
        }
        clock.set(new Date(Math.min(...next.map((time) => time.getTime()))));
      }
      throw new Error('The orders do not come to rest');
    },
    orders: () => database.query<Order>(`select ${ORDER_COLUMNS} from orders order by base_key, generation`),
  };
  return world;
}

function siteConfig() {
  const { sites } = configSchema.parse({
    sites: [
      {
        name: 'site',
        fhir: { baseUrl: 'https://ehr.example/fhir/R4', owners: [DEVICE] },
        subscriptions: { secret: 'a-secret-of-the-hospital', dialect: 'auto' },
        routes: [NOTE_ROUTE, REQUEST_ROUTE],
      },
    ],
  });
  const [site] = sites;
  if (!site) {
    throw new Error('There is no site');
  }
  return site;
}
