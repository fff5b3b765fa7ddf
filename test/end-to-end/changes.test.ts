/** How an order changes in the EHR, and what then stands there: taken back, replaced, paused, completed later, by Task. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentReference, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import {
  billed,
  call,
  create,
  createPatient,
  editNote,
  find,
  inline,
  ofType,
  outputsOf,
  placeNote,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { MANNERS, onEveryWhole, type Place, REQUEST_ROUTE, TASK_ROUTE } from '../support/whole.ts';

const FIRST = 'Assessment\nType 2 diabetes mellitus since 2014. Essential hypertension. Headache today.\n';
const SECOND = 'Assessment\nAsthma since 1999. Essential hypertension. No headache today.\n';
/** All tests of this file run side by side. */
const PATIENCE_SECONDS = 45;
/** Not every EHR takes an id of ours, so it is a name only. */
const LAB = 'Organization/ai-lab';

const SITES = {
  medplum: { manner: 'medplum', requests: true, owners: [LAB] },
  hapi: { manner: 'hapi', requests: true, owners: [LAB] },
  'medplum-tasks': { manner: 'medplum', tasks: `Task?status=requested&owner=${LAB}` },
  'hapi-tasks': { manner: 'hapi', tasks: `Task?status=requested&owner=${LAB}` },
  'medplum-link': { manner: 'medplum', policy: { supersededNote: 'link' } },
  'hapi-link': { manner: 'hapi', policy: { supersededNote: 'link' } },
} as const;

const isLive = (resource: Resource): boolean => !JSON.stringify(resource).includes('"entered-in-error"');
const refer = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`;

function again(place: Place, resources: Resource[]): Promise<Resource[]> {
  return Promise.all(
    resources.map(
      async (one) => (await place.sandbox.ehr.read(one.resourceType, one.id ?? '')) ?? assert.fail(refer(one)),
    ),
  );
}

/** A note that nobody orders anything for by itself: of another type. */
async function placeDocument(place: Place, patient: string, more: Partial<DocumentReference> = {}): Promise<string> {
  const id = await create(place, {
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '34117-2' }] },
    subject: { reference: patient },
    date: '2026-11-19T14:40:00+01:00',
    content: [{ attachment: inline(FIRST) }],
    ...more,
  });
  return `DocumentReference/${id}`;
}

function request(patient: string, more: Partial<ServiceRequest> = {}): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
    subject: { reference: patient },
    ...more,
  };
}

async function editRequest(place: Place, id: string, more: Partial<ServiceRequest>): Promise<void> {
  const standing = await place.sandbox.ehr.read('ServiceRequest', id);
  assert.ok(standing?.resourceType === 'ServiceRequest');
  await create(place, { ...standing, ...more });
}

/** All Tasks of an order for coding, those of the EHR's own making too. */
async function tasksFor(place: Place, id: string): Promise<(Task & { id: string })[]> {
  const tasks = await find(place, 'Task', `focus=ServiceRequest/${id}`);
  return tasks.map((task) => ({ ...task, id: task.id ?? '' }));
}

async function taskOf(place: Place, id: string, status: Task['status']): Promise<Task & { id: string }> {
  const key = `${place.name}/ServiceRequest/${id}/${REQUEST_ROUTE}`;
  return until(
    `Task of ${key} ${status}`,
    async () => {
      const tasks = await tasksFor(place, id);
      return tasks.find(
        (task) => task.status === status && task.identifier?.some(({ value }) => value?.startsWith(key)),
      );
    },
    PATIENCE_SECONDS,
  );
}

/** The EHR's own Task for the lab. */
async function theirTask(place: Place, focus: string, patient: string, more: Partial<Task> = {}): Promise<string> {
  // HAPI insists on what a reference names, and takes our id; Medplum does neither.
  await call('PUT', `${place.ehrUrl}/${LAB}`, { resourceType: 'Organization', id: 'ai-lab', name: 'AI lab' });
  return create(place, {
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: focus },
    for: { reference: patient },
    owner: { reference: LAB },
    authoredOn: '2026-11-22T09:00:00Z',
    ...more,
  });
}

onEveryWhole(
  'an order in the EHR',
  SITES,
  (whole) => {
    for (const manner of MANNERS) {
      test(`entered in error after its results stand has them all taken back (${manner})`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, { text: FIRST });
        const task = await taskWhen(place, note);
        const before = await outputsOf(place, task);
        await editNote(place, note, (one) => ({ ...one, status: 'entered-in-error' }));
        const told = await until('results withdrawn', async () => {
          const [now] = await tasksOf(place, note);
          return now?.businessStatus ? now : undefined;
        });
        const after = await again(place, before);
        assert.ok(before.length > 3 && after.every((one) => !isLive(one)));
        assert.ok(ofType(after, 'Condition').every(({ clinicalStatus }) => clinicalStatus === undefined));
        assert.deepEqual([told.status, told.businessStatus?.text], ['completed', 'results withdrawn']);
        const provenances = await find(place, 'Provenance', '');
        for (const one of after) {
          const mine = provenances.filter(({ target }) => target.some(({ reference }) => reference === refer(one)));
          assert.ok(
            mine.some(({ activity }) => activity?.coding?.some(({ code }) => code === 'NULLIFY')),
            refer(one),
          );
        }
      });

      test(`for a note that a newer one replaces: findings taken back with the newer ones written (${manner})`, async () => {
        const place = whole().place(manner);
        const old = await placeNote(place, { text: FIRST });
        const before = await outputsOf(place, await taskWhen(place, old));
        const newer = await placeReplacement(place, old);
        const after = await outputsOf(place, await taskWhen(place, newer));
        assert.ok((await again(place, before)).every((one) => !isLive(one)));
        assert.ok(after.every(isLive));
        const [report] = ofType(after, 'DiagnosticReport');
        const [former] = ofType(before, 'DiagnosticReport');
        assert.match(
          JSON.stringify(report?.extension),
          new RegExp(`diagnosticReport-replaces.*DiagnosticReport/${former?.id}`),
        );
      });

      test(`for a note that a newer one replaces: linked and left where the site says so (${manner})`, async () => {
        const place = whole().place(`${manner}-link`);
        const old = await placeNote(place, { text: FIRST });
        const before = await outputsOf(place, await taskWhen(place, old));
        const newer = await placeReplacement(place, old);
        const [report] = ofType(await outputsOf(place, await taskWhen(place, newer)), 'DiagnosticReport');
        assert.ok((await again(place, before)).every(isLive));
        const [former] = ofType(before, 'DiagnosticReport');
        assert.match(
          JSON.stringify(report?.extension),
          new RegExp(`diagnosticReport-replaces.*DiagnosticReport/${former?.id}`),
        );
      });

      test(`that comes before its note waits as received, and is done when the note comes (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        const id = await create(place, request(patient));
        const waiting = await taskOf(place, id, 'received');
        assert.match(waiting.businessStatus?.text ?? '', /^Awaiting information until .* names no note/);
        // It is news of the order, which is looked at again at once: the note is of a type that the site hears of.
        const note = await placeDocument(place, patient, {
          type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
          docStatus: 'preliminary',
          context: { related: [{ reference: `ServiceRequest/${id}` }] },
        });
        assert.equal((await tasksFor(place, id))[0]?.status, 'received', 'a draft is no note yet');
        const draft = await place.sandbox.ehr.read('DocumentReference', note.split('/')[1] ?? '');
        assert.ok(draft?.resourceType === 'DocumentReference');
        await create(place, { ...draft, docStatus: 'final' });
        const done = await taskOf(place, id, 'completed');
        assert.equal(done.id, waiting.id);
      });

      test(`on hold waits on its Task, and goes on when it is active (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        place.sandbox.faults.set('healthsage', 'slow', 1);
        const id = await create(place, request(patient));
        await taskOf(place, id, 'received');
        await editRequest(place, id, { status: 'on-hold' });
        const held = await taskOf(place, id, 'on-hold');
        assert.match(held.statusReason?.text ?? '', /on hold in the EHR/);
        const note = await placeDocument(place, patient);
        await editRequest(place, id, { status: 'active', supportingInfo: [{ reference: note }] });
        const done = await taskOf(place, id, 'completed');
        assert.equal(done.id, held.id);
        assert.equal(done.statusReason, undefined);
      });

      test(`whose Task the EHR made for us is done on that Task, and no other is made (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        const note = await placeDocument(place, patient);
        const id = await create(place, request(patient, { status: 'draft', supportingInfo: [{ reference: note }] }));
        const theirs = await theirTask(place, `ServiceRequest/${id}`, patient, { description: 'Please code' });
        await editRequest(place, id, { status: 'active' });
        const done = await taskOf(place, id, 'completed');
        assert.equal(done.id, theirs);
        assert.deepEqual([done.intent, done.description, done.owner?.reference], ['order', 'Please code', LAB]);
        assert.equal((await tasksFor(place, id)).length, 1);
        assert.ok((done.output ?? []).length > 1);
      });

      test(`whose Task comes after ours goes on on theirs, and ours is marked as an error (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        const id = await create(place, request(patient));
        const ours = await taskOf(place, id, 'received');
        const theirs = await theirTask(place, `ServiceRequest/${id}`, patient);
        await until('theirs claimed', async () =>
          (await tasksFor(place, id)).some((task) => task.id === theirs && task.status === 'received'),
        );
        const note = await placeDocument(place, patient);
        await editRequest(place, id, { supportingInfo: [{ reference: note }] });
        const done = await taskOf(place, id, 'completed');
        assert.equal(done.id, theirs);
        const states = Object.fromEntries((await tasksFor(place, id)).map((task) => [task.id, task.status]));
        assert.deepEqual(states, { [ours.id]: 'entered-in-error', [theirs]: 'completed' });
      });

      test(`of a route that orders from Tasks is done on that Task, and its own writing is no news (${manner})`, async () => {
        const place = whole().place(`${manner}-tasks`);
        const patient = `Patient/${await createPatient(place)}`;
        const note = await placeDocument(place, patient);
        const id = await create(place, request(patient, { code: { text: 'anything' }, supportingInfo: [] }));
        const input = [{ type: { text: 'note' }, valueReference: { reference: note } }];
        const theirs = await theirTask(place, `ServiceRequest/${id}`, patient, { input });
        const done = await until(
          'the Task completed',
          async () => {
            const [task, ...more] = await tasksFor(place, id);
            assert.deepEqual(more, []);
            return task?.status === 'completed' ? task : undefined;
          },
          PATIENCE_SECONDS,
        );
        assert.equal(done.id, theirs);
        const key = `${place.name}/Task/${theirs}/${TASK_ROUTE}`;
        assert.equal(done.identifier?.[0]?.value, key);
        const [report] = ofType(await outputsOf(place, done), 'DiagnosticReport');
        assert.deepEqual(
          report?.basedOn?.map(({ reference }) => reference),
          [`ServiceRequest/${id}`],
        );
        const marker = await placeNote(place, { text: SECOND });
        await taskWhen(place, marker);
        const [after] = await tasksFor(place, id);
        assert.equal(after?.meta?.versionId, done.meta?.versionId, 'nothing more was written on it');
      });

      test(`asked for by a Task that no route does is answered on that Task (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        const id = await create(place, request(patient, { code: { text: 'a sandwich' } }));
        const task = await theirTask(place, `ServiceRequest/${id}`, patient);
        const answered = await until('an answer', async () => {
          const now = await place.sandbox.ehr.read('Task', task);
          return now?.resourceType === 'Task' && now.status !== 'requested' ? now : undefined;
        });
        assert.equal(answered.status, 'rejected');
        assert.match(answered.statusReason?.text ?? '', /does not do what the Task asks for/);
      });

      test(`is stopped by a Task that asks to abort it, and by its own Task cancelled (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        const [one, two] = [await create(place, request(patient)), await create(place, request(patient))];
        const [first, second] = [await taskOf(place, one, 'received'), await taskOf(place, two, 'received')];
        const coding = [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'abort' }];
        const abort = await theirTask(place, `Task/${first.id}`, patient, { code: { coding } });
        await taskOf(place, one, 'cancelled');
        const answered = await until('an answer', async () => {
          const now = await place.sandbox.ehr.read('Task', abort);
          return now?.resourceType === 'Task' && now.status !== 'requested' ? now : undefined;
        });
        assert.equal(answered.status, 'completed');
        await create(place, { ...second, status: 'cancelled' });
        const note = await placeDocument(place, patient);
        await editRequest(place, two, { supportingInfo: [{ reference: note }] });
        await until('the end', async () => {
          const { json } = await call('GET', `${whole().url}/api/orders?site=${manner}&limit=200`, undefined, {
            Authorization: `Bearer ${whole().token}`,
          });
          return json.orders.some(
            (order: { key: string; status: string }) => order.key.includes(two) && order.status === 'cancelled',
          );
        });
        assert.deepEqual(
          (await tasksFor(place, two)).map(({ status }) => status),
          ['cancelled'],
        );
      });

      test(`is not made of what we wrote ourselves (${manner})`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, { text: SECOND });
        const task = await taskWhen(place, note);
        const before = billed(place);
        // A document of ours that looks like what the route orders from, as a vendor's files will.
        const system = 'urn:fhir-ai-adapter:result';
        const id = await create(place, {
          resourceType: 'DocumentReference',
          status: 'current',
          identifier: [{ system, value: `${task.identifier?.[0]?.value}#file/1` }],
          type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
          subject: { reference: note.patient },
          content: [{ attachment: inline(FIRST) }],
        });
        const marker = await placeNote(place, { text: SECOND });
        await taskWhen(place, marker);
        assert.deepEqual(await tasksOf(place, { ...note, reference: `DocumentReference/${id}` }), []);
        assert.ok(billed(place) > before);
        // It is none of ours, and would be held to what ours promise.
        assert.ok((await fetch(`${place.ehrUrl}/DocumentReference/${id}`, { method: 'DELETE' })).ok);
      });
    }
  },
  { gone: new Set([LAB]) },
);

/** A second note that says that it replaces the first, which its author has marked so. */
async function placeReplacement(place: Place, old: { id: string; reference: string; patient: string }) {
  const standing = await place.sandbox.ehr.read('DocumentReference', old.id);
  assert.ok(standing?.resourceType === 'DocumentReference');
  const { id: _id, meta: _meta, ...same } = standing;
  const id = await create(place, {
    ...same,
    content: [{ attachment: inline(SECOND) }],
    relatesTo: [{ code: 'replaces', target: { reference: old.reference } }],
  });
  await create(place, { ...standing, status: 'superseded' });
  return { id, reference: `DocumentReference/${id}`, patient: old.patient };
}
