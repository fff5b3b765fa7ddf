/** A cohort order through the front door: asked, approved by the API or in the EHR, bought once, and on nobody's record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { COHORT_ORDER } from '../../sandbox/examples/cohort.ts';
import {
  api,
  call,
  create,
  createPatient,
  find,
  orderOf,
  outputsOf,
  type PlacedNote,
  taskWhen,
} from '../support/clinic.ts';
import { COHORT_ROUTE } from '../support/picture-sites.ts';
import { until } from '../support/until.ts';
import { onEveryWhole, type Place } from '../support/whole.ts';

const APPROVER = 'Practitioner/approver';
const SITES = {
  medplum: { manner: 'medplum', histai: { caseResources: true } },
  hapi: {
    manner: 'hapi',
    histai: { caseResources: true, download: true, approval: { inEhr: [APPROVER] } },
    owners: ['Organization/ai-lab'],
  },
  declining: { manner: 'medplum', histai: {} },
} as const;

/** About a patient, for context alone. */
async function placeCohort(place: Place): Promise<PlacedNote> {
  const patient = `Patient/${await createPatient(place)}`;
  const order: ServiceRequest = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { coding: [COHORT_ORDER] },
    subject: { reference: patient },
    bodySite: [{ text: 'Breast' }],
    extension: [
      {
        url: 'urn:fhir-ai-adapter:cohort-criteria',
        extension: [
          { url: 'stain', valueString: 'HER2' },
          { url: 'cases', valueInteger: 2 },
        ],
      },
    ],
  };
  const id = await create(place, order);
  return { id, reference: `ServiceRequest/${id}`, patient, route: COHORT_ROUTE };
}

const amountIn = (task: Task): string =>
  /for (\d+\.\d\d) USD/.exec(task.statusReason?.text ?? '')?.[1] ?? assert.fail();
const charges = ({ sandbox }: Place): number => sandbox.ledger.read().histai?.billed.charges ?? 0;

const TYPES = [
  'Patient',
  'Group',
  'Observation',
  'Condition',
  'Media',
  'DocumentReference',
  'DiagnosticReport',
] as const;

/** Everything that was written of any order, but its Task. */
async function written(place: Place): Promise<Resource[]> {
  const all = await Promise.all(
    [...TYPES, 'Provenance' as const].map((type) => find<Resource['resourceType']>(place, type)),
  );
  return all.flat().filter((resource) => JSON.stringify(resource.meta?.security ?? '').includes('AIAST'));
}

/** Nothing but the order and its Task leads to the patient, and nobody is named. */
async function assertOfOthers(place: Place, { patient }: PlacedNote): Promise<void> {
  for (const resource of await written(place)) {
    const text = JSON.stringify(resource);
    assert.ok(!text.includes(`"${patient}"`), `${resource.resourceType} leads to the patient of the order`);
    if (resource.resourceType !== 'Provenance') {
      assert.match(text, /HRESCH/);
    }
  }
  const people = (await find(place, 'Patient')).filter(({ meta }) => meta?.security !== undefined);
  assert.ok(people.length > 0);
  assert.ok(people.every(({ name, birthDate, address }) => !name && !birthDate && !address));
}

async function assertDone(place: Place, order: PlacedNote, task: Task, by: string): Promise<void> {
  const outputs = await outputsOf(place, task);
  const kinds = new Set(outputs.map(({ resourceType }) => resourceType));
  assert.deepEqual(kinds, new Set(['DiagnosticReport', 'DocumentReference', 'Group', 'Media', 'Observation']));
  const figures = (task.output ?? []).filter(({ valueReference }) => !valueReference);
  assert.deepEqual(figures.map(({ valueInteger, valueMoney }) => valueInteger ?? valueMoney?.currency).slice(0, 3), [
    2,
    figures[1]?.valueInteger,
    'USD',
  ]);
  const group = outputs.find((one) => one.resourceType === 'Group') ?? assert.fail();
  for (const one of outputs) {
    if ('subject' in one) {
      assert.deepEqual(one.subject, { reference: `Group/${group.id}` });
    }
  }
  assert.equal(group.member?.length, 2);
  const provenances = await find(place, 'Provenance', `target=Group/${group.id}`);
  assert.ok(JSON.stringify(provenances).includes(by), 'the approver is not in the Provenance');
  await assertOfOthers(place, order);
}

onEveryWhole('a cohort order', SITES, (whole) => {
  test('is approved through the API and stands as a Group', async () => {
    const place = whole().place('medplum');
    const order = await placeCohort(place);
    const asking = await taskWhen(place, order, ['on-hold']);
    assert.equal(charges(place), 0);
    const { id = '' } = (await orderOf(place, order)) ?? {};
    const page = (await api(place, 'GET', `/orders/${id}`)).json;
    const wrong = await api(place, 'POST', `/orders/${id}/answer`, { question: page.question.id, value: 1 });
    assert.ok(wrong.status >= 400 && wrong.status < 500);
    assert.match(JSON.stringify(wrong.json), new RegExp(amountIn(asking).replace(/\.00$/, '')));
    const value = Number(amountIn(asking));
    const given = await api(place, 'POST', `/orders/${id}/answer`, { question: page.question.id, value });
    assert.ok(given.status < 300, JSON.stringify(given.json));
    const done = await taskWhen(place, order);
    assert.equal(charges(place), 1);
    await assertDone(place, order, done, 'night-shift');
    const { timeline = [] } = (await orderOf(place, order)) ?? {};
    const answered = timeline.find(({ event }) => event === 'answered');
    assert.equal(answered?.who, 'night-shift');
  });

  test('is approved in the EHR, by one of those who may, with the amount', async () => {
    const place = whole().place('hapi');
    for (const id of ['approver', 'somebody']) {
      await create(place, { resourceType: 'Practitioner', id, name: [{ family: 'Lovelace' }] });
    }
    const order = await placeCohort(place);
    const asking = await taskWhen(place, order, ['on-hold']);
    const answer = async (reference: string, text: string): Promise<void> => {
      const [task] = await find(place, 'Task', `focus=${order.reference}`);
      const question = task?.businessStatus?.coding?.[0] ?? assert.fail('the Task names no question');
      assert.equal(question.system, 'urn:fhir-ai-adapter:question');
      const type = { coding: [{ system: 'urn:fhir-ai-adapter:answer', code: question.code ?? '' }] };
      const input = [{ type, valueAnnotation: { authorReference: { reference }, text } }];
      const id = await create(place, { ...(task ?? assert.fail()), input });
      // An administrator's own Subscription tells of it at once; without one it is looked at every half minute.
      const told = JSON.stringify(await place.sandbox.ehr.read('Task', id));
      await call('PUT', `${place.notifyUrl}/Task/${id}`, told, { Authorization: `Bearer ${place.secret}` });
    };
    await answer('Practitioner/somebody', amountIn(asking));
    await noteOf(place, order, /not taken: its author is none of those/);
    await answer(APPROVER, '1.00');
    await noteOf(place, order, /not taken: (?!its author)/);
    assert.equal(charges(place), 0);
    await answer(APPROVER, amountIn(asking));
    const done = await taskWhen(place, order);
    assert.equal(charges(place), 1);
    await assertDone(place, order, done, APPROVER);
  });

  test('that is declined ends as cancelled and says that the cohort is unpaid', async () => {
    const place = whole().place('declining');
    const order = await placeCohort(place);
    await taskWhen(place, order, ['on-hold']);
    const { id = '' } = (await orderOf(place, order)) ?? {};
    const page = (await api(place, 'GET', `/orders/${id}`)).json;
    await api(place, 'POST', `/orders/${id}/answer`, { question: page.question.id, value: 'decline' });
    const task = await taskWhen(place, order, ['cancelled']);
    assert.match(task.statusReason?.text ?? '', /declined; nothing was bought\. The cohort .* stays unpaid/);
    assert.equal(charges(place), 0);
  });
});

/** Until the Task says so in a note. */
async function noteOf(place: Place, order: PlacedNote, words: RegExp): Promise<void> {
  await until('the note on the Task', async () => {
    const [task] = await find(place, 'Task', `focus=${order.reference}`);
    return task?.note?.some(({ text = '' }) => words.test(text));
  });
}
