import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Subscription } from '@medplum/fhirtypes';
import type { EhrOptions, Manner, Mishaps } from '../../sandbox/ehr/index.ts';
import { openMisfortune } from '../../sandbox/ehr/mishaps.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';
import { faultsOf, serveEhr, serveEndpoint, until } from './serve-ehr.ts';
import { backport, order, said } from './topic-subscriptions.ts';

const MANNERS: readonly Manner[] = ['medplum', 'hapi', 'backport'];

function subscription(manner: Manner, endpoint: string): object {
  if (manner === 'backport') {
    return backport(endpoint, { content: 'full-resource' });
  }
  const plain: Subscription = {
    resourceType: 'Subscription',
    status: manner === 'hapi' ? 'requested' : 'active',
    reason: 'test',
    criteria: 'ServiceRequest?status=active',
    channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json' },
  };
  return plain;
}

interface Words {
  resource: { patientInstruction: string };
}

/** A server with a Subscription that is active, and what the orders say that came, in their order. */
async function open(t: TestContext, manner: Manner, options: Partial<EhrOptions> = {}) {
  const endpoint = await serveEndpoint(t);
  const server = await serveEhr(t, { manner, referentialIntegrity: false, ...options });
  const { json } = await server.call('POST', '/Subscription', subscription(manner, endpoint.url));
  const statusOf = async (id: string = json.id): Promise<string> =>
    (await server.call('GET', `/Subscription/${id}`)).json.status;
  const came = (): string[] =>
    endpoint.received.flatMap(({ body }) =>
      manner === 'backport'
        ? said({ body }).rest.map(({ resource }: Words) => resource.patientInstruction)
        : [JSON.parse(body).patientInstruction],
    );
  if (!options.mishaps?.stuck) {
    await until(async () => (await statusOf()) === 'active');
  }
  const place = (patientInstruction: string) => server.ehr.create({ ...order, patientInstruction });
  return { ...server, endpoint, id: json.id, statusOf, came, place };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));

test('the same notifications meet the same fate for the same seed, in about the share that was set', () => {
  const fates = (seed: number, change: Partial<Mishaps> = {}) => {
    const mishaps = { lost: 0.2, doubled: 0.2, delayMs: 60_000, ...change };
    const misfortune = openMisfortune({ seed, mishaps, fault: () => false, level: () => 0 });
    return Array.from({ length: 1000 }, () => misfortune.next().copies);
  };
  const all = fates(7);
  assert.deepEqual(fates(7), all);
  assert.notDeepEqual(fates(8), all);
  const share = (copies: number, among = all) => among.filter(({ length }) => length === copies).length / 1000;
  assert.ok(Math.abs(share(0) - 0.2) < 0.05 && Math.abs(share(2) - 0.16) < 0.05, `${share(0)} ${share(2)}`);
  const delays = all.flat().map(({ delayMs }) => delayMs);
  assert.ok(Math.max(...delays) <= 60_000 && Math.max(...delays) > 55_000 && Math.min(...delays) < 5000);
  const undisturbed = fates(7, { lost: 0 });
  assert.ok(all.every((copies, index) => copies.length === 0 || copies.length === undisturbed[index]?.length));
});

for (const manner of MANNERS) {
  test(`notifications are lost for as long as that is set (${manner})`, async (t) => {
    const { ehr, came, place } = await open(t, manner, { mishaps: { lost: 1 } });
    await place('1');
    ehr.misbehave({ lost: 0 });
    await place('2');
    await until(() => came().length > 0);
    assert.deepEqual(came(), ['2']);
  });

  test(`a notification comes twice, and nothing is missing (${manner})`, async (t) => {
    const { came, place } = await open(t, manner, { mishaps: { doubled: 1 } });
    await place('1');
    await place('2');
    await until(() => came().length === 4);
    assert.deepEqual(came().sort(), ['1', '1', '2', '2']);
  });

  test(`late notifications all come, each after a time of its own (${manner})`, async (t) => {
    const { came, place } = await open(t, manner, { mishaps: { delayMs: 40 } });
    for (const each of numbers(12)) {
      await place(each);
    }
    await until(() => came().length === 12);
    assert.deepEqual(came().sort(), numbers(12).sort());
  });

  test(`an overtaken notification comes after the next one, or after a while alone (${manner})`, async (t) => {
    const { ehr, came, place } = await open(t, manner, { mishaps: { overtaken: 1 }, faultMs: 60_000 });
    await place('1');
    ehr.misbehave({ overtaken: 0 });
    await place('2');
    await until(() => came().length === 2);
    assert.deepEqual(came(), ['2', '1']);
    const alone = await open(t, manner, { mishaps: { overtaken: 1 }, faultMs: 5 });
    await alone.place('1');
    await until(() => alone.came().length === 1);
  });

  test(`a silent server has active Subscriptions and says nothing (${manner})`, async (t) => {
    const { ehr, came, place, statusOf } = await open(t, manner, { mishaps: { silent: true } });
    await place('1');
    assert.equal(await statusOf(), 'active');
    ehr.misbehave({ silent: false });
    await place('2');
    await until(() => came().length === 1);
    assert.deepEqual(came(), ['2']);
  });

  for (const [fault, status] of [
    ['subscription-off', manner === 'hapi' ? 'error' : 'off'],
    ['subscription-error', 'error'],
  ] as const) {
    test(`the server sets a Subscription to ${status} instead of telling it (${manner}, ${fault})`, async (t) => {
      const faults = faultsOf();
      const { came, place, statusOf, call, id } = await open(t, manner, { faults });
      faults.set(fault);
      await place('1');
      await until(async () => (await statusOf()) === status);
      assert.ok((await call('GET', `/Subscription/${id}`)).json.error);
      await place('2');
      assert.deepEqual(came(), []);
    });
  }
}

for (const manner of ['hapi', 'backport'] as const) {
  test(`a new Subscription stays requested where the server is stuck, others go on (${manner})`, async (t) => {
    const { ehr, call, endpoint, statusOf, came, place } = await open(t, manner, { mishaps: { stuck: true } });
    await place('1');
    ehr.misbehave({ stuck: false });
    const later = await call('POST', '/Subscription', subscription(manner, `${endpoint.url}/later`));
    await until(async () => (await statusOf(later.json.id)) === 'active');
    assert.equal(await statusOf(), 'requested');
    assert.deepEqual(came(), []);
  });
}

test('what a topic server lost is a gap in the numbers, and $events brings it', async (t) => {
  const { ehr, call, id, endpoint, place } = await open(t, 'backport');
  await place('1');
  await until(() => ehr.deliveries().length === 2);
  ehr.misbehave({ lost: 1 });
  const lost = await place('2');
  ehr.misbehave({ lost: 0 });
  await place('3');
  await until(() => ehr.deliveries().length === 3);
  assert.deepEqual(
    endpoint.received.map((each) => said(each).total),
    ['0', '1', '3'],
  );
  const { entry } = (await call('GET', `/Subscription/${id}/$events?eventsSinceNumber=2&eventsUntilNumber=2`)).json;
  assert.deepEqual(
    entry.slice(1).map(({ resource }: { resource: { id: string } }) => resource.id),
    [lost.id],
  );
});

test('lasting faults are listed with their unit, set by a level over HTTP, and cleared', async (t) => {
  const sandbox = await openSandbox({ manner: 'backport', ehr: { retryUnit: 1 } });
  t.after(() => sandbox.close());
  const url = `${sandbox.url}${PATHS.faults}`;
  const post = async (body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, json: await response.json() };
  };
  const levels = () =>
    Object.fromEntries(sandbox.faults.list().flatMap(({ name, level }) => (level ? [[name, level]] : [])));
  const lost = await post({ vendor: 'ehr', fault: 'notifications-lost', level: 20 });
  assert.deepEqual([lost.status, lost.json.unit, lost.json.level], [200, 'percent', 20]);
  await post({ vendor: 'ehr', fault: 'notifications-delayed', level: 60_000 });
  await post({ vendor: 'ehr', fault: 'subscriptions-silent', level: 1 });
  assert.deepEqual(levels(), { 'notifications-lost': 20, 'notifications-delayed': 60_000, 'subscriptions-silent': 1 });
  const wrong = [
    { vendor: 'ehr', fault: 'notifications-lost', times: 3 },
    { vendor: 'ehr', fault: 'notification-lost', level: 3 },
    { vendor: 'ehr', fault: 'notifications-lost', level: -1 },
    { vendor: 'ehr', fault: 'notifications-lost', level: 120 },
  ];
  for (const body of wrong) {
    const { status, json } = await post(body);
    assert.deepEqual([status, typeof json.error], [400, 'string'], JSON.stringify(body));
  }
  await fetch(url, { method: 'DELETE' });
  assert.deepEqual(levels(), {});
});

test('the switchboard loses notifications for as long as it says so', async (t) => {
  const sandbox = await openSandbox({ ehr: { retryUnit: 1 } });
  t.after(() => sandbox.close());
  const endpoint = await serveEndpoint(t);
  await fetch(`${sandbox.url}${PATHS.ehr}/Subscription`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(subscription('medplum', endpoint.url)),
  });
  sandbox.faults.setLevel('ehr', 'notifications-lost', 100);
  await sandbox.ehr.create({ ...order, patientInstruction: '1' });
  sandbox.faults.clear();
  await sandbox.ehr.create({ ...order, patientInstruction: '2' });
  await until(() => endpoint.received.length > 0);
  assert.deepEqual(
    endpoint.received.map(({ body }) => JSON.parse(body).patientInstruction),
    ['2'],
  );
});
