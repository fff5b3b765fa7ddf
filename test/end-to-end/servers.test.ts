/** Every kind of server that the embedded EHR plays, through the whole adapter: its notifications alone bring the orders. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Resource } from '@medplum/fhirtypes';
import type { TopicOptions } from '../../sandbox/ehr/index.ts';
import { backport } from '../sandbox/topic-subscriptions.ts';
import {
  api,
  billed,
  call,
  editNote,
  find,
  keyOf,
  orderOf,
  ordersOf,
  outputsOf,
  type PlacedNote,
  placeNote,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { onOneWhole, type Place, type SiteWish } from '../support/whole.ts';

const TEXT = 'Assessment\nType 2 diabetes mellitus since 2014. Essential hypertension. Headache today.\n';

/** No sweep but those that a notification, or a Subscription just made, asks for. */
const ALONE = { sweep: 'off' };
const played = (topics: TopicOptions): Pick<SiteWish, 'manner' | 'ehr'> => ({ manner: 'backport', ehr: { topics } });
const TOPIC = 'http://sandbox.example/fhir/SubscriptionTopic/DocumentReference-changed';

interface Server {
  name: string;
  wish: SiteWish;
  /** It asks our endpoint before it makes the Subscription active. */
  handshake?: true;
  /** What first tells of an order. */
  source?: 'sweep';
}

const SERVERS: Record<string, Server> = {
  medplum: { name: 'Medplum', wish: { manner: 'medplum', subscriptions: ALONE } },
  hapi: { name: 'HAPI', wish: { manner: 'hapi', subscriptions: ALONE } },
  r4: {
    name: 'Subscriptions R5 Backport on R4',
    wish: { manner: 'backport', subscriptions: ALONE },
    handshake: true,
  },
  'r4-first': {
    name: 'one that shakes hands before it answers the create',
    wish: { ...played({ handshakeFirst: true }), subscriptions: ALONE },
    handshake: true,
  },
  'r4-empty': {
    name: 'Backport with content empty',
    wish: { manner: 'backport', subscriptions: { ...ALONE, content: 'empty' } },
    handshake: true,
    source: 'sweep',
  },
  'r4-full': {
    name: 'Backport with content full-resource',
    wish: { manner: 'backport', subscriptions: { ...ALONE, content: 'full-resource' } },
    handshake: true,
  },
  r4b: {
    name: 'Backport on R4B',
    wish: { ...played({ flavour: 'r4b' }), subscriptions: ALONE },
    handshake: true,
  },
  r5: {
    name: 'R5',
    wish: { ...played({ flavour: 'r5' }), subscriptions: ALONE },
    handshake: true,
  },
  athenahealth: {
    name: 'athenahealth',
    wish: { ...played({ flavour: 'athenahealth' }), subscriptions: { ...ALONE, dialect: 'backport' } },
  },
  'hapi-topic': {
    name: 'HAPI’s topics on R4',
    wish: { ...played({ flavour: 'hapi-topic' }), subscriptions: { ...ALONE, dialect: 'backport' } },
  },
  microsoft: {
    name: 'the branch of Microsoft’s server',
    wish: {
      ...played({ flavour: 'microsoft' }),
      subscriptions: { ...ALONE, dialect: 'backport', topics: { DocumentReference: TOPIC } },
    },
    handshake: true,
  },
};

const SITES = {
  ...Object.fromEntries(Object.entries(SERVERS).map(([site, { wish }]) => [site, wish])),
  /** Whose Subscription an administrator makes: then we have no reason to sweep. */
  lossy: { manner: 'backport', subscriptions: { ...ALONE, register: false } },
} satisfies Record<string, SiteWish>;

async function lastSweep(place: Place): Promise<string | undefined> {
  const { json } = await api(place, 'GET', '/sites');
  return json.sites.find(({ name }: { name: string }) => name === place.name)?.sweep?.at;
}

/** The sweep that follows upon the making of our Subscription is over: from now on only a notification sets anything going. */
async function quiet(place: Place): Promise<void> {
  await until(`the first sweep of ${place.name}`, async () => (await lastSweep(place)) ?? pause(100, undefined));
}

/** What brought the news that an order was made of. */
async function sourceOf(place: Place, note: PlacedNote): Promise<unknown> {
  const order = await orderOf(place, note);
  const admitted = order?.timeline.find(({ event }) => event === 'admitted');
  return JSON.parse(JSON.stringify(admitted?.detail ?? {})).source;
}

const isLive = (resource: Resource): boolean => !JSON.stringify(resource).includes('"entered-in-error"');

async function resultsOf(place: Place, note: PlacedNote): Promise<Resource[]> {
  const words = `subject=${note.patient}`;
  return [
    ...(await find(place, 'Condition', words)),
    ...(await find(place, 'Observation', words)),
    ...(await find(place, 'DiagnosticReport', words)),
  ];
}

onOneWhole('a server alone, without the clock of the sweep', SITES, (whole) => {
  for (const [site, { name, handshake, source = 'notification' }] of Object.entries(SERVERS)) {
    test(`${name}: our Subscription is active, a note is coded once, and entered in error it is taken back`, async () => {
      const place = whole().place(site);
      await quiet(place);
      const subscriptions = await find(place, 'Subscription');
      assert.deepEqual(
        subscriptions.map(({ status }) => status),
        ['active'],
      );
      const shaken = place.sandbox.ehr.deliveries().filter(({ interaction }) => interaction === 'handshake');
      assert.deepEqual(
        shaken.map(({ accepted }) => accepted),
        handshake ? [true] : [],
      );

      const note = await placeNote(place, { text: TEXT });
      const task = await taskWhen(place, note);
      assert.equal(await sourceOf(place, note), source);
      const told = place.sandbox.ehr.deliveries().filter(({ resource }) => resource.includes(note.reference));
      assert.ok(told.length > 0 && told.every(({ accepted, attempt }) => accepted && attempt === 1));
      assert.deepEqual(
        (await ordersOf(place)).map(({ key }) => key),
        [keyOf(place, note)],
      );
      assert.equal((await tasksOf(place, note)).length, 1);
      assert.equal((await outputsOf(place, task)).length, 4);
      assert.equal((await resultsOf(place, note)).length, 4);
      assert.equal(billed(place), 1);

      await editNote(place, note, (one) => ({ ...one, status: 'entered-in-error' }));
      await until(`${site}: results taken back`, async () => (await tasksOf(place, note))[0]?.businessStatus);
      const standing = await resultsOf(place, note);
      assert.equal(standing.length, 4);
      assert.ok(standing.every((one) => !isLive(one)));
      assert.equal(billed(place), 1);
    });
  }

  test('events that got lost are asked for by $events once a heartbeat shows the gap, without any sweep', async () => {
    const place = whole().place('lossy');
    const { ehr } = place.sandbox;
    const header = [`Authorization: Bearer ${place.secret}`];
    const wish = backport(place.notifyUrl, { topic: TOPIC, header });
    const { id } = (await call('POST', `${place.ehrUrl}/Subscription`, wish)).json;
    await until('the handshake', async () => {
      const made = await ehr.read('Subscription', id);
      return made?.resourceType === 'Subscription' && made.status === 'active';
    });
    ehr.misbehave({ lost: 1 });
    const notes = [await placeNote(place, { text: TEXT }), await placeNote(place, { text: TEXT })];
    ehr.misbehave({ lost: 0 });
    await ehr.heartbeat();
    for (const note of notes) {
      await taskWhen(place, note);
      assert.equal(await sourceOf(place, note), 'notification');
      assert.equal((await resultsOf(place, note)).length, 4);
    }
    const sent = ehr.deliveries().map(({ interaction }) => interaction);
    assert.deepEqual(sent, ['handshake', 'heartbeat'], 'no event was ever sent');
    assert.deepEqual([billed(place), await lastSweep(place)], [2, undefined]);
  });
});
