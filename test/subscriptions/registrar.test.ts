import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { silentLog } from '../../src/log.ts';
import { openPushHealth, type PushState } from '../../src/subscriptions/push-health.ts';
import { healNow, readHealed } from '../../src/subscriptions/register/healing.ts';
import { subscriptionWords } from '../../src/subscriptions/register/site-words.ts';
import type { RegisterResult } from '../../src/subscriptions/register.ts';
import { readRegistered, startRegistrar } from '../../src/subscriptions/registrar.ts';
import { freeLeases, memoryCursors, siteConfig } from './doubles.ts';
import { activated, PUBLIC, subscriptionServer } from './subscription-server.ts';

const HOUR = 3600 * 1000;

/** One or more processes with the same database, a server, and a clock. */
function rig(client: FhirClient, subscriptions: object = {}, held = new Set<string>()) {
  const cursors = memoryCursors();
  const clock = { at: Date.parse('2026-03-01T12:00:00Z') };
  const now = () => new Date(clock.at);
  const results: RegisterResult[] = [];
  const told: RegisterResult[] = [];
  const sweeps: string[] = [];
  const pushHealth = openPushHealth({ cursors, log: silentLog, now });

  function start() {
    return startRegistrar({
      sites: new Map([['general', { config: siteConfig(subscriptions), client }]]),
      publicUrl: PUBLIC,
      leases: freeLeases(held),
      cursors,
      pushHealth,
      log: silentLog,
      now,
      wait: async () => {},
      requestSweep: (site) => void sweeps.push(site),
      onResult: (result) => void results.push(result),
      onInstructions: (result) => void told.push(result),
    });
  }
  return {
    cursors,
    clock,
    results,
    told,
    sweeps,
    pushHealth,
    /** A process starts, looks as often as said, and stops. */
    async run(looks = 1) {
      const registrar = start();
      await registrar.first;
      for (let look = 1; look < looks; look += 1) {
        await registrar.look('general');
      }
      await registrar.stop();
    },
    /** The sweep finds what nobody told of. */
    async fallSilent() {
      clock.at += 10 * 60_000;
      pushHealth.missed('general', new Date(clock.at - 6 * 60_000), now());
      await pushHealth.share('general');
    },
  };
}

test('every site is tried at start; a server that forbids it is told of and nothing is thrown', async () => {
  const { client } = subscriptionServer('Medplum');
  const capabilities = async () => {
    throw new AdapterError('ehr-forbidden', 'The server forbids it');
  };
  const { run, results, sweeps, cursors } = rig({ ...client, capabilities });
  await run();
  assert.match(results[0]?.problem ?? '', /ehr-forbidden/);
  assert.deepEqual(sweeps, []);
  assert.match(cursors.values.get('registered') ?? '', /"problem":"ehr-forbidden/);
});

test('a site that another process registers is left to it', async () => {
  const { client, writes } = subscriptionServer('Medplum');
  const { run, results } = rig(client, {}, new Set(['register:general']));
  await run();
  assert.deepEqual([results, writes()], [[], []]);
});

test('a sweep is asked for after a Subscription was made or switched on again, not after a look that changed nothing', async () => {
  const { client, set } = subscriptionServer('Medplum');
  const { run, sweeps, results } = rig(client);
  await run(3);
  assert.deepEqual(sweeps, ['general']);
  set('1', { status: 'off', error: 'Automatically disabled after 5 consecutive failures' });
  await run();
  assert.deepEqual(sweeps, ['general', 'general']);
  assert.match(results.at(-1)?.subscriptions[0]?.was ?? '', /^off: Automatically disabled/);
});

test('the last result is kept for the console, and outlasts a run that failed', async () => {
  const { client } = subscriptionServer('Medplum');
  const { run, cursors, clock } = rig(client);
  await run();
  const subscriptions = [
    { criteria: 'DocumentReference?type=http://loinc.org|11506-3', state: 'created', id: '1', status: 'active' },
  ];
  assert.deepEqual(JSON.parse(cursors.values.get('registered') ?? ''), {
    at: new Date(clock.at).toISOString(),
    manner: 'medplum',
    subscriptions,
  });
  const before = cursors.values.get('registered');
  assert.deepEqual(readRegistered(before)[0]?.id, '1');
  assert.deepEqual([readRegistered('no JSON'), readRegistered('[]'), readRegistered(undefined)], [[], [], []]);
});

test('a server whose search does not show our Subscription, and that drops our tag, gets no second one', async () => {
  const server = subscriptionServer('Some EHR', {
    change: (one) => activated({ ...one, meta: { ...one.meta, tag: [] } }),
  });
  const client: FhirClient = {
    ...server.client,
    async *pages() {
      yield { resourceType: 'Bundle', type: 'searchset' };
    },
  };
  const { run, results } = rig(client);
  await run(2);
  await run();
  assert.equal(server.all().length, 1);
  assert.match(results.at(-1)?.subscriptions[0]?.problem ?? '', /meta\.tag/);
});

test('one of which nothing comes is made anew, an hour later once more, then ever more rarely', async () => {
  const { client, all, writes } = subscriptionServer('HAPI', { change: activated });
  const { run, fallSilent, clock, sweeps } = rig(client);
  await run();
  await fallSilent();
  await run(3);
  assert.deepEqual(writes(), ['create', 'remove', 'create']);
  assert.deepEqual(sweeps, ['general', 'general']);
  clock.at += HOUR;
  await run(2);
  assert.equal(writes().length, 5);
  clock.at += HOUR;
  await run();
  assert.equal(writes().length, 5);
  clock.at += HOUR;
  await run();
  assert.deepEqual([writes().length, all().length], [7, 1]);
});

test('once something comes, nothing is made anew', async () => {
  const { client, writes } = subscriptionServer('HAPI', { change: activated });
  const { run, fallSilent, clock, pushHealth } = rig(client);
  await run();
  await fallSilent();
  await run();
  clock.at += HOUR;
  pushHealth.arrived('general');
  await run();
  assert.deepEqual(writes(), ['create', 'remove', 'create']);
});

test('healing waits 1, 2, 4 … 24 hours and begins anew after two quiet days', () => {
  const start = new Date('2026-03-01T00:00:00Z');
  const waits: number[] = [];
  let last = healNow(undefined, start);
  for (let hour = 1, since = 0; waits.length < 7; hour += 1) {
    const due = healNow(last, new Date(start.getTime() + hour * HOUR));
    if (due) {
      waits.push(hour - since);
      since = hour;
      last = due;
    }
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 24, 24]);
  assert.equal(healNow({ at: start.toISOString(), times: 9 }, new Date(start.getTime() + 49 * HOUR))?.times, 1);
  assert.equal(readHealed('{"at":"soon"}'), undefined);
});

test('what an administrator has to create is said once, not at every look; where we may not register nothing is made anew', async () => {
  const { client, writes } = subscriptionServer('HAPI');
  const { run, fallSilent, told, cursors } = rig(client, { register: false });
  await run(2);
  await fallSilent();
  await run(2);
  // The second process says it to whoever started it.
  assert.equal(told.length, 2);
  assert.deepEqual([writes(), cursors.values.get('healed')], [[], undefined]);
  assert.equal(JSON.parse(cursors.values.get('registered') ?? '').instructions, 1);
});

test('a site’s Subscriptions in one line', () => {
  const words = (changes: Partial<RegisterResult>, push: PushState = 'unknown') =>
    subscriptionWords(
      { site: 'general', subscriptions: [], removed: 0, instructions: [], advice: [], ...changes },
      push,
    );
  const stands = { criteria: 'Task?', state: 'kept', status: 'active' } as const;
  assert.equal(subscriptionWords(undefined, 'works'), 'unknown');
  assert.equal(words({}), 'none wanted');
  assert.equal(words({ subscriptions: [stands] }), 'ok');
  assert.match(words({ subscriptions: [stands] }, 'silent'), /^active, but nothing comes: /);
  assert.equal(words({ problem: 'ehr-timeout: x' }, 'silent'), 'ehr-timeout: x');
  assert.equal(
    words({ subscriptions: [stands, { ...stands, problem: 'The server keeps it as off' }] }, 'works'),
    '1 of 2 not as they should be: The server keeps it as off',
  );
  const instructions = [{ resourceType: 'Subscription', status: 'active' } as const];
  assert.equal(words({ instructions }), 'to be made by an administrator');
  assert.equal(words({ instructions }, 'works'), 'ok');
});
