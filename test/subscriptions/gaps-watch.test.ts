/** Lost notifications of a topic server, against the sandbox EHR and small stand-ins: noticed, asked for, or swept for. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Bundle, DocumentReference, Resource, Subscription } from '@medplum/fhirtypes';
import { configSchema } from '../../src/config/schema.ts';
import { AdapterError } from '../../src/errors.ts';
import { openFhirClient } from '../../src/fhir/client.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { type LogFields, silentLog } from '../../src/log.ts';
import { startDrain } from '../../src/subscriptions/drain.ts';
import { STRAGGLERS } from '../../src/subscriptions/gaps/hear.ts';
import { parseState } from '../../src/subscriptions/gaps/state.ts';
import { type GapsOptions, startGaps } from '../../src/subscriptions/gaps/watch.ts';
import { serveEhr, serveEndpoint } from '../sandbox/serve-ehr.ts';
import { memoryNotifications } from '../support/memory-notifications.ts';
import { fakeClient, freeLeases, memoryCursors, note, notification, siteConfig, until } from './doubles.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const TOPIC = 'http://sandbox.example/fhir/SubscriptionTopic/DocumentReference-changed';
const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

interface Wish extends Partial<GapsOptions> {
  subscriptions?: object;
  client?: FhirClient;
}

function rig(t: TestContext, { subscriptions = {}, client = fakeClient(new Map()), ...more }: Wish = {}) {
  const clock = { ms: START };
  const now = () => new Date(clock.ms);
  const store = memoryNotifications({ now });
  const sweeps: string[] = [];
  const looks: string[] = [];
  const warned: LogFields[] = [];
  const found: string[] = [];
  const cursors = more.cursors ?? memoryCursors();
  const site = { config: siteConfig({ dialect: 'backport', ...subscriptions }), client };
  const log = { ...silentLog, warn: (fields: LogFields) => void warned.push(fields) };
  const sites = new Map([['general', site]]);
  const gaps = startGaps({
    ...{ sites, cursors, store, log, now },
    leases: freeLeases(),
    requestSweep: (name) => void sweeps.push(name),
    look: (name) => void looks.push(name),
    every: 0,
    patience: 0,
    ...more,
  });
  const drain = startDrain({
    ...{ store, sites, log: silentLog, now, gaps, pollEvery: 5 },
    admit: async ({ id }) => {
      found.push(id);
      return { orders: 1, told: 0 };
    },
    requestSweep: (name) => void sweeps.push(name),
  });
  t.after(async () => {
    await drain.stop();
    await gaps.stop();
  });
  const idle = () => until(() => store.rows.every(({ state }) => state !== 'waiting'));
  const come = async (...bodies: object[]) => {
    for (const json of bodies) {
      await store.insert([notification({ json })]);
      await idle();
    }
  };
  const stateOf = async (id: string) => parseState(await cursors.get('general', `gaps:${id}`));
  return { gaps, clock, store, cursors, sweeps, looks, warned, found, come, idle, stateOf };
}

/** A notification of one event, or of none. */
function bundle(total: number | string, focus?: string, type = 'event-notification', number = total): Bundle {
  const at = `2026-03-01T12:00:00.${String(number).padStart(3, '0')}Z`;
  return {
    resourceType: 'Bundle',
    type: 'history',
    entry: [
      {
        resource: {
          resourceType: 'Parameters',
          parameter: [
            { name: 'subscription', valueReference: { reference: 'Subscription/s1' } },
            { name: 'status', valueCode: 'active' },
            { name: 'type', valueCode: type },
            { name: 'events-since-subscription-start', valueString: String(total) },
            ...(focus
              ? [
                  {
                    name: 'notification-event',
                    part: [
                      { name: 'event-number', valueString: String(number) },
                      { name: 'timestamp', valueInstant: at },
                      { name: 'focus', valueReference: { reference: focus } },
                    ],
                  },
                ]
              : []),
          ],
        },
        request: { method: 'GET', url: 'Subscription/s1/$status' },
        response: { status: '200' },
      },
    ],
  };
}
const event = (number: number) => bundle(number, `DocumentReference/n${number}`);
const heartbeat = (total: number) => bundle(total, undefined, 'heartbeat');
const notes = (...numbers: number[]) =>
  new Map<string, Resource>(numbers.map((number) => [`DocumentReference/n${number}`, note(`n${number}`)]));

test('the sandbox EHR’s lost notifications are fetched by number, and their orders found', async (t) => {
  const ehr = await serveEhr(t, { manner: 'backport' });
  const endpoint = await serveEndpoint(t);
  const { fhir } = configSchema.shape.sites.element.shape;
  const client = openFhirClient({ site: 'general', config: fhir.parse({ baseUrl: ehr.base }), log: silentLog });
  t.after(() => client.close());
  const created = await ehr.call('POST', '/Subscription', {
    resourceType: 'Subscription',
    meta: { profile: [`${BACKPORT}/backport-subscription`] },
    status: 'requested',
    reason: 'test',
    criteria: TOPIC,
    channel: {
      type: 'rest-hook',
      endpoint: endpoint.url,
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'id-only' }] },
    },
  });
  assert.equal(created.status, 201, created.text);
  await until(() => endpoint.received.length === 1);
  const write = async () => {
    const { id: _id, meta: _meta, ...content } = note('x');
    const { json } = await ehr.call('POST', '/DocumentReference', content satisfies Omit<DocumentReference, 'id'>);
    const before = endpoint.received.length;
    await until(
      () => endpoint.received.some(({ body }) => body.includes(json.id)) || endpoint.received.length > before,
    );
    return String(json.id);
  };
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    ids.push(await write());
  }
  await until(() => endpoint.received.length === 6);
  const { gaps, clock, come, idle, found, sweeps, stateOf } = rig(t, { client });
  const bodies: object[] = endpoint.received.map(({ body }) => JSON.parse(body));
  // The third and the fourth get lost.
  await come(...[0, 1, 2, 5].flatMap((index) => bodies[index] ?? []));
  assert.deepEqual(found, [ids[0], ids[1], ids[4]]);
  await gaps.check();
  assert.equal(found.length, 3, 'stragglers have their time');
  clock.ms += STRAGGLERS;
  await gaps.check();
  await idle();
  assert.deepEqual(new Set(found), new Set(ids));
  assert.deepEqual(sweeps, []);
  assert.equal((await stateOf(created.json.id))?.upTo, 5n);
  const settled = found.length;
  clock.ms += 1e7;
  await gaps.check();
  await idle();
  assert.equal(found.length, settled, 'nothing is recovered for ever');
});

test('where a server has no $events, the sweep looks, and the server is not asked again', async (t) => {
  const asked: string[] = [];
  const search = async (query: string): Promise<Bundle> => {
    asked.push(query);
    throw new AdapterError('ehr-rejected', 'no such operation', { status: 404 });
  };
  const { gaps, clock, come, sweeps } = rig(t, { client: fakeClient(notes(1, 3, 5), { search }) });
  for (const [numbers, expected] of [
    [[1, 3], 1],
    [[5], 2],
  ] as const) {
    await come(...numbers.map(event));
    clock.ms += STRAGGLERS;
    await gaps.check();
    await gaps.check();
    assert.equal(sweeps.length, expected);
  }
  assert.deepEqual(asked, ['Subscription/s1/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=id-only']);
});

test('an answer that does not hold all that is missing is used, and the sweep looks for the rest', async (t) => {
  const search = async (): Promise<Bundle> => bundle(4, 'DocumentReference/n2', 'query-event', 2);
  const { gaps, clock, come, idle, sweeps, found } = rig(t, { client: fakeClient(notes(1, 2, 4), { search }) });
  await come(event(1), event(4));
  clock.ms += STRAGGLERS;
  await gaps.check();
  await idle();
  assert.deepEqual([found, sweeps], [['n1', 'n4', 'n2'], ['general']]);
});

test('a server that is down keeps the gap open until it can be asked', async (t) => {
  let down = true;
  const search = async (): Promise<Bundle> => {
    if (down) {
      throw new AdapterError('ehr-unreachable', 'down');
    }
    return bundle(3, 'DocumentReference/n2', 'query-event', 2);
  };
  const { gaps, clock, come, idle, found } = rig(t, { client: fakeClient(notes(1, 2, 3), { search }) });
  await come(event(1), event(3));
  clock.ms += STRAGGLERS;
  await gaps.check();
  down = false;
  await gaps.check();
  assert.equal(found.includes('n2'), false, 'not at every look');
  clock.ms += 60_000;
  await gaps.check();
  await idle();
  assert.equal(found.includes('n2'), true);
});

test('a restart forgets no gap', async (t) => {
  const search = async (): Promise<Bundle> => bundle(3, 'DocumentReference/n2', 'query-event', 2);
  const client = fakeClient(notes(1, 2, 3), { search });
  const before = rig(t, { client });
  await before.come(event(1), event(3));
  await before.gaps.stop();
  const after = rig(t, { client, cursors: before.cursors });
  after.clock.ms += STRAGGLERS;
  await after.gaps.check();
  await after.idle();
  assert.deepEqual(after.found, ['n2']);
});

test('a counter that begins anew makes the sweep look', async (t) => {
  const { come, sweeps, stateOf } = rig(t, { client: fakeClient(notes(1, 2, 7)) });
  await come(event(1), event(2), bundle(1, 'DocumentReference/n7'));
  assert.deepEqual([sweeps, (await stateOf('s1'))?.upTo], [['general'], 1n]);
});

test('numbers that cannot be trusted are left alone, said once; `ignore` never looks at them, `trust` always', async (t) => {
  const anew = Array.from({ length: 8 }, (_, index) => bundle('0', `DocumentReference/n${index}`));
  const client = fakeClient(notes(0, 1, 2, 3, 4, 5, 6, 7));
  const auto = rig(t, { client });
  await auto.come(...anew);
  assert.equal(auto.warned.filter(({ status }) => status === 'its event numbers stand still').length, 1);
  assert.ok(auto.sweeps.length > 0 && auto.sweeps.length <= 3);
  const ignore = rig(t, { client, subscriptions: { eventNumbers: 'ignore' } });
  await ignore.come(...anew);
  assert.deepEqual([ignore.sweeps, await ignore.stateOf('s1')], [[], undefined]);
  const trust = rig(t, { client, subscriptions: { eventNumbers: 'trust' } });
  await trust.come(...anew);
  assert.deepEqual([trust.warned, trust.sweeps.length], [[], 8]);
});

test('a silent Subscription is asked how it stands: what it lost is recovered, one that is off is looked at', async (t) => {
  let answer: () => Bundle = () => bundle(2, undefined, 'query-status');
  const asked: string[] = [];
  const search = async (query: string): Promise<Bundle> => {
    asked.push(query);
    return query.endsWith('$status') ? answer() : bundle(2, 'DocumentReference/n2', 'query-event', 2);
  };
  const { gaps, clock, come, idle, found, looks, sweeps } = rig(t, {
    subscriptions: { heartbeat: 60 },
    client: fakeClient(notes(1, 2), { search }),
  });
  await come(event(1), heartbeat(1));
  clock.ms += 110_000;
  await gaps.check();
  assert.equal(asked.length, 0);
  clock.ms += 20_000;
  await gaps.check();
  await gaps.check();
  await idle();
  assert.deepEqual([found, asked.filter((query) => query.endsWith('$status')).length], [['n1', 'n2'], 1]);
  assert.deepEqual([looks, sweeps], [[], []]);
  const off = JSON.stringify(bundle(2, undefined, 'query-status')).replace('"active"', '"off"');
  answer = () => JSON.parse(off);
  clock.ms += 130_000;
  await gaps.check();
  assert.deepEqual([looks, sweeps], [['general'], ['general']]);
});

test('a Subscription that is gone is forgotten, and one without $status is read', async (t) => {
  const search = async (): Promise<Bundle> => {
    throw new AdapterError('ehr-rejected', 'no such operation', { status: 404 });
  };
  const wish = { subscriptions: { heartbeat: 60, eventNumbers: 'ignore' } };
  const gone = rig(t, { ...wish, client: fakeClient(notes(1), { search }) });
  await gone.come(event(1));
  gone.clock.ms += 130_000;
  await gone.gaps.check();
  assert.deepEqual([gone.looks, await gone.stateOf('s1')], [['general'], undefined]);
  const standing: Subscription = {
    ...{ resourceType: 'Subscription', id: 's1', status: 'error', criteria: 'x', reason: 'x' },
    channel: { type: 'rest-hook' },
  };
  const resources = new Map<string, Resource>([...notes(1), ['Subscription/s1', standing]]);
  const read = rig(t, { ...wish, client: fakeClient(resources, { search }) });
  await read.come(event(1));
  read.clock.ms += 130_000;
  await read.gaps.check();
  assert.deepEqual([read.looks, read.sweeps], [['general'], ['general']]);
});

test('numbers that cannot be kept make the sweep look', async (t) => {
  const cursors = memoryCursors();
  cursors.set = async () => {
    throw new AdapterError('database-unavailable', 'down');
  };
  const down = rig(t, { client: fakeClient(notes(1)), cursors });
  await down.come(event(1));
  assert.deepEqual([down.sweeps, down.found], [['general'], ['n1']]);
  const busy = rig(t, { client: fakeClient(notes(1)), leases: freeLeases(new Set(['gaps:general'])) });
  await busy.come(event(1));
  assert.deepEqual([busy.sweeps, busy.found], [['general'], ['n1']]);
});
