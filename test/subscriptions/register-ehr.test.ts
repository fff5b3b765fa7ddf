/** Against the embedded EHR in each manner that it has: what we create is what such a server takes, and it delivers. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { DocumentReference, Subscription } from '@medplum/fhirtypes';
import type { EhrOptions } from '../../sandbox/ehr/index.ts';
import { openFhirClient } from '../../src/fhir/client.ts';
import { silentLog } from '../../src/log.ts';
import { readNotification } from '../../src/subscriptions/dialects/index.ts';
import { type RegisterResult, registerSubscriptions } from '../../src/subscriptions/register.ts';
import { serveEhr, serveEndpoint, until } from '../sandbox/serve-ehr.ts';
import { note, notification, SECRET, siteConfig } from './doubles.ts';

interface Scene {
  ehr: Awaited<ReturnType<typeof serveEhr>>['ehr'];
  received: Awaited<ReturnType<typeof serveEndpoint>>['received'];
  publicUrl: string;
  look(subscriptions?: object): Promise<RegisterResult>;
  standing(): Promise<Subscription[]>;
}

async function scene(t: TestContext, options: Partial<EhrOptions>, configured: object = {}): Promise<Scene> {
  const { ehr, base } = await serveEhr(t, options);
  const { url, received } = await serveEndpoint(t, [
    { status: 200, contentType: 'application/fhir+json', body: OUTCOME },
  ]);
  const publicUrl = new URL(url).origin;
  const written = new Map<string, string>();
  const config = siteConfig(configured);
  const fhir = { ...config.fhir, baseUrl: base };
  const client = openFhirClient({ site: 'general', config: fhir, log: silentLog });
  t.after(() => client.close());
  return {
    ehr,
    received,
    publicUrl,
    look: (subscriptions = {}) =>
      registerSubscriptions({
        config: { ...siteConfig({ ...configured, ...subscriptions }), fhir },
        publicUrl,
        client,
        log: silentLog,
        written,
        now: () => new Date(),
        wait: () => new Promise((resolve) => setTimeout(resolve, 3)),
      }),
    standing: async () =>
      ((await ehr.search('Subscription?_count=100')).entry ?? []).flatMap(({ resource }) =>
        resource?.resourceType === 'Subscription' ? [resource] : [],
      ),
  };
}

const OUTCOME = JSON.stringify({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'information', code: 'informational' }],
});

async function placeNote(ehr: Scene['ehr']): Promise<string> {
  const { id: _, meta: __, ...unsaved } = note('1');
  return (await ehr.create<DocumentReference>(unsaved)).id;
}

const first = ({ subscriptions: [one] }: RegisterResult) => [one?.state, one?.status, one?.problem];

const SERVERS: { name: string; ehr: Partial<EhrOptions>; subscriptions?: object; manner: string }[] = [
  { name: 'Medplum', ehr: { manner: 'medplum' }, manner: 'medplum' },
  { name: 'HAPI', ehr: { manner: 'hapi' }, manner: 'hapi' },
  { name: 'Subscriptions R5 Backport on R4', ehr: { manner: 'backport' }, manner: 'backport' },
  { name: 'the same on R4B', ehr: { manner: 'backport', topics: { flavour: 'r4b' } }, manner: 'backport' },
  { name: 'R5', ehr: { manner: 'backport', topics: { flavour: 'r5' } }, manner: 'r5' },
  {
    name: 'a server that shakes hands before it answers the create',
    ehr: { manner: 'backport', topics: { handshakeFirst: true } },
    manner: 'backport',
  },
  {
    name: 'athenahealth',
    ehr: { manner: 'backport', topics: { flavour: 'athenahealth' } },
    subscriptions: { dialect: 'backport' },
    manner: 'backport',
  },
  {
    name: 'HAPI’s topics on R4',
    ehr: { manner: 'backport', topics: { flavour: 'hapi-topic' } },
    subscriptions: { dialect: 'backport' },
    manner: 'backport',
  },
];

for (const { name, ehr: options, subscriptions, manner } of SERVERS) {
  test(`${name}: created, made active, kept at the next look, and a note is told of`, async (t) => {
    const { ehr, received, look, standing } = await scene(t, options, subscriptions);
    const created = await look();
    assert.deepEqual(
      [created.manner, created.problem, first(created)],
      [manner, undefined, ['created', 'active', undefined]],
    );
    assert.deepEqual(first(await look()), ['kept', 'active', undefined]);
    assert.equal((await standing()).length, 1);
    const id = await placeNote(ehr);
    const told = () =>
      received.some(({ method, path, headers, body }) => {
        const sent = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
        const below = path.replace('/notify/general', '');
        const came = notification({ method, path: below, headers: sent, body: Buffer.from(body) });
        const reading = readNotification('auto', came);
        return 'hints' in reading && reading.hints.some((hint) => hint.id === id);
      });
    await until(told);
    assert.ok(received.every(({ headers }) => headers.authorization === `Bearer ${SECRET}`));
  });
}

test('athenahealth signs with the secret that the create brought', async (t) => {
  const athenahealth = { dialect: 'backport' };
  const { ehr, received, look } = await scene(
    t,
    { manner: 'backport', topics: { flavour: 'athenahealth' } },
    athenahealth,
  );
  await look();
  await placeNote(ehr);
  await until(() => received.length > 0);
  const { headers, body = '' } = received[0] ?? {};
  assert.equal(headers?.['x-hub-signature'], `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
});

test('a switched-off Subscription is switched on again, one with the older secret is mended, both once', async (t) => {
  for (const manner of ['medplum', 'hapi'] as const) {
    const { ehr, look, standing } = await scene(t, { manner });
    await look({ secret: 'the-older-secret' });
    const rotating = { secret: [SECRET, 'the-older-secret'] };
    assert.equal(first(await look(rotating))[0], 'mended');
    const [one] = await standing();
    assert.ok(one?.id);
    assert.deepEqual(one.channel.header, [`Authorization: Bearer ${SECRET}`]);
    assert.doesNotMatch(JSON.stringify(one), /older/);
    await ehr.update({ ...one, id: one.id, status: 'off', error: 'Automatically disabled after 3 failures' });
    const again = await look(rotating);
    assert.deepEqual(first(again), ['reactivated', 'active', undefined]);
    assert.match(again.subscriptions[0]?.was ?? '', /^off: Automatically disabled/);
    const version = (await standing())[0]?.meta?.versionId;
    assert.equal(first(await look(rotating))[0], 'kept');
    assert.equal((await standing())[0]?.meta?.versionId, version);
  }
});

test('Subscriptions of others stay as they are: without our tag, or with our tag for another address', async (t) => {
  for (const manner of ['medplum', 'hapi'] as const) {
    const { ehr, look, standing, publicUrl } = await scene(t, { manner });
    await look();
    const [ours] = await standing();
    assert.ok(ours);
    const { id: _, meta, ...rest } = ours;
    const tags = { tag: meta?.tag ?? [] };
    const otherUrl = { ...rest.channel, endpoint: 'https://other.example/notify/general' };
    const otherTag = [{ system: 'urn:fhir-ai-adapter:deployment', code: 'https://other.example/general' }];
    const others = [
      await ehr.create<Subscription>(rest),
      await ehr.create<Subscription>({ ...rest, meta: tags, channel: otherUrl }),
      await ehr.create<Subscription>({ ...rest, meta: { tag: otherTag } }),
      await ehr.create<Subscription>({ ...rest, criteria: 'Task?', meta: { tag: otherTag }, status: 'off' }),
    ];
    const stray = await ehr.create<Subscription>({ ...rest, meta: tags, criteria: 'Patient?' });
    const versions = async () =>
      (await standing())
        .filter(({ id }) => others.some((other) => other.id === id))
        .map(({ id, status, criteria }) => `${id} ${status} ${criteria}`);
    // HAPI makes them active by itself.
    await until(async () => (await standing()).every(({ status }) => status !== 'requested'));
    const before = await versions();
    const { removed } = await look();
    assert.deepEqual([removed, await versions()], [1, before]);
    assert.deepEqual([await ehr.read('Subscription', stray.id), before.length], [undefined, 4]);
    assert.ok(publicUrl);
  }
});

test('a topic server that never makes it active is said so in words', async (t) => {
  const { look } = await scene(t, { manner: 'backport', mishaps: { stuck: true } });
  assert.match(first(await look())[2] ?? '', /has not made it active/);
});
