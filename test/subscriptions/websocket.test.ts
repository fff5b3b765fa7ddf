import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DocumentReference } from '@medplum/fhirtypes';
import type { EhrOptions } from '../../sandbox/ehr/types.ts';
import { configSchema } from '../../src/config/schema.ts';
import { AdapterError } from '../../src/errors.ts';
import { openFhirClient } from '../../src/fhir/client.ts';
import { openLog, silentLog } from '../../src/log.ts';
import type { Cursors, Leases } from '../../src/orders/types.ts';
import { readNotification } from '../../src/subscriptions/dialects/index.ts';
import { startWebSockets, type WebSocketsOptions } from '../../src/subscriptions/websocket/websockets.ts';
import { faultsOf, serveEhr } from '../sandbox/serve-ehr.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryNotifications } from '../support/memory-notifications.ts';
import { freeLeases, memoryCursors, until } from './doubles.ts';

const NOTE: DocumentReference = {
  resourceType: 'DocumentReference',
  status: 'current',
  type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
  content: [{ attachment: { contentType: 'text/plain', data: 'SGVsbG8=' } }],
};
const ROUTES = [
  { id: 'notes', on: 'DocumentReference?status=current&type=http://loinc.org|11506-3', vendor: 'healthsage' },
  { id: 'smears', on: 'ServiceRequest?status=active&code=http://loinc.org|32700-7', vendor: 'hemato' },
];

interface Wish extends Partial<WebSocketsOptions> {
  ehr?: Partial<EhrOptions>;
  subscriptions?: object;
  before?: () => void;
}

/** An EHR in Medplum's manner, and one adapter's WebSockets to it; time is the clock's, the wire is real. */
async function rig(t: TestContext, wish: Wish = {}) {
  const { ehr: ehrOptions, subscriptions, before, ...options } = wish;
  const clock = fakeClock();
  const faults = faultsOf();
  const served = await serveEhr(t, { faults, now: clock.now, ...ehrOptions });
  const [config] = configSchema.parse({
    sites: [
      {
        name: 'general',
        fhir: { baseUrl: served.base },
        subscriptions: { channel: 'websocket', secret: 'unused-secret', ...subscriptions },
        routes: ROUTES,
      },
    ],
  }).sites;
  assert.ok(config);
  const client = openFhirClient({ site: 'general', config: config.fhir, log: silentLog, now: clock.now });
  // Node's HTTP server dates its answers by the real clock.
  const dated = { ...client, serverTime: async () => clock.now() };
  const store = memoryNotifications({ now: clock.now, ...(before && { before: () => before() }) });
  const sweeps: string[] = [];
  const pauses: number[] = [];
  const start = (more: Partial<WebSocketsOptions> = {}) => {
    const webSockets = startWebSockets({
      sites: new Map([['general', { config, client: dated }]]),
      publicUrl: undefined,
      store,
      cursors: memoryCursors(),
      leases: freeLeases(),
      log: silentLog,
      now: clock.now,
      requestSweep: (site) => void sweeps.push(site),
      bodyLimit: 100_000,
      timings: { tick: 3, patience: 1000 },
      wait: async (seconds) => {
        pauses.push(seconds);
        await new Promise((resolve) => setTimeout(resolve, 3));
      },
      ...options,
      ...more,
    });
    t.after(() => webSockets.stop());
    return webSockets;
  };
  const webSockets = start();
  t.after(() => client.close());
  const isOpen = () => webSockets.isOpen('general') && served.ehr.webSockets.count().bound === 2;
  return { ...served, sockets: served.ehr.webSockets, clock, faults, store, sweeps, pauses, webSockets, start, isOpen };
}

test('every search of the routes is bound to one socket, and its opening asks for a sweep', async (t) => {
  const { isOpen, sockets, sweeps, webSockets, ehr } = await rig(t);
  await until(isOpen);
  assert.deepEqual(sockets.count(), { sockets: 1, bound: 2 });
  assert.deepEqual(sweeps, ['general']);
  assert.equal(webSockets.describe('general'), 'WebSocket: open');
  assert.equal((await ehr.search('Subscription')).entry?.length ?? 0, 0);
});

test('an event is stored as it came and gives a hint that has to be read again, its delete too', async (t) => {
  const { isOpen, ehr, store } = await rig(t);
  await until(isOpen);
  const { id } = await ehr.create(NOTE);
  await until(() => store.rows.length === 1);
  const reading = readNotification('auto', store.rows[0] ?? assert.fail());
  assert.ok('hints' in reading);
  const version = (await ehr.read('DocumentReference', id))?.meta?.versionId;
  const hint = { type: 'DocumentReference', id, interaction: 'unknown', mayBeGone: true, version };
  assert.deepEqual(reading.hints, [hint]);
  await store.done(store.rows[0]?.id ?? '', 'admitted');
  await ehr.remove('DocumentReference', id);
  await until(() => store.rows.length === 2);
  const gone = readNotification('medplum', store.rows[1] ?? assert.fail());
  assert.ok('hints' in gone && gone.hints[0]?.resource === undefined && gone.hints[0]?.mayBeGone);
});

test('a socket that breaks is opened again, and what was missed is swept for', async (t) => {
  const { isOpen, sockets, sweeps, store, ehr } = await rig(t);
  await until(isOpen);
  sockets.drop();
  await until(() => sweeps.length === 3);
  await until(isOpen);
  await ehr.create(NOTE);
  await until(() => store.rows.length === 1);
});

test('a socket on which no pong comes counts as dead', async (t) => {
  const { isOpen, sockets, sweeps, clock } = await rig(t, { timings: { tick: 3, patience: 100 } });
  await until(isOpen);
  sockets.freeze(true);
  clock.advance(6);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(sweeps.length, 1);
  clock.advance(11);
  await until(() => sweeps.length === 2);
  sockets.freeze(false);
  await until(() => sweeps.length === 3);
  await until(isOpen);
});

test('a binding is renewed before its token ends, on the same socket and without a gap', async (t) => {
  const { isOpen, sockets, sweeps, clock, ehr, store } = await rig(t);
  await until(isOpen);
  assert.equal(sockets.tokens(), 2);
  for (const renewals of [1, 2]) {
    clock.advance(50 * 60);
    await until(() => sockets.tokens() === 2 + renewals * 2);
    // The answers to the renewed bindings are on their way.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await ehr.create(NOTE);
    await until(() => store.rows.length === renewals && isOpen());
  }
  assert.deepEqual(sockets.count(), { sockets: 1, bound: 2 });
  assert.deepEqual(sweeps, ['general']);
});

test('a renewal that fails is tried again; one that is refused leads to new Subscriptions', async (t) => {
  const { isOpen, sockets, sweeps, clock } = await rig(t);
  await until(isOpen);
  sockets.enable(false);
  clock.advance(50 * 60);
  await until(() => sockets.count().sockets === 0);
  sockets.enable(true);
  await until(isOpen);
  assert.ok(sweeps.length >= 3);
});

test('a heartbeat that does not name our Subscriptions means that they are forgotten', async (t) => {
  const { isOpen, sockets, sweeps } = await rig(t);
  await until(isOpen);
  sockets.heartbeat();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(sweeps.length, 1);
  const status = {
    resourceType: 'SubscriptionStatus',
    type: 'heartbeat',
    subscription: { reference: 'Subscription/x' },
  };
  sockets.send(JSON.stringify({ resourceType: 'Bundle', type: 'history', entry: [{ resource: status }] }));
  await until(() => sweeps.length === 3);
  await until(isOpen);
});

test('a server whose feature is off is said in words, asked again seldom, and used as soon as it is on', async (t) => {
  const lines: string[] = [];
  const log = openLog('info', { write: (line) => void lines.push(line) });
  const { sockets, pauses, webSockets, isOpen, sweeps } = await rig(t, { log, random: () => 0.5 });
  await until(isOpen);
  sockets.enable(false);
  sockets.drop();
  await until(() => /feature "websocket-subscriptions"/.test(webSockets.describe('general') ?? ''));
  assert.equal(webSockets.isOpen('general'), false);
  await until(() => pauses.includes(225));
  assert.ok(lines.some((line) => line.includes('websocket-subscriptions')));
  const before = sweeps.length;
  sockets.enable(true);
  await until(isOpen);
  assert.equal(sweeps.length, before + 1);
});

test('odd frames end nothing, are kept or swept for, and do not have us sweep all the time', async (t) => {
  const { isOpen, faults, store, sweeps, sockets, ehr } = await rig(t, {
    wait: () => new Promise((resolve) => setTimeout(resolve, 5000).unref()),
  });
  await until(isOpen);
  faults.set('websocket-odd-frames');
  await ehr.create(NOTE);
  await until(() => store.rows.some(({ path }) => path.startsWith('/DocumentReference/')));
  for (let times = 0; times < 50; times += 1) {
    sockets.send('tea');
  }
  sockets.send('{"resourceType":"OperationOutcome"}');
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(sockets.count(), { sockets: 1, bound: 2 });
  assert.deepEqual(sweeps, ['general', 'general']);
  const asides = store.rows.filter(({ path }) => path === '').map((row) => readNotification('auto', row));
  assert.equal(asides.length, 2);
  assert.ok(asides.every((reading) => 'unknown' in reading));
});

test('a frame over the size limit ends the connection, and the sweep finds what it told of', async (t) => {
  const { isOpen, sockets, sweeps, store } = await rig(t);
  await until(isOpen);
  sockets.send(JSON.stringify({ resourceType: 'Bundle', text: 'x'.repeat(200_000) }));
  await until(() => sweeps.length === 3);
  await until(isOpen);
  assert.equal(store.rows.length, 0);
});

test('an event that the database does not take is swept for once the database is back', async (t) => {
  let down = false;
  const { isOpen, ehr, store, sweeps, pauses } = await rig(t, {
    before() {
      if (down) {
        throw new AdapterError('database-unavailable', 'down');
      }
    },
  });
  await until(isOpen);
  down = true;
  await ehr.create(NOTE);
  await until(() => pauses.length >= 3);
  assert.deepEqual(sweeps, ['general']);
  down = false;
  await until(() => sweeps.length === 2);
  assert.equal(store.rows.length, 1);
});

test('two processes hold one socket between them, and the second one knows that it is open', async (t) => {
  const cursors: Cursors = memoryCursors();
  const held = new Set<string>();
  const leases: Leases = {
    async withLease(name, _seconds, work) {
      if (held.has(name)) {
        return undefined;
      }
      held.add(name);
      try {
        return await work(new AbortController().signal);
      } finally {
        held.delete(name);
      }
    },
  };
  const { isOpen, sockets, start, webSockets } = await rig(t, { cursors, leases });
  await until(isOpen);
  const second = start();
  await until(() => second.isOpen('general'));
  assert.deepEqual(sockets.count(), { sockets: 1, bound: 2 });
  await webSockets.stop();
  await until(() => sockets.count().bound === 2 && second.isOpen('general'));
});

test('a server that is no Medplum, and a dialect that has no WebSockets, are told as such', async (t) => {
  const hapi = await rig(t, { ehr: { manner: 'hapi' } });
  await until(() => /is Medplum’s/.test(hapi.webSockets.describe('general') ?? ''));
  const other = await rig(t, { subscriptions: { dialect: 'backport' } });
  await until(() => /does not go with dialect backport/.test(other.webSockets.describe('general') ?? ''));
});

test('no request to the WebSocket carries a token of ours', async (t) => {
  const { isOpen, sockets } = await rig(t);
  await until(isOpen);
  assert.deepEqual(sockets.authorizations(), [undefined]);
});

test('stopping lets go of the Subscriptions and of the socket at once', async (t) => {
  const { isOpen, sockets, webSockets } = await rig(t);
  await until(isOpen);
  await webSockets.stop();
  await until(() => sockets.count().sockets === 0);
  assert.equal(webSockets.isOpen('general'), false);
});
