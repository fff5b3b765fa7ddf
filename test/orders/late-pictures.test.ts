/** Orders of pictures that come late, or without a consent that is required: read by the fhir room as it is. */

import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { afterEach, test } from 'node:test';
import type { Consent, Media, Resource } from '@medplum/fhirtypes';
import type { SiteConfig } from '../../src/config.ts';
import { readOrder } from '../../src/fhir/inputs.ts';
import { openPicture } from '../../src/fhir/open-picture.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { openAdmission } from '../../src/orders/admission.ts';
import type { Order } from '../../src/orders/order.ts';
import { openCursors } from '../../src/orders/store/cursors.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { readSnapshot } from '../../src/orders/store/order-data.ts';
import type { Vendor } from '../../src/vendors/contract.ts';
import { base64, jpeg, LIMITS, media, patient, request } from '../fhir/picture-support.ts';
import { type ReadingServer, readingServer } from '../fhir/reading-client.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { engineRig, type Rig } from '../support/engine-rig.ts';
import { memoryEhr } from '../support/memory-ehr.ts';
import { toyVendor } from '../support/toy-vendor.ts';

const permit: Consent = {
  resourceType: 'Consent',
  id: 'c',
  status: 'active',
  scope: { coding: [{ code: 'patient-privacy' }] },
  category: [{ text: 'privacy' }],
  patient: { reference: 'Patient/p' },
  provision: { type: 'permit', actor: [{ role: { text: 'recipient' }, reference: { display: 'Toy Vendor' } }] },
};

onEveryDatabase('an order of pictures', ({ open }) => {
  let rig: Rig | undefined;
  let database: Database | undefined;
  let server: ReadingServer;
  /** Lengths of what the vendor was given, picture by picture, each time it began. */
  let given: Record<string, number>[];

  /** The reading server searches its Consents too. */
  const withConsents = ({ client, resources }: ReadingServer): FhirClient => ({
    ...client,
    capabilities: async () => {
      const { types, ...rest } = await client.capabilities();
      return { ...rest, types: { ...types, ...(types.Media && { Consent: types.Media }) } };
    },
    pages: (query) =>
      query.startsWith('Consent?')
        ? (async function* () {
            const found = [...resources.values()].filter(({ resourceType }) => resourceType === 'Consent');
            yield { resourceType: 'Bundle', type: 'searchset', entry: found.map((resource) => ({ resource })) };
          })()
        : client.pages(query),
  });

  const build = async (resources: Resource[], moves: Parameters<typeof toyVendor>[0] = []): Promise<Rig> => {
    database = await open();
    server = readingServer([patient, ...resources], { searchable: true });
    const client = withConsents(server);
    given = [];
    const toy = toyVendor(
      [
        async (state, context) => {
          const lengths: Record<string, number> = {};
          for (const { name } of context.order.inputs) {
            const { body, size } = await context.picture(name);
            lengths[name] = (await buffer(body)).byteLength;
            assert.equal(lengths[name], size);
          }
          given.push(lengths);
          return { next: { ...state, at: 1 } };
        },
        ...moves,
      ],
      { effects: { submit: {} } },
    );
    const vendor: Vendor = { ...toy.vendor, needs: ['picture'], pictures: LIMITS };
    const ehr = memoryEhr(() => undefined);
    ehr.readOrder = (order) => readOrder(client, { ...order, acceptMissingDocStatus: true });
    ehr.openPicture = (input) => openPicture(client, input);
    rig = await engineRig({ database, vendor, ehr, on: 'ServiceRequest?status=active' });
    return rig;
  };
  const put = (resource: Resource): void =>
    void server.resources.set(`${resource.resourceType}/${resource.id}`, resource);
  const picture = async (id: string, red: number, more: Partial<Media> = {}): Promise<Media> =>
    media(id, {
      basedOn: [{ reference: 'ServiceRequest/s' }],
      content: { contentType: 'image/jpeg', data: base64(await jpeg(red)) },
      ...more,
    });
  /** News of a resource, as a notification brings it; gives how many orders were told. */
  const tell = async (it: Rig, resource: Resource): Promise<number> => {
    const [site] = it.services.sites.values();
    assert.ok(site && database);
    // Admission reads nothing of a site but its name, its routes and its client's base.
    const sites = new Map([
      [site.name, { ...site, config: { routes: [] } as unknown as SiteConfig, client: server.client }],
    ]);
    const admit = openAdmission({ database, sites, cursors: openCursors(database), clock: it.clock });
    const { resourceType: type, id = '' } = resource;
    return (await admit({ site: site.name, type, id, source: 'notification', resource })).told;
  };
  const taskOf = (it: Rig, order: Order) => it.ehr.tasks.get(order.key)?.at(-1);
  const isWaiting = (order: Order) => order.awaiting !== null && order.taskShown !== null;

  afterEach(async () => {
    await rig?.stop();
    await database?.close();
    rig = undefined;
    database = undefined;
  });

  test('that comes without one waits, and is done when one points at it; the snapshot holds none of its bytes', async () => {
    const it = await build([request()]);
    await it.admit('s');
    await it.start();
    const waiting = await it.settle('s', isWaiting, { jump: false });
    assert.match(taskOf(it, waiting)?.businessStatus ?? '', /^Awaiting information until .*: The order has no picture/);
    const one = await picture('m', 10);
    put(one);
    put(request(['#inside'], { contained: [await picture('inside', 20, { subject: { reference: 'Patient/p' } })] }));
    const order = await it.settle('s');
    assert.deepEqual(
      [order.status, order.generation, given.map(Object.keys)],
      ['completed', 1, [['picture/001', 'picture/002']]],
    );
    const snapshot = (await readSnapshot(database ?? assert.fail(), order.id)) ?? assert.fail();
    assert.deepEqual(
      snapshot.inputs.map(({ reference, place }) => [reference, place]),
      [
        ['ServiceRequest/s', '#inside/content'],
        ['Media/m', 'content'],
      ],
    );
    assert.ok(!JSON.stringify(snapshot).includes(one.content?.data ?? ''));
    assert.doesNotMatch(JSON.stringify(snapshot), /"data"/);
  });

  test('whose patient has not consented where that is required waits, and is done once they have', async () => {
    const it = await build([request(['Media/m']), await picture('m', 10)]);
    it.route.requireConsent = true;
    await it.admit('s');
    await it.start();
    const waiting = await it.settle('s', isWaiting, { jump: false });
    assert.match(taskOf(it, waiting)?.businessStatus ?? '', /consent to the analysis by Toy Vendor is required/);
    assert.deepEqual(given, []);
    put(permit);
    assert.equal((await it.settle('s')).status, 'completed');
    assert.equal(given.length, 1);
  });

  test('whose patient never consents is rejected when the time is over, and nothing was sent', async () => {
    const it = await build([request(['Media/m']), await picture('m', 10)]);
    it.route.requireConsent = true;
    await it.admit('s');
    await it.start();
    const order = await it.settle('s');
    assert.deepEqual([order.status, order.reason?.code, given], ['rejected', 'consent-denied', []]);
  });

  test('takes along a picture that comes before anything was sent', async () => {
    const it = await build(
      [request(), await picture('m', 10)],
      [(state) => ({ hold: { code: 'vendor-quota', text: 'Wait.' }, next: state })],
    );
    await it.admit('s');
    await it.start();
    await it.settle('s', (order) => order.status === 'held' && order.news === null);
    const second = await picture('n', 20);
    put(second);
    assert.equal(await tell(it, second), 1, 'it names the order');
    await it.settle('s', (one) => one.run === 2 && one.status === 'held' && one.news === null);
    assert.deepEqual(
      given.map((each) => Object.keys(each).length),
      [1, 2],
    );
    assert.equal((await it.order('s')).generation, 1);
  });

  test('says of a picture that comes too late that it is not part of it, and nothing of what we wrote ourselves', async () => {
    const it = await build([request(), await picture('m', 10)], [() => ({ effect: 'submit', key: 'k' })]);
    await it.admit('s');
    await it.start();
    await it.settle('s');
    const own = await picture('own', 30, {
      identifier: [{ system: 'urn:fhir-ai-adapter:result', value: 'site/ServiceRequest/s/route#media/1' }],
    });
    put(own);
    assert.equal(await tell(it, own), 0);
    const late = await picture('late', 20);
    put(late);
    assert.equal(await tell(it, late), 1);
    const order = await it.settle('s', (one) => one.notes !== null && one.news === null);
    assert.deepEqual([order.status, order.generation, given.length], ['completed', 1, 1]);
    assert.deepEqual(
      order.notes?.map((note) => /^Media\/\w+/.exec(note)?.[0]),
      ['Media/late'],
    );
  });

  test('is done anew when one of its pictures changes', async () => {
    const it = await build([request(), await picture('m', 10)], [() => ({ effect: 'submit', key: 'k' })]);
    await it.admit('s');
    await it.start();
    await it.settle('s');
    const { basedOn: _, ...changed } = await picture('m', 99);
    put({ ...changed, basedOn: [{ reference: 'ServiceRequest/s' }] });
    assert.equal(await tell(it, changed), 1, 'the order is done with it, whatever it says');
    const order = await it.settle('s', (one) => one.generation === 2 && one.status === 'completed');
    assert.deepEqual([order.key.endsWith('~2'), given.length], [true, 2]);
  });
});
