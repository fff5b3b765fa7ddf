/** When sweeps run: by the clock, more often where no notification is known to come, not where a server wants rest. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Bundle } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { silentLog } from '../../src/log.ts';
import { createMissedNews } from '../../src/subscriptions/missed-news.ts';
import { lastSweep, pushWorks } from '../../src/subscriptions/sweep-pace.ts';
import { type SweepsOptions, startSweeps } from '../../src/subscriptions/sweeps.ts';
import { fakeClient, freeLeases, memoryCursors, note, siteConfig, until } from './doubles.ts';

const MARK = 'sweep:DocumentReference?type=http://loinc.org|11506-3';
const START = Date.parse('2026-03-01T12:00:00Z');
const empty: Bundle = { resourceType: 'Bundle', type: 'searchset' };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Wish extends Partial<Omit<SweepsOptions, 'sites'>> {
  subscriptions?: object;
  client?: Partial<FhirClient>;
}

function rig(t: TestContext, { subscriptions = {}, client = {}, ...more }: Wish = {}) {
  const clock = { ms: START };
  const starts: number[] = [];
  const pages = async function* (): AsyncGenerator<Bundle> {
    starts.push(performance.now());
    yield empty;
  };
  const cursors = memoryCursors({ [MARK]: '2026-03-01T08:00:00.000Z' });
  const config = siteConfig({ sweep: '0 0 1 1 *', sweepWhenSilent: 5, ...subscriptions });
  const sweeps = startSweeps({
    sites: new Map([['general', { config, client: fakeClient(new Map(), { pages, ...client }) }]]),
    cursors,
    admit: async () => ({ orders: 0, told: 0 }),
    leases: freeLeases(),
    log: silentLog,
    gap: 5,
    second: 2,
    now: () => new Date(clock.ms),
    ...more,
  });
  t.after(() => sweeps.stop());
  return { sweeps, starts, cursors, clock };
}

const facts = {
  config: { dialect: 'auto', channel: 'rest-hook', register: true },
  health: 'unknown',
  connected: false,
  registered: undefined,
} as const;
const registered = (...subscriptions: object[]) => JSON.stringify({ at: '2026-03-01T12:00:00Z', subscriptions });
const active = { state: 'kept', status: 'active', criteria: 'ServiceRequest?', id: '1' };

test('notifications are counted on where one came, or where all our Subscriptions are active', () => {
  assert.equal(pushWorks({ ...facts, health: 'works' }), true);
  assert.equal(pushWorks({ ...facts, registered: registered(active, active) }), true);
  for (const text of [
    undefined,
    'no json',
    registered(),
    registered(active, { ...active, state: 'failed' }),
    registered(active, { ...active, status: 'requested' }),
    JSON.stringify({ subscriptions: [active], problem: 'The server has no Subscription' }),
  ]) {
    assert.equal(pushWorks({ ...facts, registered: text }), false, text);
  }
});

test('nothing is counted on where none comes, none is wanted, an administrator registers, or the socket is closed', () => {
  const all = registered(active);
  assert.equal(pushWorks({ ...facts, registered: all, health: 'silent' }), false);
  assert.equal(pushWorks({ ...facts, registered: all, config: { ...facts.config, dialect: 'none' } }), false);
  assert.equal(pushWorks({ ...facts, registered: all, config: { ...facts.config, register: false } }), false);
  const socket = { ...facts.config, channel: 'websocket' } as const;
  assert.equal(pushWorks({ ...facts, config: socket, health: 'works' }), false);
  assert.equal(pushWorks({ ...facts, config: socket, connected: true }), true);
});

test('while no Subscription is known to work, sweeps follow each other quickly; then only by the clock', async (t) => {
  let state: 'silent' | 'works' = 'silent';
  const { starts, clock } = rig(t, {
    push: { state: () => state, missed: () => {} },
    onSwept: () => {
      clock.ms += 10;
    },
  });
  await until(() => starts.length >= 4);
  state = 'works';
  await pause(20);
  const before = starts.length;
  await pause(50);
  assert.equal(starts.length, before);
  state = 'silent';
  await until(() => starts.length > before);
});

test('`sweep: off` stays off, and still sweeps when somebody asks', async (t) => {
  const { starts, sweeps } = rig(t, { subscriptions: { sweep: 'off', dialect: 'none' } });
  await pause(40);
  assert.equal(starts.length, 0);
  sweeps.request('general');
  await until(() => starts.length === 1);
});

test('two processes together sweep a silent site no more often than one', async (t) => {
  const push: SweepsOptions['push'] = { state: () => 'silent', missed: () => {} };
  const first = rig(t, { push });
  await until(() => first.cursors.values.has('swept'));
  const second = rig(t, { push, cursors: first.cursors });
  await until(() => second.starts.length === 1);
  await pause(60);
  assert.equal(first.starts.length + second.starts.length, 2, 'by the clock they share, the last one was just now');
  first.clock.ms += 10;
  await until(() => first.starts.length + second.starts.length === 3);
});

test('a server that asks to be left alone is, by all processes, also when a sweep is asked for', async (t) => {
  let asked = 0;
  const pages = async function* (): AsyncGenerator<Bundle> {
    asked += 1;
    if (asked === 1) {
      throw new AdapterError('ehr-busy', 'The FHIR server asked us to wait', { status: 429, retryAfter: 600 });
    }
    yield empty;
  };
  const first = rig(t, { client: { pages } });
  await until(() => first.cursors.values.has('swept'));
  assert.equal((await lastSweep(first.cursors, 'general'))?.pausedUntil, '2026-03-01T12:10:00.000Z');
  const second = rig(t, { client: { pages }, cursors: first.cursors });
  first.sweeps.request('general');
  second.sweeps.request('general');
  await pause(50);
  assert.equal(asked, 1);
  const later = rig(t, { client: { pages }, cursors: first.cursors, now: () => new Date(START + 601_000) });
  await until(() => asked === 2);
  await later.sweeps.stop();
});

test('what was asked for during a pause is swept for once the pause is over', async (t) => {
  const { starts, sweeps, cursors } = rig(t, { subscriptions: { sweep: 'off' }, now: () => new Date() });
  const pausedUntil = new Date(Date.now() + 60).toISOString();
  const swept = { at: new Date().toISOString(), seen: 0, orders: 0, told: 0, reread: 0, pausedUntil };
  await cursors.set('general', 'swept', JSON.stringify(swept));
  sweeps.request('general');
  await until(() => starts.length === 1);
  assert.ok(Date.now() >= Date.parse(pausedUntil));
});

test('the last sweep is remembered for whoever looks', async (t) => {
  const pages = async function* (): AsyncGenerator<Bundle> {
    yield { ...empty, entry: [{ resource: note('a') }] };
  };
  const { cursors } = rig(t, { client: { pages }, admit: async () => ({ orders: 1, told: 2 }) });
  await until(() => cursors.values.has('swept'));
  assert.deepEqual(await lastSweep(cursors, 'general'), {
    ...{ at: '2026-03-01T12:00:00.000Z', seen: 1, orders: 1, told: 2, reread: 0 },
  });
  const refused = rig(t, {
    client: {
      // biome-ignore lint/correctness/useYield: it never gets as far
      async *pages() {
        throw new AdapterError('ehr-forbidden', 'no', { status: 403 });
      },
    },
  });
  await until(() => refused.cursors.values.has('swept'));
  const last = await lastSweep(refused.cursors, 'general');
  assert.equal(last?.problem, 'ehr-forbidden');
  assert.match(last?.advice ?? '', /subscriptions\.roster/);
});

test('what only the sweep brought is told to the self-test once its notification is overdue, by the server’s clock', async () => {
  const clock = { ms: START };
  const told: [Date, Date][] = [];
  const ahead = 3_600_000;
  const missed = createMissedNews({
    site: 'general',
    client: { serverTime: async () => new Date(clock.ms + ahead) },
    push: { missed: (_, changed, now) => void told.push([changed, now]) },
    now: () => new Date(clock.ms),
  });
  await missed.setClock();
  const changed = START + ahead - 10_000;
  missed.brought(changed);
  missed.tell();
  assert.deepEqual(told, []);
  clock.ms += 5 * 60_000;
  missed.tell();
  missed.tell();
  assert.deepEqual(told, [[new Date(changed), new Date(clock.ms + ahead)]]);
});

test('an order that a sweep brought, and no notification, reaches the self-test', async (t) => {
  const told: string[] = [];
  const changed = new Date(START - 400_000).toISOString();
  const pages = async function* (): AsyncGenerator<Bundle> {
    yield { ...empty, entry: [{ resource: note('a', '1', changed) }] };
  };
  rig(t, {
    client: { pages, serverTime: async () => new Date(START) },
    admit: async () => ({ orders: 1, told: 0 }),
    push: { state: () => 'unknown', missed: (site, when) => void told.push(`${site} ${when.toISOString()}`) },
  });
  await until(() => told.length > 0);
  assert.equal(told[0], `general ${changed}`);
});
