/** What cannot be done, or not yet, or not at once: what the clinician is told, and that nothing is done twice. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Task } from '@medplum/fhirtypes';
import {
  api,
  billed,
  call,
  create,
  createBinary,
  createPatient,
  editNote,
  find,
  inline,
  type NoteWish,
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
import { MANNERS, onOneWhole, type Place } from '../support/whole.ts';

const TEXT = 'Assessment\nType 2 diabetes mellitus since 2014. Essential hypertension. Headache today.\n';
const FILLER = 'She walks to the market every day and bakes for the neighbours. ';
/** Two requests' worth: hypertension in the first, asthma in the second. */
const TWO_PARTS = `Assessment\nEssential hypertension. ${FILLER.repeat(20)}\n\nSummary\nAsthma. ${FILLER.repeat(20)}\n`;

async function fixture(place: Place, name: string, contentType: string): Promise<NoteWish> {
  const bytes = await readFile(new URL(`../fixtures/notes/${name}`, import.meta.url));
  return { attachment: { contentType, url: await createBinary(place, bytes, contentType) } };
}

const REFUSED: Record<string, { wish: (place: Place) => NoteWish | Promise<NoteWish>; words: RegExp }> = {
  'without text': { wish: () => ({ attachment: inline('  \n \n') }), words: /no text/ },
  'that is a picture': {
    wish: (place) => fixture(place, 'picture.png', 'image/png'),
    words: /image\/png|picture|image/,
  },
  'in an encrypted PDF': {
    wish: (place) => fixture(place, 'encrypted.pdf', 'application/pdf'),
    words: /password|encrypted/,
  },
  'in a scanned PDF': { wish: (place) => fixture(place, 'scanned.pdf', 'application/pdf'), words: /scan|no text/ },
  'of no patient': { wish: () => ({ nobody: true, text: TEXT }), words: /patient/ },
  'of a patient who has denied consent': { wish: deniedNote, words: /consent does not allow .*HealthSage/ },
};

async function deniedNote(place: Place): Promise<NoteWish> {
  const patient = `Patient/${await createPatient(place)}`;
  await create(place, {
    resourceType: 'Consent',
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: patient },
    policyRule: { text: 'opt-out of AI vendors' },
    provision: { type: 'deny' },
  });
  return { patient, text: TEXT };
}

/** A sentence: a capital, words, a full stop; no codes, no markup, no addresses. */
function assertSentence(task: Task, words: RegExp): void {
  const text = task.statusReason?.text ?? '';
  assert.match(text, words);
  assert.match(text, /^\p{Lu}[^{}<>]{10,300}[.!]$/u);
  assert.doesNotMatch(text, /\b\d{3}\b|https?:|undefined|null|Error\b|healthsage/);
}

/** The whole result of TEXT, once. */
async function assertOneSet(place: Place, note: PlacedNote, task: Task): Promise<void> {
  assert.equal((await tasksOf(place, note)).length, 1);
  assert.equal((await outputsOf(place, task)).length, 4);
  for (const [type, count] of [
    ['Condition', 2],
    ['Observation', 1],
    ['DiagnosticReport', 1],
  ] as const) {
    assert.equal((await find(place, type, `subject=${note.patient}`)).length, count, type);
  }
  assert.equal((await find(place, 'Provenance')).length, 4);
}

const asked = (place: Place): number => place.sandbox.ledger.read().healthsage?.endpoints['POST /generate'] ?? 0;

async function heldOf(place: Place): Promise<string[]> {
  const { json } = await call('GET', `${place.whole.url}/readyz`);
  return json.held
    .filter(({ site }: { site: string }) => site === place.name)
    .map(({ code }: { code: string }) => code);
}

async function retry(place: Place, note: PlacedNote): Promise<void> {
  const order = (await orderOf(place, note)) ?? assert.fail('There is no order');
  assert.ok(order.actions.includes('retry'), order.status);
  assert.equal((await api(place, 'POST', `/orders/${order.id}/retry`, {})).status, 202);
}

const EHR_FAULTS = [
  'transaction-answer-lost',
  'late-commit',
  'transaction-not-committed-503',
  'unavailable-503',
] as const;

const SITES = {
  medplum: { manner: 'medplum' },
  hapi: { manner: 'hapi' },
  unauthorized: { manner: 'medplum', apiKey: 'nobody-knows-this-key' },
  quota: { manner: 'hapi' },
  failure: { manner: 'medplum' },
  missing: { manner: 'hapi' },
  doubt: { manner: 'medplum' },
  ...Object.fromEntries(
    MANNERS.flatMap((manner) => EHR_FAULTS.map((fault) => [`${manner}-${fault}`, { manner }] as const)),
  ),
} as const;

onOneWhole('an order', SITES, (whole) => {
  for (const manner of MANNERS) {
    for (const [name, { wish, words }] of Object.entries(REFUSED)) {
      test(`for a note ${name} is rejected in the clinician's words (${manner})`, async () => {
        const place = whole().place(manner);
        const note = await placeNote(place, await wish(place));
        const task = await taskWhen(place, note, ['rejected']);
        assertSentence(task, words);
        const [outcome] = task.contained ?? [];
        assert.equal(outcome?.resourceType, 'OperationOutcome');
        assert.deepEqual(
          task.output?.map(({ valueReference }) => valueReference?.reference),
          [`#${outcome?.id}`],
        );
        assert.deepEqual((await orderOf(place, note))?.calls, []);
      });
    }

    test(`for a preliminary note is none until the note is final (${manner})`, async () => {
      const place = whole().place(manner);
      const note = await placeNote(place, { text: TEXT, docStatus: 'preliminary' });
      const delivered = () =>
        place.sandbox.ehr.deliveries().some(({ resource, accepted }) => resource === note.reference && accepted);
      await until('the notification of the preliminary note', delivered);
      await until('the preliminary note forgotten', async () => (await orderOf(place, note)) === undefined);
      assert.deepEqual(await tasksOf(place, note), []);
      await editNote(place, note, (one) => ({ ...one, docStatus: 'final' }));
      const task = await taskWhen(place, note);
      assert.equal((await outputsOf(place, task)).length, 4);
      assert.equal((await tasksOf(place, note)).length, 1);
    });

    for (const fault of EHR_FAULTS) {
      test(`whose results meet ${fault} has one set of them (${manner})`, async () => {
        const place = whole().place(`${manner}-${fault}`);
        const note = await placeNote(place, { text: TEXT });
        await taskWhen(place, note, ['in-progress']);
        place.sandbox.faults.set('ehr', fault);
        const task = await taskWhen(place, note);
        assert.equal(place.sandbox.faults.list().find((one) => one.vendor === 'ehr' && one.name === fault)?.times, 0);
        await assertOneSet(place, note, task);
        assert.equal(billed(place), 1);
      });
    }
  }

  test('that meets refused credentials is on hold, and readyz says so', async () => {
    const place = whole().place('unauthorized');
    const note = await placeNote(place, { text: TEXT });
    assertSentence(await taskWhen(place, note, ['on-hold']), /operator|credential|support|person/i);
    assert.deepEqual(await heldOf(place), ['vendor-unauthorized']);
    assert.equal(billed(place), 0);
  });

  test('that meets a used-up quota waits with one request made, and is completed by a retry', async () => {
    const place = whole().place('quota');
    place.sandbox.faults.set('healthsage', 'quota', 100);
    const notes = await Promise.all([placeNote(place, { text: TEXT }), placeNote(place, { text: TWO_PARTS })]);
    for (const note of notes) {
      assertSentence(await taskWhen(place, note, ['on-hold']), /budget|quota/i);
    }
    assert.equal(asked(place), 1);
    assert.deepEqual(await heldOf(place), ['vendor-quota']);
    place.sandbox.faults.set('healthsage', 'quota', 0);
    await retry(place, notes[0]);
    for (const note of notes) {
      await taskWhen(place, note);
    }
    assert.equal(billed(place), 3);
    assert.deepEqual(await heldOf(place), []);
  });

  test('whose task ends as FAILURE is submitted once more', async () => {
    const place = whole().place('failure');
    place.sandbox.faults.set('healthsage', 'failure');
    const note = await placeNote(place, { text: TEXT });
    await assertOneSet(place, note, await taskWhen(place, note));
    assert.equal(asked(place), 2);
  });

  test('of which a part fails twice says which part is missing', async () => {
    const place = whole().place('missing');
    place.sandbox.faults.set('healthsage', 'failure');
    const note = await placeNote(place, { text: TWO_PARTS });
    await until('both parts submitted', () => asked(place) === 2);
    place.sandbox.faults.set('healthsage', 'failure');
    const outputs = await outputsOf(place, await taskWhen(place, note));
    assert.equal(asked(place), 3);
    assert.deepEqual(
      ofType(outputs, 'Condition').map(({ code }) => code?.coding?.[0]?.code),
      ['195967001'],
    );
    const [report] = ofType(outputs, 'DiagnosticReport');
    assert.match(report?.conclusion ?? '', /^Incomplete: part 1 of 2 \(characters 1 to \d+\)/);
    assert.match(report?.text?.div ?? '', /Incomplete.*part 1 of 2/s);
  });

  test('that may have been taken is sent once more, and the doubt stands on its timeline', async () => {
    const place = whole().place('doubt');
    place.sandbox.faults.set('healthsage', 'accepted-then-500');
    const note = await placeNote(place, { text: TEXT });
    await assertOneSet(place, note, await taskWhen(place, note));
    assert.equal(billed(place), 2);
    const order = await orderOf(place, note);
    assert.equal(order?.timeline.filter(({ event }) => event === 'effect-unknown').length, 1);
    assert.deepEqual(
      order?.calls.map(({ state, attempts, doubts }) => ({ state, attempts, doubts })),
      [{ state: 'answered', attempts: 2, doubts: 1 }],
    );
    assert.equal((await ordersOf(place)).length, 1);
  });
});
