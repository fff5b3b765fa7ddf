/** By every road that leads from an order to its pictures, and when they come: the same bytes arrive, clean, and once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Task } from '@medplum/fhirtypes';
import { z } from 'zod';
import {
  api,
  call,
  create,
  createBinary,
  find,
  ofType,
  orderOf,
  outputsOf,
  type PlacedNote,
  tasksOf,
  taskWhen,
} from '../support/clinic.ts';
import { SMEAR_TASK_ROUTE } from '../support/picture-sites.ts';
import {
  billsOf,
  type Drawn,
  editOrder,
  inlinePicture,
  newPatient,
  orderPictures,
  picture,
  placeDocument,
  placeMedia,
  refer,
} from '../support/pictures.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { MANNERS, onOneWhole, type Place } from '../support/whole.ts';

/** All tests of this file run side by side. */
const PATIENCE_SECONDS = 45;

/** Not every EHR takes an id of ours, so it is a name only. */
const LAB = 'Organization/ai-lab';

/** Storage of the EHR's under another name of this machine. */
const storage = { url: '', files: new Map<string, Uint8Array>(), close: async () => {} };

before(async () => {
  const { url, close } = await serve((request, response) => {
    const bytes = storage.files.get(request.url ?? '');
    response.writeHead(bytes ? 200 : 404, { 'Content-Type': 'image/jpeg' }).end(bytes);
  });
  Object.assign(storage, { url: url.replace('127.0.0.1', 'localhost'), close });
});
after(() => storage.close());

type Road = (place: Place, patient: string, drawn: readonly Drawn[]) => Promise<PlacedNote>;

/** Points at its order before that is one: a draft is ordered by nobody. */
function pointing(point: (place: Place, patient: string, order: string, drawn: Drawn) => Promise<unknown>): Road {
  return async (place, patient, [drawn]) => {
    const order = await orderPictures(place, patient, [], { status: 'draft' });
    assert.ok(drawn);
    await point(place, patient, order.reference, drawn);
    await editOrder(place, order, { status: 'active' });
    return order;
  };
}

const single =
  (name: (place: Place, patient: string, drawn: Drawn) => Promise<string>): Road =>
  async (place, patient, [drawn]) => {
    assert.ok(drawn);
    return orderPictures(place, patient, [await name(place, patient, drawn)]);
  };

const jpegAt = (url: string) => ({ contentType: 'image/jpeg', url });
const stored = (place: Place, { bytes }: Drawn): Promise<string> => createBinary(place, bytes, 'image/jpeg');

/** How many pictures it takes, one where nothing is said. */
const ROADS: Record<string, Road | [Road, number]> = {
  'inline in a Media': single((place, patient, { bytes }) => placeMedia(place, patient, inlinePicture(bytes))),
  'in a Binary that a Media names': single(async (place, patient, drawn) =>
    placeMedia(place, patient, jpegAt(await stored(place, drawn))),
  ),
  'in a Binary that a Media names absolutely': single(async (place, patient, drawn) =>
    placeMedia(place, patient, jpegAt(`${place.ehrUrl}/${await stored(place, drawn)}`)),
  ),
  'in a Binary that the order names': single((place, _patient, drawn) => stored(place, drawn)),
  'on another host of the EHR': single(async (place, patient, { bytes }) => {
    const path = `/${place.whole.url.split(':').at(-1)}/${place.name}.jpg`;
    storage.files.set(path, bytes);
    return placeMedia(place, patient, jpegAt(`${storage.url}${path}`));
  }),
  'in a Media within the order': async (place, patient, [drawn]) =>
    orderPictures(place, patient, ['#smear'], {
      contained: [
        {
          resourceType: 'Media',
          id: 'smear',
          status: 'completed',
          subject: { reference: patient },
          content: inlinePicture(drawn?.bytes ?? assert.fail()),
        },
      ],
    }),
  'in a document, side by side': [
    async (place, patient, drawn) => {
      const files = drawn.map(({ bytes }, index) => ({ ...inlinePicture(bytes), title: `Field ${index + 1}` }));
      return orderPictures(place, patient, [await placeDocument(place, patient, files)]);
    },
    3,
  ],
  'at addresses that differ in their query only': [
    async (place, patient, drawn) => {
      const base = `/${place.whole.url.split(':').at(-1)}/wado-${place.name}`;
      const urls = drawn.map(({ bytes }, index) => {
        storage.files.set(`${base}?objectUID=${index}`, bytes);
        return jpegAt(`${storage.url}${base}?objectUID=${index}`);
      });
      return orderPictures(place, patient, await Promise.all(urls.map((url) => placeMedia(place, patient, url))));
    },
    2,
  ],
  'in a Media based on the order': pointing((place, patient, order, { bytes }) =>
    placeMedia(place, patient, inlinePicture(bytes), { basedOn: [{ reference: order }] }),
  ),
  'in a document related to the order': pointing((place, patient, order, { bytes }) =>
    placeDocument(place, patient, [inlinePicture(bytes)], { context: { related: [refer(order)] } }),
  ),
  'in a Media of the specimen': async (place, patient, [drawn]) => {
    const specimen = `Specimen/${await create(place, { resourceType: 'Specimen', subject: { reference: patient } })}`;
    await placeMedia(place, patient, inlinePicture(drawn?.bytes ?? assert.fail()), {
      subject: { reference: specimen },
    });
    return orderPictures(place, patient, [], { specimen: [{ reference: specimen }] });
  },
  'in the input of a Task': async (place, patient, [drawn]) => {
    const media = await placeMedia(place, patient, inlinePicture(drawn?.bytes ?? assert.fail()));
    // Of another code, so that only its Task orders it.
    const { reference } = await orderPictures(place, patient, [], { code: { text: 'Smear, by Task' } });
    await call('PUT', `${place.ehrUrl}/${LAB}`, { resourceType: 'Organization', id: 'ai-lab', name: 'AI lab' });
    const id = await create(place, {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
      focus: { reference },
      for: { reference: patient },
      owner: { reference: LAB },
      authoredOn: '2026-11-22T09:00:00Z',
      input: [{ type: { text: 'picture' }, valueReference: { reference: media } }],
    });
    return { id, reference: `Task/${id}`, patient, route: SMEAR_TASK_ROUTE };
  },
};

/** Nothing is drawn: that costs time, and is looked at elsewhere. */
const HEMATO = { hemato: { heatMaps: false } } as const;
const SITE = {
  ...HEMATO,
  owners: [LAB],
  smearTasks: `Task?status=requested&owner=${LAB}`,
  storageHosts: ['localhost'],
} as const;
const SITES = {
  medplum: { manner: 'medplum', ...SITE },
  hapi: { manner: 'hapi', ...SITE },
  renewed: { manner: 'medplum', ...HEMATO },
  asking: { manner: 'hapi', ...HEMATO, profile: '2024' },
  late: { manner: 'medplum', ...HEMATO },
} as const;

const ONCE = { received: 1, bills: 1 };

async function assertDone(place: Place, order: PlacedNote, drawn: readonly Drawn[]): Promise<Task> {
  const task = await taskWhen(place, order);
  assert.equal(ofType(await outputsOf(place, task), 'DiagnosticReport').length, 1);
  const clean = drawn.map((one) => one.clean);
  assert.deepEqual(billsOf(place, 'hemato', clean), ONCE);
  assert.equal((await tasksOf(place, order)).length, 1);
  assert.equal((await find(place, 'DiagnosticReport', `subject=${order.patient}`)).length, 1);
  return task;
}

const draw = (count: number): Promise<Drawn[]> => Promise.all(Array.from({ length: count }, () => picture()));

/** The order once it asks for something. */
async function questionOf(place: Place, order: PlacedNote, runs: number) {
  return until(
    'a question',
    async () => {
      const page = await orderOf(place, order);
      const asked = page?.timeline.filter(({ event }) => event === 'asked').length ?? 0;
      return page?.status === 'waiting' && asked >= runs ? page : undefined;
    },
    PATIENCE_SECONDS,
  );
}

onOneWhole(
  'a picture',
  SITES,
  (whole) => {
    for (const manner of MANNERS) {
      for (const [name, way] of Object.entries(ROADS)) {
        test(`${name} arrives as it is, without what identifies (${manner})`, async () => {
          const place = whole().place(manner);
          const [road, count] = Array.isArray(way) ? way : [way, 1];
          const drawn = await draw(count);
          await assertDone(place, await road(place, await newPatient(place), drawn), drawn);
        });
      }

      test(`that comes after its order is waited for (${manner})`, async () => {
        const place = whole().place(manner);
        const patient = await newPatient(place);
        const [drawn] = await draw(1);
        assert.ok(drawn);
        const order = await orderPictures(place, patient, []);
        const waiting = await taskWhen(place, order, ['received']);
        const told = await until('what is missing', async () => (await tasksOf(place, order))[0]?.businessStatus?.text);
        assert.match(told, /^Awaiting information until .* UTC: The order has no picture\.$/);
        await placeMedia(place, patient, inlinePicture(drawn.bytes), { basedOn: [{ reference: order.reference }] });
        // Not every EHR tells us of pictures; of its orders each does.
        await editOrder(place, order, { note: [{ text: 'The slide has been photographed.' }] });
        assert.equal((await assertDone(place, order, [drawn])).id, waiting.id);
      });
    }

    test('whose presigned address has expired is fetched by a fresh one', async () => {
      const place = whole().place('renewed');
      const patient = await newPatient(place);
      const [drawn] = await draw(1);
      assert.ok(drawn);
      const media = await placeMedia(place, patient, jpegAt(await stored(place, drawn)));
      place.sandbox.faults.set('ehr', 'storage-expired', 1);
      await assertDone(place, await orderPictures(place, patient, [media]), [drawn]);
      assert.equal(place.sandbox.faults.list().find(({ name }) => name === 'storage-expired')?.times, 0);
    });

    test('that is added before anything was sent is taken along, and what is asked is asked of both', async () => {
      const place = whole().place('asking');
      const patient = await newPatient(place);
      const drawn = await draw(2);
      const names = await Promise.all(drawn.map(({ bytes }) => placeMedia(place, patient, inlinePicture(bytes))));
      const order = await orderPictures(place, patient, names.slice(0, 1));
      await questionOf(place, order, 1);
      await editOrder(place, order, { supportingInfo: names.map(refer) });
      const page = await questionOf(place, order, 2);
      assert.ok(page.timeline.some(({ event }) => event === 'input-added'));
      assert.equal(place.sandbox.ledger.read().hemato?.endpoints['POST /pbs'], undefined);
      const { id } = z.object({ question: z.object({ id: z.string() }) }).parse(page).question;
      const answered = await api(place, 'POST', `/orders/${page.id}/answer`, { question: id, value: 14 });
      assert.equal(answered.status, 202, JSON.stringify(answered.json));
      await assertDone(place, order, drawn);
    });

    test('that comes after its order was sent is no part of it, and the Task says so', async () => {
      const place = whole().place('late');
      const patient = await newPatient(place);
      const [first, second] = await draw(2);
      assert.ok(first && second);
      place.sandbox.faults.setLevel('hemato', 'never-ready', 1);
      const order = await orderPictures(place, patient, [await placeMedia(place, patient, inlinePicture(first.bytes))]);
      await until(
        'the analysis asked for',
        () => billsOf(place, 'hemato', [first.clean]).bills === 1,
        PATIENCE_SECONDS,
      );
      const late = await placeMedia(place, patient, inlinePicture(second.bytes), {
        basedOn: [{ reference: order.reference }],
      });
      await editOrder(place, order, { note: [{ text: 'One more field was photographed.' }] });
      const noted = async () => (await tasksOf(place, order))[0]?.note?.at(-1)?.text;
      const note = await until('a word about it', noted, PATIENCE_SECONDS);
      assert.equal(
        note,
        `${late} came after the order had been sent to Hemato.AI and is not part of it. Place a new order to have it analysed.`,
      );
      place.sandbox.faults.setLevel('hemato', 'never-ready', 0);
      await assertDone(place, order, [first]);
      assert.deepEqual(billsOf(place, 'hemato', [first.clean, second.clean]), { received: 0, bills: 0 });
    });
  },
  { gone: new Set([LAB]) },
);
