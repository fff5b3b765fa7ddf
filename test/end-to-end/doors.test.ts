/** The adapter's doors from outside: who is let in, what is said, and that two sites know nothing of each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sign } from '../../src/subscriptions/authenticate.ts';
import {
  api,
  billed,
  call,
  keyOf,
  ordersOf,
  outputsOf,
  placeNote,
  type Reply,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { onOneWhole, type Place } from '../support/whole.ts';

const LIMIT = 31_457_280;

const bearer = ({ secret }: Place) => ({ Authorization: `Bearer ${secret}` });

function assertOutcome(reply: Reply, status: number, severity: string): void {
  assert.equal(reply.status, status);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/fhir\+json/);
  assert.equal(reply.json.resourceType, 'OperationOutcome');
  assert.equal(reply.json.issue[0].severity, severity);
}

/** A DocumentReference of exactly so many bytes, that no EHR has. */
function noteOf(bytes: number): Uint8Array {
  const note = (data: string) =>
    JSON.stringify({
      resourceType: 'DocumentReference',
      id: 'far-too-long',
      meta: { versionId: '1', lastUpdated: '2026-11-19T14:40:00Z' },
      status: 'current',
      type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
      content: [{ attachment: { contentType: 'text/plain', data } }],
    });
  return new TextEncoder().encode(note('A'.repeat(bytes - note('').length)));
}

/** How many notifications of a site were counted, by what became of them. */
async function counted(place: Place): Promise<Record<string, number>> {
  const text = await (await fetch(`${place.whole.url}/metrics`)).text();
  const lines = text.matchAll(/^fhir_ai_adapter_notifications_total\{site="([^"]+)",outcome="([^"]+)"\} (\d+)$/gm);
  const mine = [...lines].filter(([, site]) => site === place.name);
  return Object.fromEntries(mine.map(([, , outcome = '', count]) => [outcome, Number(count)]));
}

const SITES = {
  closed: { manner: 'hapi', on: '&category=nothing' },
  open: { manner: 'hapi', on: '&category=nothing' },
  north: { manner: 'hapi' },
  south: { manner: 'hapi' },
} as const;

onOneWhole(
  'the doors',
  SITES,
  (whole) => {
    test('a notification without the right secret is 401, and nothing is stored', async () => {
      const place = whole().place('closed');
      const south = whole().place('south');
      const body = JSON.stringify({ resourceType: 'DocumentReference', id: 'x' });
      const secrets: Record<string, string>[] = [
        {},
        { Authorization: 'Bearer wrong-secret-of-ours' },
        { Authorization: `Bearer ${south.secret}` },
        { 'X-Signature': sign(south.secret, Buffer.from(body)) },
        { 'X-Signature': sign(place.secret, Buffer.from('{}')) },
      ];
      for (const headers of secrets) {
        assertOutcome(await call('POST', place.notifyUrl, body, headers), 401, 'error');
        assertOutcome(await call('PUT', `${place.notifyUrl}/DocumentReference/x`, body, headers), 401, 'error');
      }
      assert.deepEqual(await counted(place), { 'refused 401': 10 });
      assert.deepEqual(await ordersOf(place), []);
    });

    test('a site that is not there is 404, a method that means nothing 405', async () => {
      const place = whole().place('open');
      assertOutcome(await call('POST', `${whole().url}/notify/nowhere`, '{}', bearer(place)), 404, 'error');
      assertOutcome(await call('PUT', `${whole().url}/notify/nowhere/Patient/1`, '{}', bearer(place)), 404, 'error');
      assertOutcome(await call('GET', place.notifyUrl, undefined, bearer(place)), 405, 'error');
    });

    test('POST, PUT, DELETE and an empty POST are taken and answered as servers want it', async () => {
      const place = whole().place('open');
      const resource = { resourceType: 'Patient', id: 'p1' };
      const path = `${place.notifyUrl}/Patient/p1`;
      assertOutcome(await call('PUT', path, resource, bearer(place)), 200, 'information');
      assertOutcome(await call('POST', path, resource, bearer(place)), 200, 'information');
      assertOutcome(await call('DELETE', path, undefined, bearer(place)), 200, 'information');
      assertOutcome(await call('POST', place.notifyUrl, undefined, bearer(place)), 200, 'information');
      const bundle = { resourceType: 'Bundle', type: 'history', entry: [] };
      const answered = await call('POST', place.notifyUrl, bundle, bearer(place));
      assert.equal(answered.status, 200);
      assert.equal(answered.json.resourceType, 'Bundle');
    });

    test('it is alive, ready, and tells its figures', async () => {
      const { url } = whole();
      assert.deepEqual((await call('GET', `${url}/healthz`)).json, { status: 'alive' });
      const ready = await until('every site told', async () => {
        const { status, json } = await call('GET', `${url}/readyz`);
        assert.equal(status, 200);
        return Object.keys(json.sites).length === Object.keys(SITES).length ? json : undefined;
      });
      assert.equal(ready.status, 'ready');
      for (const site of Object.values<{ subscriptions: string }>(ready.sites)) {
        assert.match(site.subscriptions, /^(ok|unknown)$/);
      }
      assert.deepEqual(ready.held, []);
      const metrics = await fetch(`${url}/metrics`);
      assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain/);
      assert.match(await metrics.text(), /^fhir_ai_adapter_database_up 1$/m);
    });

    test("one note's id at two sites makes two orders, each at its own EHR with its own credentials", async () => {
      const places = [whole().place('north'), whole().place('south')];
      const texts = {
        north: 'Assessment\nEssential hypertension since 2009.',
        south: 'Assessment\nAsthma since 1999.',
      };
      const placed = await Promise.all(
        places.map(async (place) => {
          const text = place.name === 'north' ? texts.north : texts.south;
          return { place, note: await placeNote(place, { id: 'same-note', text }) };
        }),
      );
      for (const { place, note } of placed) {
        const task = await taskWhen(place, note);
        assert.deepEqual(
          (await ordersOf(place)).map(({ key }) => key),
          [keyOf(place, note)],
        );
        assert.equal((await tasksOf(place, note)).length, 1);
        const said = JSON.stringify(await outputsOf(place, task));
        assert.equal(/hypertension/i.test(said), place.name === 'north');
        assert.equal(/asthma/i.test(said), place.name === 'south');
        assert.equal(billed(place), 1);
        for (const { name } of places) {
          const usage = await call('GET', `${place.sandbox.url}/healthsage/auth/usage`, undefined, {
            'X-API-Key': `sandbox-${name}`,
          });
          assert.equal(usage.json.tokens_used > 0, name === place.name, JSON.stringify(usage.json));
        }
      }
      const everything = (await api(places[0] ?? whole().place('north'), 'GET', '/orders')).json;
      assert.ok(everything.orders.every((one: { key: string; site: string }) => one.key.startsWith(`${one.site}/`)));
    });

    test('a body over the limit is 413, one of 31,000,000 bytes is taken', { timeout: 30_000 }, async () => {
      const place = whole().place('open');
      const over = noteOf(LIMIT + 1);
      assert.equal(over.length, 31_457_281);
      assertOutcome(await call('POST', place.notifyUrl, over, bearer(place)), 413, 'error');
      const large = noteOf(31_000_000);
      const reply = await call('PUT', `${place.notifyUrl}/DocumentReference/far-too-long`, large, bearer(place));
      assertOutcome(reply, 200, 'information');
    });
  },
  { concurrency: false },
);
