/** Hemato.AI's callbacks: a true one ends the wait, and no other kind of it changes what polling would have found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCallbackTokens } from '../../src/orders/callback-token.ts';
import { find, type OrderPage, ofType, orderOf, outputsOf, type PlacedNote, taskWhen } from '../support/clinic.ts';
import { billsOf, inlinePicture, newPatient, orderPictures, picture, placeMedia } from '../support/pictures.ts';
import { until } from '../support/until.ts';
import { onEveryWhole, type Place } from '../support/whole.ts';

/** Seconds after which an order is looked at where nobody calls, and what a machine with much to do may add to two. */
const POLL = 5;
const WELL_BEFORE = 4.5;

/** Nothing is drawn: that costs time, and is looked at elsewhere. */
const site = { manner: 'medplum', hemato: { heatMaps: false } } as const;
const SITES = { true: site, duplicate: site, late: site, missing: site, forged: site, stranger: site } as const;

interface Placed {
  order: PlacedNote;
  clean: Uint8Array;
}

async function placeOrder(place: Place): Promise<Placed> {
  const patient = await newPatient(place);
  const { bytes, clean } = await picture();
  return {
    order: await orderPictures(place, patient, [await placeMedia(place, patient, inlinePicture(bytes))]),
    clean,
  };
}

/** Seconds from the request of the analysis to the first question after it, by the vendor's ledger. */
function waited(place: Place): number {
  const calls = place.sandbox.ledger.read().hemato?.calls ?? [];
  const at = (endpoint: string) => Date.parse(calls.find((call) => call.endpoint === endpoint)?.at ?? '');
  return (at('GET /pbs/{id}/status') - at('POST /pbs/{id}/tasks')) / 1000;
}

/** One set of results and one bill, however the end was heard of; gives the order's page. */
async function assertDone(place: Place, { order, clean }: Placed): Promise<OrderPage> {
  const outputs = await outputsOf(place, await taskWhen(place, order));
  assert.equal(ofType(outputs, 'DiagnosticReport').length, 1);
  assert.equal((await find(place, 'DiagnosticReport', `subject=${order.patient}`)).length, 1);
  assert.deepEqual(billsOf(place, 'hemato', [clean]), { received: 1, bills: 1 });
  return (await orderOf(place, order)) ?? assert.fail('There is no order');
}

const callbacksIn = ({ timeline }: OrderPage): number => timeline.filter(({ event }) => event === 'callback').length;

async function outcomes(place: Place): Promise<string[]> {
  const text = await (await fetch(`${place.whole.url}/metrics`)).text();
  const counted = /^fhir_ai_adapter_callbacks_total\{site="([^"]+)",vendor="hemato",outcome="([^"]+)"\} (\d+)$/gm;
  return [...text.matchAll(counted)].flatMap(([, where, outcome, count]) =>
    where === place.name ? [`${outcome} ${count}`] : [],
  );
}

onEveryWhole('a callback of Hemato.AI', SITES, (whole) => {
  test('ends the wait early', async () => {
    const place = whole().place('true');
    const page = await assertDone(place, await placeOrder(place));
    assert.ok(waited(place) < WELL_BEFORE, `it waited ${waited(place)} s`);
    assert.equal(callbacksIn(page), 1);
    assert.deepEqual(await outcomes(place), ['woken 1']);
  });

  for (const kind of ['duplicate', 'late'] as const) {
    test(`that comes ${kind} is followed once`, async () => {
      const place = whole().place(kind);
      place.sandbox.faults.set('hemato', `callback-${kind}`);
      const page = await assertDone(place, await placeOrder(place));
      assert.ok(waited(place) < WELL_BEFORE, `it waited ${waited(place)} s`);
      assert.equal(callbacksIn(page), 1);
    });
  }

  test('that never comes is not needed', async () => {
    const place = whole().place('missing');
    place.sandbox.faults.set('hemato', 'callback-missing');
    const page = await assertDone(place, await placeOrder(place));
    assert.ok(waited(place) >= POLL - 0.1, `it waited ${waited(place)} s`);
    assert.equal(callbacksIn(page), 0);
  });

  test('that names another study has nobody look', async () => {
    const place = whole().place('forged');
    place.sandbox.faults.set('hemato', 'callback-forged');
    const page = await assertDone(place, await placeOrder(place));
    assert.ok(waited(place) >= POLL - 0.1, `it waited ${waited(place)} s`);
    assert.equal(callbacksIn(page), 0);
    assert.deepEqual(await outcomes(place), ['other-job 1']);
  });

  test('that somebody else has made up is refused', async () => {
    const place = whole().place('stranger');
    place.sandbox.faults.set('hemato', 'callback-missing');
    const placed = await placeOrder(place);
    const waiting = await until('it waits at the vendor', async () => {
      const asked = billsOf(place, 'hemato', [placed.clean]).bills === 1;
      return asked ? orderOf(place, placed.order) : undefined;
    });
    const address = { site: place.name, vendor: 'hemato', publicId: waiting.id, run: 1 };
    const forged = openCallbackTokens(['another-signing-key-1'], () => new Date()).sign(address);
    const answer = await fetch(`${place.whole.url}/callbacks/${place.name}/hemato/${forged}`, {
      method: 'POST',
      body: JSON.stringify({ report_status: 'ready', progress: 1 }),
    });
    assert.equal(answer.status, 404);
    const page = await assertDone(place, placed);
    assert.ok(waited(place) >= POLL - 0.1, `it waited ${waited(place)} s`);
    assert.equal(callbacksIn(page), 0);
  });
});
