/** Orders whose results are about other people: read alone, from a real server that would not let us read anybody. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { type Manner, openEhr } from '../../sandbox/ehr/index.ts';
import { readOrder } from '../../src/fhir/inputs.ts';
import { ownExtensions, withoutPatient } from '../../src/fhir/order-about-others.ts';
import { compareSignatures } from '../../src/fhir/signature.ts';
import type { FhirClient, OrderReading } from '../../src/fhir/types.ts';
import { clientOf, serve } from './client-support.ts';
import { readingServer } from './reading-client.ts';

const CRITERIA = {
  url: 'urn:fhir-ai-adapter:cohort-criteria',
  extension: [{ url: 'stain', valueString: 'HER2' }],
};
const PRINTED = { url: 'https://ehr.example/printed', valueReference: { reference: 'Patient/p' } };

/** An order that names the patient wherever it can. */
function request(more: Partial<ServiceRequest> = {}): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: 's',
    status: 'active',
    intent: 'order',
    code: { text: 'Research cohort' },
    orderDetail: [{ text: 'H&E' }],
    bodySite: [{ text: 'Breast' }],
    reasonCode: [{ text: 'Carcinoma' }],
    extension: [CRITERIA, PRINTED],
    identifier: [{ system: 'urn:ehr:order', value: 'Jane Doe 1' }],
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Jane Doe</div>' },
    contained: [{ resourceType: 'Patient', id: 'inside', name: [{ text: 'Jane Doe' }] }],
    subject: { reference: 'Patient/p', display: 'Jane Doe' },
    encounter: { reference: 'Encounter/e' },
    requester: { reference: 'Practitioner/d' },
    reasonReference: [{ reference: 'Condition/c' }],
    supportingInfo: [{ reference: 'DocumentReference/n' }],
    specimen: [{ reference: 'Specimen/x' }],
    note: [{ text: 'For Jane Doe' }],
    patientInstruction: 'Dear Jane Doe',
    ...more,
  };
}
const groupOrder = (): ServiceRequest => request({ subject: { reference: 'Group/g' } });

const WANTED = {
  resourceType: 'ServiceRequest',
  id: 's',
  status: 'active',
  intent: 'order',
  code: { text: 'Research cohort' },
  orderDetail: [{ text: 'H&E' }],
  bodySite: [{ text: 'Breast' }],
  reasonCode: [{ text: 'Carcinoma' }],
  extension: [CRITERIA],
};

const read = (client: FhirClient, more: Partial<Parameters<typeof readOrder>[1]> = {}) =>
  readOrder(client, {
    ...{ type: 'ServiceRequest', id: 's', needs: [], others: true, acceptMissingDocStatus: false },
    ...more,
  });

async function readingOf(resources: Resource[], more: Parameters<typeof read>[1] = {}): Promise<OrderReading> {
  return (await read(readingServer(resources).client, more)) ?? assert.fail('There is no such order');
}

/** The embedded EHR with an order in it that is about a patient, and `status` for whoever reads one. */
async function clinic(t: TestContext, manner: Manner, status: number) {
  const server = await serve(t, (app, self) => {
    const ehr = openEhr({ manner, baseUrl: () => `${self.origin}/fhir`, referentialIntegrity: false });
    t.after(() => ehr.close());
    app.use(['/fhir/Patient', '/fhir/Encounter', '/fhir/Specimen'], (req, res, next) => {
      if (req.method === 'GET') {
        res
          .status(status)
          .json({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'forbidden' }] });
      } else {
        next();
      }
    });
    app.use('/fhir', ehr.router);
  });
  const { client } = clientOf(t, server.origin, {}, {});
  const made = async <T extends Resource>(resource: T) =>
    `${resource.resourceType}/${(await client.create(resource)).id}`;
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
  const encounter = await made({
    resourceType: 'Encounter',
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: patient },
  });
  const specimen = await made({ resourceType: 'Specimen', subject: { reference: patient } });
  const order = request({
    ...{ subject: { reference: patient }, encounter: { reference: encounter }, specimen: [{ reference: specimen }] },
  });
  const [, id = ''] = (await made(order)).split('/');
  await client.capabilities();
  server.seen.length = 0;
  return { server, client, patient, encounter, id };
}

for (const manner of ['medplum', 'hapi'] as const) {
  for (const status of [403, 404]) {
    test(`an order about a patient that answers ${status}, and whose Consent denies it, is read alone (${manner})`, async (t) => {
      const { server, client, patient, encounter, id } = await clinic(t, manner, status);
      const asked = { type: 'ServiceRequest', id, needs: [], vendor: 'Acme', requireConsent: true };
      const reading = await readOrder(client, { ...asked, others: true, acceptMissingDocStatus: false });
      assert.ok(reading);
      assert.deepEqual(
        server.seen.map(({ method, url }) => `${method} ${url}`),
        [`GET /fhir/ServiceRequest/${id}`],
      );
      assert.deepEqual(
        [reading.refusal, reading.patient, reading.specimens, reading.inputs],
        [undefined, undefined, undefined, []],
      );
      assert.deepEqual([reading.subject, reading.encounterReference], [patient, encounter], 'for its Task');
      assert.deepEqual(reading.focus, { ...WANTED, id });

      const ordinary = await readOrder(client, { ...asked, acceptMissingDocStatus: false });
      assert.equal(ordinary?.refusal?.code, 'consent-denied', 'for any other vendor');
    });
  }
}

test('the order may be about a Group, a place or a device, or about nobody of this server', async () => {
  for (const reference of ['Group/g', 'Location/l', 'Device/d', 'https://ehr.example/fhir/R4/Group/g/_history/2']) {
    const { subject, refusal } = await readingOf([request({ subject: { reference } })]);
    assert.equal(refusal, undefined, reference);
    assert.match(reference, new RegExp(`${subject}(/_history/2)?$`));
  }
  for (const subject of [
    { reference: '#inside' },
    { display: 'women' },
    { reference: 'https://other.example/Group/g' },
  ]) {
    const reading = await readingOf([request({ subject })]);
    assert.deepEqual([reading.refusal, reading.subject], [undefined, undefined]);
  }
});

test('an order without a subject is refused in words', async () => {
  // FHIR demands one, and not every server looks.
  const { refusal } = await readingOf([withoutPatient(request())]);
  assert.equal(refusal?.code, 'order-incomplete');
  assert.match(refusal?.text ?? '', /does not say whom it is about/);
});

test('only an Encounter of this server goes to its Task', async () => {
  for (const reference of ['EpisodeOfCare/1', 'https://other.example/Encounter/e', '#inside']) {
    assert.equal((await readingOf([request({ encounter: { reference } })])).encounterReference, undefined, reference);
  }
});

test('a vendor that would need inputs is given none, and nothing that the order names is read', async () => {
  const server = readingServer([request()], { searchable: true });
  const reading = await read(server.client, { needs: ['note', 'picture', 'slide'] });
  assert.deepEqual(reading?.inputs, []);
  assert.deepEqual(server.asked, ['read ServiceRequest/s']);
});

test('of a Task the order is read alone, and nothing else that it may be about', async () => {
  const task = (reference: string): Task => ({
    resourceType: 'Task',
    id: 't',
    status: 'requested',
    intent: 'order',
    focus: { reference },
    for: { reference: 'Patient/p' },
    input: [{ type: { text: 'more' }, valueReference: { reference: 'DocumentReference/n' } }],
  });
  const ordered = readingServer([task('ServiceRequest/s'), groupOrder()], { searchable: true });
  const reading = await read(ordered.client, { type: 'Task', id: 't' });
  assert.deepEqual([reading?.refusal, reading?.subject, reading?.ordering.id], [undefined, 'Group/g', 't']);
  assert.deepEqual(ordered.asked, ['read Task/t', 'read ServiceRequest/s']);
  const person = readingServer([task('Patient/p'), { resourceType: 'Patient', id: 'p' }]);
  assert.match((await read(person.client, { type: 'Task', id: 't' }))?.refusal?.text ?? '', /names no order/);
  assert.deepEqual(person.asked, ['read Task/t']);
});

test('it is held, withdrawn and refused like any other order', async () => {
  const held = await readingOf([request({ status: 'on-hold' })]);
  assert.match(held.paused ?? '', /on hold/);
  assert.equal((await readingOf([request({ status: 'revoked' })])).withdrawn?.code, 'revoked');
  const modified = await readingOf([request({ modifierExtension: [{ url: 'urn:x', valueBoolean: true }] })]);
  assert.equal(modified.refusal?.code, 'order-incomplete');
  const replacing = await readingOf([request({ replaces: [{ reference: 'ServiceRequest/old' }] })]);
  assert.deepEqual(replacing.replaces, ['ServiceRequest/old']);
});

test('its criteria are part of what is ordered; what the EHR adds of its own is not', async () => {
  const signature = async (more: Partial<ServiceRequest>, others?: true) =>
    (await readingOf([request(more)], { ...(others ? {} : { others: undefined }) })).signature;
  const her2 = await signature({}, true);
  const other = [{ ...CRITERIA, extension: [{ url: 'stain', valueString: 'ER' }] }, PRINTED];
  assert.equal(compareSignatures(her2, await signature({ extension: other }, true)), 'changed');
  assert.equal(compareSignatures(her2, await signature({ extension: [] }, true)), 'changed');
  assert.equal(compareSignatures(her2, await signature({ extension: [CRITERIA] }, true)), 'none');
  assert.equal(compareSignatures(her2, await signature({ note: [{ text: 'soon' }], priority: 'stat' }, true)), 'none');
  assert.equal(
    compareSignatures(await signature({}), await signature({ extension: other })),
    'none',
    'of other vendors',
  );
});

test('whatever an order holds, what is kept of it says nothing of the patient', () => {
  const one = fc.constantFrom<unknown>(CRITERIA, PRINTED, null, {}, { url: 7 }, { url: 'urn:fhir-ai-adapter' });
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.oneof(fc.array(one), fc.jsonValue(), fc.constant(undefined)),
      (more, extension) => {
        const order = Object.assign({ ...more, ...request() }, { extension });
        const before = JSON.stringify(order);
        const kept = withoutPatient(order);
        assert.doesNotMatch(JSON.stringify(kept), /Jane|Patient|Encounter|Specimen|Condition|Practitioner/);
        const own = ownExtensions(order);
        assert.deepEqual({ ...kept, extension: own }, { ...WANTED, extension: own });
        assert.equal(JSON.stringify(order), before, 'the order itself stays');
      },
    ),
  );
});
