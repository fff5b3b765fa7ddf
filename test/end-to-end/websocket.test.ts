/** A site whose FHIR server cannot reach us: news come over a WebSocket, and what they do not tell of, by sweeps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billed, call, keyOf, ordersOf, outputsOf, placeNote, tasksOf, taskWhen } from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { onOneWhole, type Place } from '../support/whole.ts';

const TEXT = 'Assessment\nType 2 diabetes mellitus since 2014. Essential hypertension. Headache today.\n';

async function words(place: Place): Promise<string> {
  return (await call('GET', `${place.whole.url}/readyz`)).json.sites[place.name].subscriptions;
}

/** How many events the adapter has stored. */
async function stored({ whole, name }: Place): Promise<number> {
  const text = await (await fetch(`${whole.url}/metrics`)).text();
  const line = new RegExp(`^fhir_ai_adapter_notifications_total\\{site="${name}",outcome="stored"\\} (\\d+)$`, 'm');
  return Number(line.exec(text)?.[1] ?? 0);
}

onOneWhole(
  'a site that no server can reach from outside',
  { ward: { manner: 'medplum', channel: 'websocket' } },
  (whole) => {
    test('a note that comes over the WebSocket has its results in the EHR, once', async () => {
      const place = whole().place('ward');
      const before = billed(place);
      await until('open', async () => (await words(place)) === 'WebSocket: open');
      const events = await stored(place);
      const note = await placeNote(place, { text: TEXT });
      const task = await taskWhen(place, note);
      assert.ok((await stored(place)) > events, 'nothing came over the WebSocket');
      assert.equal((await outputsOf(place, task)).length, 4);
      assert.equal((await tasksOf(place, note)).length, 1);
      assert.equal((await ordersOf(place)).filter(({ key }) => key === keyOf(place, note)).length, 1);
      assert.equal(billed(place), before + 1);
      assert.equal(place.sandbox.ehr.deliveries().length, 0);
    });

    test('a note placed as the socket breaks is found by the catch-up, once', async () => {
      const place = whole().place('ward');
      await until('bound', () => place.sandbox.ehr.webSockets.count().bound === 1);
      const tokens = place.sandbox.ehr.webSockets.tokens();
      place.sandbox.faults.set('ehr', 'websocket-dropped');
      const note = await placeNote(place, { text: TEXT });
      await taskWhen(place, note);
      assert.ok(place.sandbox.ehr.webSockets.tokens() > tokens, 'the socket did not break');
      assert.equal((await tasksOf(place, note)).length, 1);
      await until('open', async () => (await words(place)) === 'WebSocket: open');
    });

    test('a feature that is switched off is said in words', async () => {
      const place = whole().place('ward');
      const { webSockets } = place.sandbox.ehr;
      webSockets.enable(false);
      webSockets.drop();
      await until('words', async () => /feature "websocket-subscriptions"/.test(await words(place)));
    });
  },
  { concurrency: false },
);
