import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { silentLog } from '../../src/log.ts';
import type { Admit, IncomingNotification, News } from '../../src/orders/types.ts';
import { isOlder } from '../../src/orders/versions.ts';
import { type DrainOptions, startDrain } from '../../src/subscriptions/drain.ts';
import { endingOf } from '../../src/subscriptions/handle-notification.ts';
import { memoryNotifications } from '../support/memory-notifications.ts';
import { fakeClient, note, notification, siteConfig, until } from './doubles.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const START = Date.parse('2026-03-01T10:00:00Z');
const created = (id: string, version = '1') =>
  notification({ headers: { 'x-medplum-interaction': 'create' }, json: note(id, version) });
const announced = (id: string) => notification({ method: 'PUT', path: `/DocumentReference/${id}` });
const deleted = (id: string) => notification({ method: 'DELETE', path: `/DocumentReference/${id}` });

interface Rig {
  resources?: Map<string, Resource>;
  client?: Partial<FhirClient>;
  admit?: Admit;
  options?: Partial<DrainOptions>;
}

/** A drain on a clock that jumps to the next due notification whenever nothing else is due. */
function rig({ resources = new Map(), client = {}, admit, options = {} }: Rig) {
  const clock = { ms: START };
  const now = () => new Date(clock.ms);
  const store = memoryNotifications({ now });
  const news: News[] = [];
  const outcomes: string[] = [];
  const sweeps: string[] = [];
  const postponed: number[] = [];
  const jump = () => {
    const due = store.rows.filter((row) => row.state === 'waiting').map((row) => row.dueAt);
    clock.ms = Math.max(clock.ms, due.length > 0 ? Math.ceil(Math.min(...due)) : 0);
  };
  const { postpone, done } = store;
  store.postpone = async (id, seconds, why) => {
    postponed.push(seconds);
    await postpone(id, seconds, why);
    jump();
  };
  store.done = async (id, outcome) => {
    await done(id, outcome);
    jump();
  };
  const site = { config: siteConfig(), client: fakeClient(resources, client) };
  const drain = startDrain({
    store,
    sites: new Map([['general', site]]),
    admit: async (one) => {
      const admitted = (await admit?.(one)) ?? { orders: 1, told: 0 };
      news.push(one);
      return admitted;
    },
    log: silentLog,
    now,
    requestSweep: (name) => void sweeps.push(name),
    onOutcome: (_, outcome) => void outcomes.push(outcome),
    pollEvery: 2,
    random: () => 1,
    ...options,
  });
  stops.push(drain.stop);
  const put = async (...notifications: IncomingNotification[]) => store.insert(notifications);
  const settled = () => until(() => store.rows.every((row) => row.state !== 'waiting'));
  return { store, news, outcomes, sweeps, postponed, put, settled, drain, clock, resources };
}

test('a whole resource is admitted without asking the EHR', async () => {
  const { news, outcomes, put, settled } = rig({
    client: {
      read: async () => {
        throw new Error('must not be asked');
      },
    },
  });
  await put(created('1', '4'));
  await settled();
  const expected = {
    site: 'general',
    type: 'DocumentReference',
    id: '1',
    source: 'notification',
    resource: note('1', '4'),
  };
  assert.deepEqual(news, [expected]);
  assert.deepEqual(outcomes, ['admitted']);
});

test('a resource that was only announced is read', async () => {
  const { news, put, settled } = rig({ resources: new Map([['DocumentReference/1', note('1', '9')]]) });
  await put(announced('1'));
  await settled();
  assert.equal(news[0]?.resource?.meta?.versionId, '9');
});

test('a delete is believed when a read confirms it; what is still there is news as it is', async () => {
  const { news, put, settled } = rig({ resources: new Map([['DocumentReference/still', note('still')]]) });
  await put(deleted('away'), deleted('still'));
  await settled();
  assert.deepEqual(news.map(({ id, gone, resource }) => [id, gone, resource?.id]).sort(), [
    ['away', true, undefined],
    ['still', undefined, 'still'],
  ]);
});

test('what is not there yet is waited for in growing steps, then left to the sweep', async () => {
  const { news, outcomes, postponed, put, settled } = rig({});
  await put(announced('late'));
  await settled();
  assert.deepEqual(postponed, [0.5, 1, 2, 5, 15]);
  assert.equal(outcomes.at(-1), 'not found');
  assert.deepEqual(news, []);
});

test('an older version than announced is read again, until it is there', async () => {
  const resources = new Map<string, Resource>([['DocumentReference/1', note('1', '2')]]);
  let reads = 0;
  const { news, put, settled } = rig({
    client: {
      read: async <T extends Resource>() => {
        reads += 1;
        return (reads < 3 ? resources.get('DocumentReference/1') : note('1', '3')) as T;
      },
    },
  });
  await put(notification({ method: 'PUT', path: '/DocumentReference/1', headers: { 'if-match': '"3"' } }));
  await settled();
  assert.deepEqual([reads, news.map(({ resource }) => resource?.meta?.versionId)], [3, ['3']]);
  assert.equal(isOlder('9', '10'), true);
  assert.equal(isOlder('10', '9'), false);
  assert.equal(isOlder('a', '9'), false);
  assert.equal(isOlder(undefined, '9'), false);
});

test('an EHR that is down loses nothing: put off in growing steps, other news goes on, and all is admitted in the end', async () => {
  let down = true;
  const admitted: string[] = [];
  const { store, put, settled, postponed, resources } = rig({
    client: {
      read: async <T extends Resource>(type: string, id: string) => {
        if (down) {
          throw new AdapterError('ehr-unreachable', 'down');
        }
        return resources.get(`${type}/${id}`) as T | undefined;
      },
    },
    admit: async ({ id }) => {
      admitted.push(id);
      return { orders: 1, told: 0 };
    },
  });
  for (let id = 0; id < 20; id += 1) {
    resources.set(`DocumentReference/${id}`, note(String(id)));
    await put(announced(String(id)));
  }
  await put(created('whole'));
  await until(() => admitted.includes('whole') && postponed.length > 100);
  assert.deepEqual(admitted, ['whole']);
  assert.ok(store.rows.filter(({ state }) => state === 'waiting').length === 20);
  down = false;
  await settled();
  assert.equal(new Set(admitted).size, 21);
});

test('a server that asks for a pause gets it in full', () => {
  const busy = new AdapterError('ehr-busy', 'busy', { retryAfter: 900 });
  assert.deepEqual(endingOf(busy, 1, 1), { later: 900, why: 'ehr-busy' });
  const down = new AdapterError('ehr-unreachable', 'down');
  const steps = [1, 2, 3, 9, 30, 1000].map((attempt) => endingOf(down, attempt, 1));
  assert.deepEqual(
    steps.map((ending) => 'later' in ending && ending.later),
    [1, 2, 4, 256, 300, 300],
  );
});

test('what an operator can mend is tried again, what nobody can is set aside, a defect after some tries', () => {
  assert.ok('later' in endingOf(new AdapterError('ehr-forbidden', 'no'), 50, 0));
  assert.deepEqual(endingOf(new AdapterError('ehr-protocol', 'no'), 1, 0), { aside: 'ehr-protocol' });
  assert.ok('later' in endingOf(new AdapterError('unexpected', 'oh'), 9, 0));
  assert.deepEqual(endingOf(new AdapterError('unexpected', 'oh'), 10, 0), { aside: 'unexpected' });
});

test('what is not understood, or of a site that is gone, is set aside and blocks nobody', async () => {
  const { store, outcomes, put, settled } = rig({});
  await put(
    notification({ headers: { 'x-medplum-interaction': 'update' }, body: Buffer.from('<xml/>') }),
    notification({ site: 'closed', json: note('1') }),
    created('1'),
  );
  await settled();
  assert.deepEqual(
    store.rows.map(({ state }) => state),
    ['aside', 'aside', 'done'],
  );
  assert.deepEqual([...outcomes].sort(), ['admitted', 'set aside', 'set aside']);
});

test('a picture is heard of where orders may be done with it, and nowhere else', async () => {
  const hearing = async (on: string) => {
    const site = {
      config: siteConfig({}, [{ id: 'smear', on, vendor: 'healthsage' }]),
      client: fakeClient(
        new Map<string, Resource>([['Media/1', { resourceType: 'Media', id: '1', status: 'completed', content: {} }]]),
      ),
    };
    const { store, news, put, settled } = rig({ options: { sites: new Map([['general', site]]) } });
    await put(notification({ method: 'PUT', path: '/Media/1' }));
    await settled();
    return [store.rows.map(({ outcome }) => outcome), news.map(({ type, id }) => `${type}/${id}`)];
  };
  assert.deepEqual(await hearing('ServiceRequest?status=active'), [['admitted'], ['Media/1']]);
  assert.deepEqual(await hearing('DocumentReference?status=current'), [['no route'], []]);
});

test('types that no route orders from are nobody’s, without a read', async () => {
  const { store, news, put, settled } = rig({
    client: {
      read: async () => {
        throw new Error('must not be asked');
      },
    },
  });
  const patient = notification({ method: 'PUT', path: '/Patient/1', json: { resourceType: 'Patient', id: '1' } });
  await put(patient, notification({ method: 'DELETE', path: '/ServiceRequest/1' }));
  await settled();
  assert.deepEqual(
    store.rows.map(({ outcome }) => outcome),
    ['no route', 'no route'],
  );
  assert.deepEqual(news, []);
});

test('an empty notification asks for a sweep, once it is done', async () => {
  const states: (string | undefined)[] = [];
  const { store, put, settled, sweeps } = rig({
    options: { requestSweep: (site) => void states.push(site, store.rows[0]?.state) },
  });
  await put(notification());
  await settled();
  await until(() => states.length > 0);
  assert.deepEqual(states, ['general', 'done']);
  assert.deepEqual(sweeps, []);
});

test('one resource is worked on by one worker at a time, several resources side by side, and no more than allowed', async () => {
  const inHand = new Map<string, number>();
  let most = 0;
  let mostOfOne = 0;
  const order: (string | undefined)[] = [];
  const { put, settled } = rig({
    options: { concurrency: 4 },
    admit: async ({ id, resource }) => {
      inHand.set(id, (inHand.get(id) ?? 0) + 1);
      const counts = [...inHand.values()];
      mostOfOne = Math.max(mostOfOne, ...counts);
      most = Math.max(
        most,
        counts.reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 3));
      inHand.set(id, (inHand.get(id) ?? 1) - 1);
      if (id === 'a') {
        order.push(resource?.meta?.versionId);
      }
      return { orders: 0, told: 1 };
    },
  });
  const versions = ['1', '2', '3', '4', '5'];
  await put(...versions.flatMap((version) => ['a', 'b', 'c', 'd', 'e'].map((id) => created(id, version))));
  await settled();
  assert.equal(mostOfOne, 1);
  assert.ok(most > 1 && most <= 4, `${most} at once`);
  assert.deepEqual(order, versions);
});

test('a stop takes no more and finishes what is in hand', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { store, put, drain } = rig({
    options: { concurrency: 1 },
    admit: async () => {
      await held;
      return { orders: 1, told: 0 };
    },
  });
  await put(created('1'), created('2'));
  await until(() => store.rows[0]?.attempts === 1);
  const stopped = drain.stop();
  release();
  await stopped;
  await put(created('3'));
  assert.deepEqual(
    store.rows.map(({ state }) => state),
    ['done', 'waiting', 'waiting'],
  );
});

test('a store that fails now and then, and errors of any kind, lose nothing', async () => {
  const codes = fc.constantFrom('ehr-timeout', 'ehr-busy', 'database-unavailable', 'ehr-forbidden', 'fine', 'fine');
  await fc.assert(
    fc.asyncProperty(fc.array(codes, { minLength: 1, maxLength: 12 }), async (luck) => {
      let call = 0;
      const { store, put, settled, news, drain } = rig({
        admit: async () => {
          const code = luck[call % luck.length];
          call += 1;
          if (code !== undefined && code !== 'fine' && call < 60) {
            throw new AdapterError(code, 'bad luck');
          }
          return { orders: 1, told: 0 };
        },
      });
      const ids = ['a', 'b', 'c', 'd'];
      await put(...ids.map((id) => created(id)));
      await settled();
      await drain.stop();
      assert.ok(store.rows.every(({ state }) => state === 'done'));
      assert.deepEqual([...new Set(news.map(({ id }) => id))].sort(), ids);
    }),
    { numRuns: 15 },
  );
});
