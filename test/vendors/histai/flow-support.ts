/** A cohort order on the real engine and a database in memory, with the simulator on the engine's clock. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ServiceRequest } from '@medplum/fhirtypes';
import type { HistaiOptions } from '../../../sandbox/histai/options.ts';
import type { OrderReading } from '../../../src/fhir/types.ts';
import { silentLog } from '../../../src/log.ts';
import type { Order } from '../../../src/orders/order.ts';
import type { Database } from '../../../src/orders/store/database.ts';
import { giveAnswer, requestCancel, requestRetry } from '../../../src/orders/store/tell-order.ts';
import { readTimeline } from '../../../src/orders/store/timeline.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { histai } from '../../../src/vendors/histai/index.ts';
import type { Settings } from '../../../src/vendors/histai/settings.ts';
import type { VendorHttp } from '../../../src/vendors/http.ts';
import { openVendorHttp } from '../../../src/vendors/http-client.ts';
import { engineRig } from '../../support/engine-rig.ts';
import { memoryEhr } from '../../support/memory-ehr.ts';
import { servedStorage } from '../../support/served-storage.ts';
import { serveDatahub } from './serve-datahub.ts';

/** What the simulator has some cases of, in H&E and HER2. */
export const CRITERIA = [
  { url: 'stain', valueString: 'H&E' },
  { url: 'stain', valueString: 'HER2' },
  { url: 'cases', valueInteger: 3 },
];

export function serviceRequest(id: string, criteria: object[] = CRITERIA): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id,
    status: 'active',
    intent: 'order',
    subject: { reference: 'Group/g1' },
    bodySite: [{ text: 'Breast' }],
    extension: [{ url: 'urn:fhir-ai-adapter:cohort-criteria', extension: criteria as { url: string }[] }],
  };
}

export function reading(focus: ServiceRequest): OrderReading {
  return {
    ...{ focus, ordering: focus, replaces: [], version: '1', subject: 'Group/g1' },
    ...{ signature: JSON.stringify(focus.extension), inputs: [] },
  };
}

export interface CohortOptions {
  database: Database;
  simulator?: HistaiOptions;
  settings?: Record<string, unknown>;
  options?: Record<string, unknown>;
  focus?: ServiceRequest;
  /** Stands between the vendor and its simulator. */
  around?: (http: VendorHttp) => VendorHttp;
}

export async function cohortOrder(test: TestContext, wish: CohortOptions) {
  const time: { now: () => Date } = { now: () => new Date('2026-11-22T10:00:00Z') };
  const datahub = await serveDatahub(() => time.now(), wish.simulator);
  const storage = await servedStorage({ now: () => time.now() });
  const settings: Settings = histai.settings.parse({ ...datahub.settings, ...wish.settings });
  const http = openVendorHttp({ baseUrl: settings.baseUrl, headers: () => ({}), log: silentLog, vendor: 'HistAI' });
  const ehr = memoryEhr((id) => reading(wish.focus ?? serviceRequest(id)));
  const rig = await engineRig({
    database: wish.database,
    vendor: histai as unknown as Vendor,
    ehr,
    settings,
    // A picture costs a process of its own; what it shows has tests of its own.
    routeOptions: histai.options.parse({ chart: false, ...wish.options }),
    http: wish.around?.(http) ?? http,
    on: 'ServiceRequest?status=active',
    storage: storage.storage,
  });
  time.now = () => rig.clock.now();
  test.after(async () => {
    await rig.stop();
    await Promise.all([http.close(), datahub.close(), storage.close()]);
  });
  const isAtRest = (order: Order) =>
    order.leg === 'ended' || (order.status === 'held' && order.nextAt === null) || asks(order);
  const asks = ({ status, answer }: Order) => status === 'waiting' && answer === null;

  const it = {
    rig,
    datahub,
    ehr,
    database: wish.database,
    /** Until it has ended, is held or asks a person; time does not run past a question. */
    rest: (id = '1') => rig.settle(id, isAtRest),
    /** Admits the order and goes on to its first question or end. */
    async place(id = '1', checkpoint?: Parameters<typeof rig.start>[0]): Promise<Order> {
      await rig.admit(id);
      await rig.start(checkpoint);
      return it.rest(id);
    },
    /** The answer as the API gives it; default: the amount that is asked for. */
    async answer(order: Order, value?: string | number, by = 'ada'): Promise<boolean> {
      const amount = order.question?.number?.exactly;
      const said = value ?? amount ?? assert.fail('the order asks for no amount');
      return giveAnswer(wish.database, order.id, { id: order.question?.id ?? '', value: said, by }, rig.clock.now());
    },
    async approve(order: Order): Promise<Order> {
      await it.answer(order);
      return it.rest();
    },
    cancel: (order: Order) =>
      requestCancel(wish.database, order.id, { by: 'ada', text: 'It is not wanted any more.' }, rig.clock.now()),
    retry: (order: Order) => requestRetry(wish.database, order.id, { by: 'ada' }, rig.clock.now()),
    timeline: (order: Order) => readTimeline(wish.database, order.id),
    async lines(order: Order): Promise<string[]> {
      const rows = await readTimeline(wish.database, order.id);
      return rows.filter(({ event }) => event === 'vendor-note').map(({ detail }) => String(detail.text));
    },
    charges: datahub.charges,
    set: datahub.set,
    findings: (order: Order) => ehr.published.get(order.key)?.at(-1)?.findings ?? assert.fail('nothing was published'),
  };
  return it;
}

export type CohortOrder = Awaited<ReturnType<typeof cohortOrder>>;
