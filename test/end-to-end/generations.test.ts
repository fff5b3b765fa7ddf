/** What happens to an order whose note changes, disappears, or tells what the chart knows already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '@medplum/fhirtypes';
import {
  billed,
  call,
  create,
  createPatient,
  editNote,
  find,
  inline,
  ofType,
  orderOf,
  ordersOf,
  outputsOf,
  type PlacedNote,
  placeNote,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { MANNERS, onEveryWhole, type Place } from '../support/whole.ts';

const FIRST = 'Assessment\nType 2 diabetes mellitus since 2014. Essential hypertension. Headache today.\n';
const SECOND = 'Assessment\nAsthma since 1999. Essential hypertension. No headache today.\n';

const names = (resources: Resource[]): string[] =>
  resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort();

function rewrite(place: Place, note: PlacedNote, text: string): Promise<void> {
  return editNote(place, note, (one) => ({ ...one, content: [{ attachment: inline(text) }] }));
}

const isWithdrawn = (resource: Resource): boolean => JSON.stringify(resource).includes('"entered-in-error"');

async function again(place: Place, resources: Resource[]): Promise<Resource[]> {
  return Promise.all(
    resources.map(
      async ({ resourceType, id }) =>
        (await place.sandbox.ehr.read(resourceType, id ?? '')) ?? assert.fail(`${resourceType}/${id} is gone`),
    ),
  );
}

/** Deleted by a test: what still refers to it is right to do so. */
const gone = new Set<string>();

const SITES = {
  medplum: { manner: 'medplum' },
  hapi: { manner: 'hapi' },
  'medplum-deleted': { manner: 'medplum' },
  'hapi-deleted': { manner: 'hapi' },
} as const;

onEveryWhole(
  'a note',
  SITES,
  (whole) => {
    for (const manner of MANNERS) {
      test(`that is rewritten is done anew, and what it no longer says is withdrawn (${manner})`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, { text: FIRST });
        const first = await taskWhen(place, note);
        const before = await outputsOf(place, first);
        await rewrite(place, note, SECOND);
        const second = await taskWhen(place, note, ['completed'], 2);
        assert.notEqual(second.id, first.id);
        const after = await outputsOf(place, second);
        assert.deepEqual(
          ofType(after, 'Condition')
            .map(({ code }) => code?.coding?.[0]?.code)
            .sort(),
          ['195967001', '59621000'],
        );
        assert.deepEqual(ofType(after, 'Observation'), []);
        assert.ok(after.every((one) => !isWithdrawn(one)));
        assert.ok(
          (await again(place, before)).every((one) => names(after).includes(names([one])[0] ?? '') || isWithdrawn(one)),
        );
        const all = [
          ...(await find(place, 'Condition', `subject=${note.patient}`)),
          ...(await find(place, 'DiagnosticReport', `subject=${note.patient}`)),
        ];
        assert.deepEqual(names(all.filter((one) => !isWithdrawn(one))), names(after));
        assert.equal((await tasksOf(place, note, 1))[0]?.status, 'completed');
        assert.equal((await tasksOf(place, note, 3)).length, 0);
      });

      test(`whose finding a clinician has edited meanwhile is left alone, and the Task says so (${manner})`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, { text: FIRST });
        const before = await outputsOf(place, await taskWhen(place, note));
        const diabetes =
          ofType(before, 'Condition').find(({ code }) => code?.coding?.[0]?.code === '44054006') ??
          assert.fail('no diabetes');
        const edited = { ...diabetes, note: [{ text: 'Seen and discussed with her.' }] };
        assert.equal((await call('PUT', `${place.ehrUrl}/Condition/${diabetes.id}`, edited)).status, 200);
        await rewrite(place, note, SECOND);
        const second = await taskWhen(place, note, ['completed'], 2);
        const [now] = await again(place, [diabetes]);
        assert.ok(now && !isWithdrawn(now));
        assert.match(JSON.stringify(now), /Seen and discussed/);
        assert.match(JSON.stringify(second.note), new RegExp(`Condition/${diabetes.id}[^"]*left alone`));
        const others = (await again(place, before)).filter(({ id }) => id !== diabetes.id);
        assert.ok(others.every(isWithdrawn));
      });

      test(`of the same text with another docStatus is not done again (${manner})`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, { text: FIRST });
        const first = await taskWhen(place, note);
        const order = await orderOf(place, note);
        await editNote(place, note, (one) => ({ ...one, docStatus: 'amended' }));
        await until('the news considered', async () => {
          const now = await orderOf(place, note);
          const isSettled = now?.nextAt === null && (await orderOf(place, note, 2)) === undefined;
          return isSettled && now.timeline.some(({ event }) => event === 'changed');
        });
        const [after] = await tasksOf(place, note);
        assert.equal(after?.meta?.versionId, first.meta?.versionId);
        assert.deepEqual((await orderOf(place, note))?.calls, order?.calls);
        assert.deepEqual(await tasksOf(place, note, 2), []);
      });

      test(`that is taken back while it is worked on has its Task cancelled (${manner})`, async () => {
        const place = whole().place(`${manner}-deleted`);
        place.sandbox.faults.set('healthsage', 'pending-forever');
        const note = await placeNote(place, { text: FIRST });
        await taskWhen(place, note, ['in-progress']);
        await until('the note submitted', () => billed(place) === 1);
        gone.add(note.reference);
        if (manner === 'medplum') {
          await place.sandbox.ehr.remove('DocumentReference', note.id);
        } else {
          // HAPI lets nobody delete what a Task refers to.
          await editNote(place, note, (one) => ({ ...one, status: 'entered-in-error' }));
        }
        const task = await taskWhen(place, note, ['cancelled']);
        assert.match(task.statusReason?.text ?? '', manner === 'medplum' ? /deleted/ : /entered in error/);
        assert.deepEqual(task.output ?? [], []);
        assert.deepEqual(await find(place, 'Condition'), []);
        assert.equal((await ordersOf(place)).length, 1);
      });

      test(`of a disorder that the patient has already mentions it and writes no second one (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = `Patient/${await createPatient(place)}`;
        const system = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
        const known = await create(place, {
          resourceType: 'Condition',
          clinicalStatus: { coding: [{ system, code: 'active' }] },
          code: { coding: [{ system: 'http://snomed.info/sct', code: '44054006' }] },
          subject: { reference: patient },
        });
        const note = await placeNote(place, { text: FIRST, patient });
        const outputs = await outputsOf(place, await taskWhen(place, note));
        assert.deepEqual(
          ofType(outputs, 'Condition').map(({ code }) => code?.coding?.[0]?.code),
          ['59621000'],
        );
        assert.equal((await find(place, 'Condition', `subject=${patient}`)).length, 2);
        const [report] = ofType(outputs, 'DiagnosticReport');
        assert.match(
          report?.text?.div ?? '',
          new RegExp(`Diabetes mellitus type 2.*already recorded as Condition/${known}`, 's'),
        );
      });
    }
  },
  { gone },
);
