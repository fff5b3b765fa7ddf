/** Orders of a vendor whose results are about other people: the order's patient is nobody to it. */
import assert from 'node:assert/strict';
import { afterEach, type TestContext, test } from 'node:test';
import type { Resource, ServiceRequest } from '@medplum/fhirtypes';
import { openEhr } from '../../sandbox/ehr/index.ts';
import { readOrder } from '../../src/fhir/inputs.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import type { Order } from '../../src/orders/order.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { readSnapshot } from '../../src/orders/store/order-data.ts';
import { tellOrder } from '../../src/orders/store/tell-order.ts';
import type { VendorOrder } from '../../src/vendors/contract.ts';
import { clientOf, serve } from '../fhir/client-support.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';

const criteria = (stain: string) => ({
  url: 'urn:fhir-ai-adapter:cohort-criteria',
  extension: [{ url: 'stain', valueString: stain }],
});

onEveryDatabase('an order for results about others', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  let client: FhirClient;
  /** What the vendor was told, each time it was told of an order. */
  let told: VendorOrder[];
  /** Whom the Task was made for, each time it was written. */
  let shown: (string | undefined)[];
  /** The vendor has what it gives; else it is asked again in an hour, or when there is news. */
  let isReady: boolean;

  /** A real FHIR server for what is read, on which reading a Patient answers `status`. */
  const build = async (t: TestContext, status = 403): Promise<Rig> => {
    const server = await serve(t, (app, self) => {
      const fhir = openEhr({ manner: 'medplum', baseUrl: () => `${self.origin}/fhir` });
      t.after(() => fhir.close());
      app.get('/fhir/Patient/:id', (_req, res) => {
        res
          .status(status)
          .json({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'forbidden' }] });
      });
      app.use('/fhir', fhir.router);
    });
    client = clientOf(t, server.origin, {}, {}).client;
    database = await open();
    told = [];
    shown = [];
    isReady = true;
    const toy = toyVendor(
      [
        (state, { order }) => {
          told.push(order);
          return { next: { ...state, at: isReady ? 1 : 0 }, after: 3600 };
        },
      ],
      {
        begin(order) {
          told.push(order);
          return { at: 0, heard: [] };
        },
      },
    );
    const ehr = memoryEhr(() => undefined);
    const { saveTask } = ehr;
    ehr.readOrder = (order) => readOrder(client, { ...order, acceptMissingDocStatus: false });
    ehr.saveTask = (view, ...more) => {
      shown.push(view.subject);
      return saveTask(view, ...more);
    };
    const vendor = { ...toy.vendor, needs: [], others: true as const };
    rig = await engineRig({ database, vendor, ehr, on: 'ServiceRequest?status=active' });
    rig.route.requireConsent = true;
    return rig;
  };
  afterEach(async () => {
    await rig?.stop();
    await database?.close();
  });

  const made = async <T extends Resource>(resource: T): Promise<string> =>
    `${resource.resourceType}/${(await client.create(resource)).id}`;
  const order = async (subject: string, more: Partial<ServiceRequest> = {}): Promise<string> => {
    const reference = await made<ServiceRequest>({
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      code: { text: 'Research cohort' },
      extension: [criteria('HER2')],
      subject: { reference: subject, display: 'Jane Doe' },
      note: [{ text: 'For Jane Doe' }],
      ...more,
    });
    return reference.split('/')[1] ?? '';
  };
  const refusing = async (): Promise<string> => {
    const patient = await made({ resourceType: 'Patient', name: [{ text: 'Jane Doe' }] });
    await made({
      resourceType: 'Consent',
      status: 'active',
      scope: { coding: [{ code: 'patient-privacy' }] },
      category: [{ text: 'privacy' }],
      policyRule: { text: 'opt-out' },
      patient: { reference: patient },
      provision: { type: 'deny' },
    });
    return patient;
  };
  const working = (one: Order): boolean => one.status === 'working' && one.state !== null && one.news === null;

  for (const status of [403, 404]) {
    test(`is done though its patient answers ${status} and a Consent denies it, and the vendor learns of nobody`, async (t) => {
      const it = await build(t, status);
      const patient = await refusing();
      const encounter = await made({
        ...{ resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: patient } },
      } as const);
      const id = await order(patient, { encounter: { reference: encounter } });
      await it.admit(id);
      await it.start();
      const done = await it.settle(id);
      assert.equal(done.status, 'completed', done.reason?.text);
      assert.equal(told.length, 2);
      for (const one of told) {
        assert.deepEqual([one.patient, one.specimens, one.inputs], [undefined, undefined, []]);
        assert.deepEqual(one.focus, {
          ...{ resourceType: 'ServiceRequest', id, status: 'active', intent: 'order' },
          ...{ code: { text: 'Research cohort' }, extension: [criteria('HER2')] },
        });
      }
      assert.deepEqual([...new Set(shown)], [patient], 'its Task is for whom it names');
      const snapshot = await readSnapshot(database ?? assert.fail(), done.id);
      assert.deepEqual([snapshot?.encounterReference, snapshot?.encounter], [encounter, undefined]);
    });
  }

  test('may be about a Group', async (t) => {
    const it = await build(t);
    const group = await made({ resourceType: 'Group', type: 'person', actual: false });
    const id = await order(group);
    await it.admit(id);
    await it.start();
    assert.equal((await it.settle(id)).status, 'completed');
    assert.deepEqual([...new Set(shown)], [group]);
    assert.doesNotMatch(JSON.stringify(told), new RegExp(group));
  });

  test('has a pseudonym of its own, by which the patient cannot be known again', async (t) => {
    const it = await build(t);
    const patient = await refusing();
    await it.start();
    for (const id of [await order(patient), await order(patient)]) {
      await it.admit(id);
      await it.settle(id);
    }
    const pseudonyms = new Set(told.map(({ pseudonym }) => pseudonym));
    assert.equal(pseudonyms.size, 2);
    assert.ok([...pseudonyms].every((one) => /^pseud-[0-9a-f]{18}$/.test(one)));
    const remembered = await it.route.memory.get(`pseudonym/${patient}`, async () => ({ value: 'none yet' }));
    assert.equal(remembered, 'none yet');
  });

  test('is done anew when its criteria change, and not for what the EHR adds of its own', async (t) => {
    const it = await build(t);
    isReady = false;
    const id = await order(await refusing());
    const change = async (extension: ServiceRequest['extension']): Promise<void> => {
      const standing = (await client.read<ServiceRequest>('ServiceRequest', id)) ?? assert.fail();
      await client.update({ ...standing, id, extension });
      const { id: row } = await it.order(id);
      await tellOrder(database ?? assert.fail(), row, { source: 'notification' }, it.clock.now());
    };
    await it.admit(id);
    await it.start();
    await it.settle(id, working, { jump: false });
    await change([criteria('HER2'), { url: 'https://ehr.example/printed', valueBoolean: true }]);
    assert.equal((await it.settle(id, working, { jump: false })).generation, 1);
    isReady = true;
    await change([criteria('ER')]);
    const next = await it.settle(id, (one) => one.generation === 2 && one.status === 'completed');
    assert.match(next.key, /~2$/);
    assert.match(JSON.stringify(told.at(-1)?.focus), /"ER"/);
  });

  test('about nobody is rejected in words', async (t) => {
    const it = await build(t);
    const id = await order('Group/none');
    // FHIR demands a subject, and this server does as well; not every one looks.
    const lax: FhirClient = {
      ...client,
      read: async (type, one) => {
        const resource = await client.read(type, one);
        return resource && Object.assign(resource, { subject: undefined });
      },
    };
    it.ehr.readOrder = (asked) => readOrder(lax, { ...asked, acceptMissingDocStatus: false });
    await it.admit(id);
    await it.start();
    const { status, reason } = await it.settle(id);
    assert.deepEqual([status, reason?.code], ['rejected', 'order-incomplete']);
    assert.match(reason?.text ?? '', /^The order does not say whom it is about/);
    assert.deepEqual(told, []);
  });
});
