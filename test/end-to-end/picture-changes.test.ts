/** One smear through its life: told of again and again, revised by its vendor, entered in error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '@medplum/fhirtypes';
import {
  allTaken,
  api,
  find,
  ofType,
  orderOf,
  outputsOf,
  type PlacedNote,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { SMEAR_ROUTE } from '../support/picture-sites.ts';
import { editOrder, nameOf, notifyOften, partOf, placeExampleOf } from '../support/pictures.ts';
import { until } from '../support/until.ts';
import { MANNERS, onEveryWhole, type Place } from '../support/whole.ts';

const SITE = { manner: 'medplum', hemato: {} } as const;

async function readAgain(place: Place, resources: readonly Resource[]): Promise<Resource[]> {
  return Promise.all(
    resources.map(
      async (one) => (await place.sandbox.ehr.read(one.resourceType, one.id ?? '')) ?? assert.fail(nameOf(one)),
    ),
  );
}

async function inventory(place: Place, order: PlacedNote) {
  const versions = (all: Resource[]) => all.map((one) => `${nameOf(one)}/${one.meta?.versionId}`).sort();
  const words = `subject=${order.patient}`;
  return {
    tasks: versions(await tasksOf(place, order)),
    results: versions([
      ...(await find(place, 'DiagnosticReport', words)),
      ...(await find(place, 'Observation', words)),
      ...(await find(place, 'Media', words)),
    ]),
    binaries: (await find(place, 'Binary')).length,
    provenances: (await find(place, 'Provenance')).length,
    bills: place.sandbox.ledger.read().hemato?.billed.studies,
  };
}

onEveryWhole('a smear', { medplum: SITE, hapi: { ...SITE, manner: 'hapi' } }, (whole) => {
  for (const manner of MANNERS) {
    test(`is one order for ever, whatever is told of it (${manner})`, async (here) => {
      const place = whole().place(manner);
      const order = await placeExampleOf(place, SMEAR_ROUTE);
      await here.test('told of ten times at once, it makes one set and one bill', () => tellOften(place, order));
      await here.test('fetched once more, it is revised', () => revise(place, order));
      await here.test('entered in error, it is taken back', () => takeBack(place, order));
    });
  }
});

async function tellOften(place: Place, order: PlacedNote): Promise<void> {
  await notifyOften(place, order, 10);
  await taskWhen(place, order);
  const done = await inventory(place, order);
  // Ten results, and the picture of the order itself.
  assert.deepEqual([done.tasks.length, done.results.length, done.bills], [1, 11, 1]);
  await notifyOften(place, order, 10);
  await allTaken(place);
  assert.deepEqual(await inventory(place, order), done);
}

/** An operator has the vendor's report fetched once more: what it says now replaces what it said. */
async function revise(place: Place, order: PlacedNote): Promise<void> {
  const before = await outputsOf(place, await taskWhen(place, order));
  place.sandbox.faults.set('hemato', 'revised-report', 1);
  const page = (await orderOf(place, order)) ?? assert.fail('There is no order');
  assert.equal((await api(place, 'POST', `/orders/${page.id}/retry`, {})).status, 202);
  const [report] = ofType(before, 'DiagnosticReport');
  const standing = await until('a new version of the report', async () => {
    const now = await place.sandbox.ehr.read('DiagnosticReport', report?.id ?? '');
    return now?.meta?.versionId === report?.meta?.versionId ? undefined : now;
  });
  assert.ok(standing.resourceType === 'DiagnosticReport' && standing.status === 'preliminary');
  const after = await outputsOf(place, await taskWhen(place, order));
  const parts = (all: Resource[]) => all.map((one) => `${partOf(one, place, order)} ${nameOf(one)}`).sort();
  assert.deepEqual(parts(after), parts(before));
  const changed = after.filter((one, index) => one.meta?.versionId !== before[index]?.meta?.versionId);
  assert.ok(changed.length >= 2 && changed.some(({ resourceType }) => resourceType === 'Observation'));
  const provenances = await find(place, 'Provenance');
  for (const one of changed) {
    const revised = provenances.filter(
      ({ target, entity = [] }) =>
        target.some(({ reference }) => reference === nameOf(one)) && entity.some(({ role }) => role === 'revision'),
    );
    assert.equal(revised.length, 1, `${nameOf(one)} has ${revised.length} Provenances of its revision`);
  }
  assert.equal(place.sandbox.ledger.read().hemato?.billed.studies, 1);
}

/** The order turns out to be entered in error. */
async function takeBack(place: Place, order: PlacedNote): Promise<void> {
  const before = await outputsOf(place, await taskWhen(place, order));
  await editOrder(place, order, { status: 'entered-in-error' });
  await until('results withdrawn', async () => {
    const [task] = await tasksOf(place, order);
    return task?.businessStatus?.text === 'results withdrawn';
  });
  const after = await readAgain(place, before);
  assert.ok(after.length > 8 && ofType(after, 'Media').length === 1);
  for (const one of after) {
    assert.ok('status' in one && one.status === 'entered-in-error', nameOf(one));
  }
  const provenances = await find(place, 'Provenance');
  for (const one of after) {
    const mine = provenances.filter(({ target }) => target.some(({ reference }) => reference === nameOf(one)));
    assert.ok(
      mine.some(({ activity }) => activity?.coding?.some(({ code }) => code === 'NULLIFY')),
      nameOf(one),
    );
  }
}
