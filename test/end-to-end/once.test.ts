/** One order, however often it is told: in both dialects, before and after it is done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sign } from '../../src/subscriptions/authenticate.ts';
import {
  allTaken,
  billed,
  call,
  find,
  keyOf,
  ordersOf,
  outputsOf,
  type PlacedNote,
  placeNote,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { onEveryWhole, type Place } from '../support/whole.ts';

const TEXT = 'Assessment\nType 2 diabetes mellitus since 2014. Essential hypertension. Headache today.\n';
const TIMES = 10;

/** The notification that the EHR sends for the note, as its manner has it. */
async function notify(place: Place, note: PlacedNote): Promise<number> {
  const resource = await place.sandbox.ehr.read('DocumentReference', note.id);
  const body = JSON.stringify(resource);
  if (place.name === 'hapi') {
    const url = `${place.notifyUrl}/${note.reference}`;
    return (await call('PUT', url, body, { Authorization: `Bearer ${place.secret}` })).status;
  }
  const headers = { 'X-Signature': sign(place.secret, Buffer.from(body)), 'X-Medplum-Interaction': 'update' };
  return (await call('POST', place.notifyUrl, body, headers)).status;
}

async function tellTenTimes(place: Place, note: PlacedNote): Promise<void> {
  const statuses = await Promise.all(Array.from({ length: TIMES }, () => notify(place, note)));
  assert.deepEqual(statuses, Array(TIMES).fill(200));
}

/** Everything that may only be there once. */
async function inventory(place: Place, note: PlacedNote) {
  const words = `subject=${note.patient}`;
  const results = [
    ...(await find(place, 'Condition', words)),
    ...(await find(place, 'Observation', words)),
    ...(await find(place, 'DiagnosticReport', words)),
  ];
  return {
    orders: (await ordersOf(place)).map(({ key }) => key),
    tasks: (await tasksOf(place, note)).map(({ id, meta }) => `${id}/${meta?.versionId}`),
    results: results.map(({ resourceType, id, meta }) => `${resourceType}/${id}/${meta?.versionId}`).sort(),
    provenances: (await find(place, 'Provenance')).length,
    billed: billed(place),
  };
}

onEveryWhole(
  'a notification that comes ten times',
  { medplum: { manner: 'medplum' }, hapi: { manner: 'hapi' }, batch: { manner: 'medplum', transactions: 'batch' } },
  (whole) => {
    for (const name of ['medplum', 'hapi', 'batch']) {
      test(`makes one order, one set of results and one bill at the EHR in ${name}'s manner`, async () => {
        const place = whole().place(name);
        const note = await placeNote(place, { text: TEXT });
        await tellTenTimes(place, note);
        const task = await taskWhen(place, note);
        const done = await inventory(place, note);
        assert.deepEqual(done.orders, [keyOf(place, note)]);
        assert.equal(done.tasks.length, 1);
        assert.equal(done.results.length, 4, done.results.join(' '));
        assert.equal(done.provenances, 4);
        assert.equal(done.billed, 1);
        assert.equal((await outputsOf(place, task)).length, 4);

        await tellTenTimes(place, note);
        await allTaken(place);
        assert.deepEqual(await inventory(place, note), done);
      });
    }
  },
);
