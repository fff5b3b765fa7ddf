/** Pictures that cannot be sent: what the clinician is told, and that nothing was sent, asked for or billed. */
import assert from 'node:assert/strict';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import type { Attachment } from '@medplum/fhirtypes';
import sharp from 'sharp';
import { exampleFace } from '../../sandbox/examples/face.ts';
import { create, createBinary, orderOf, type PlacedNote, taskWhen } from '../support/clinic.ts';
import { FACE_ROUTE } from '../support/picture-sites.ts';
import {
  billsOf,
  inlinePicture,
  newPatient,
  orderPictures,
  picture,
  placeDocument,
  placeMedia,
  sentenceOf,
} from '../support/pictures.ts';
import { serve } from '../support/serve.ts';
import { MANNERS, onOneWhole, type Place } from '../support/whole.ts';

const MB = 1024 * 1024;
const FRONT = { view: { text: 'front' } };

/** Storage that is not the EHR's own, by another name of this machine; counts what is asked of it. */
const storage = { url: '', asked: new Map<string, number>(), close: async () => {} };

/** A picture with so many megabytes more of scan data than it needs; nobody is told beforehand. */
function* pieces(bytes: Uint8Array, megabytes: number): Generator<Uint8Array> {
  yield bytes.subarray(0, -2);
  for (let sent = 0; sent < megabytes; sent++) {
    yield new Uint8Array(MB);
  }
  yield bytes.subarray(-2);
}

before(async () => {
  const { bytes } = await picture();
  const { url, close } = await serve(async (request, response) => {
    const [, status, name = ''] = request.url?.split('/') ?? [];
    storage.asked.set(name, (storage.asked.get(name) ?? 0) + 1);
    response.writeHead(Number(status), { 'Content-Type': 'image/jpeg' });
    // Whoever has enough hangs up.
    await pipeline(name === 'empty' ? [] : pieces(bytes, name === 'endless' ? 60 : 0), response).catch(() => undefined);
  });
  Object.assign(storage, { url: url.replace('127.0.0.1', 'localhost'), close });
});
after(() => storage.close());

const stored = (status: number, name: string): Attachment => ({
  contentType: 'image/jpeg',
  url: `${storage.url}/${status}/${name}`,
});

/** An order of a smear with one Media of this content. */
async function smearOf(place: Place, content: Attachment): Promise<PlacedNote> {
  const patient = await newPatient(place);
  return orderPictures(place, patient, [await placeMedia(place, patient, content)]);
}

async function consent(place: Place, patient: string, type: 'permit' | 'deny'): Promise<void> {
  const permitted = exampleFace().find(({ resourceType }) => resourceType === 'Consent');
  assert.ok(permitted?.resourceType === 'Consent');
  const { id: _id, policyRule: _rule, ...rest } = permitted;
  const policyRule = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] };
  await create(place, { ...rest, policyRule, patient: { reference: patient }, provision: { type } });
}

async function tiff(): Promise<Attachment> {
  const bytes = await sharp((await picture()).bytes)
    .tiff()
    .toBuffer();
  return inlinePicture(bytes, 'image/tiff');
}

const heic = Buffer.from('000000186674797068656963000000006d69663168656963', 'hex');
const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(64)]);

const REFUSED: Record<string, { place: (place: Place) => Promise<PlacedNote>; words: RegExp }> = {
  'that names none': {
    place: async (place) => orderPictures(place, await newPatient(place), []),
    words: /^The order has no picture\.$/,
  },
  'that is a TIFF file': {
    place: async (place) => smearOf(place, await tiff()),
    words: /^The picture is a TIFF file; only JPEG, PNG and zip files of such can be sent\.$/,
  },
  'that is a TIFF file and says to be a JPEG': {
    place: async (place) => smearOf(place, { ...(await tiff()), contentType: 'image/jpeg' }),
    words: /^The picture is a TIFF file; /,
  },
  'that is a HEIC file': { place: (place) => smearOf(place, inlinePicture(heic, 'image/heic')), words: /HEIC/ },
  'that is a DICOM file': {
    place: (place) => smearOf(place, inlinePicture(dicom, 'application/dicom')),
    words: /DICOM/,
  },
  'that is truncated': {
    place: async (place) => {
      const { bytes } = await picture();
      const half = bytes.subarray(0, Math.floor(bytes.length * 0.8));
      return smearOf(place, { contentType: 'image/jpeg', url: await createBinary(place, half, 'image/jpeg') });
    },
    words: /^The picture is incomplete: the file ends before the picture does\.$/,
  },
  'of zero bytes': {
    place: (place) => smearOf(place, stored(200, 'empty')),
    words: /^The picture is empty \(0 bytes\)\.$/,
  },
  'that turns out to be over the limit': {
    place: (place) => smearOf(place, stored(200, 'endless')),
    words: /^The picture is larger than 50 MB\.$/,
  },
  'that says to be over the limit': {
    place: (place) => smearOf(place, { ...stored(200, 'declared'), size: 60 * MB }),
    words: /^The picture is larger than 50 MB\.$/,
  },
  'that the EHR does not have': {
    place: (place) => smearOf(place, { contentType: 'image/jpeg', url: 'Binary/0' }),
    words: /^The picture cannot be fetched/,
  },
  'that storage does not have (404)': {
    place: (place) => smearOf(place, stored(404, 'gone')),
    words: /^The picture cannot be fetched/,
  },
  'that storage does not give (403)': {
    place: (place) => smearOf(place, stored(403, 'refused')),
    words: /^The picture cannot be fetched/,
  },
  'of which there are 501': {
    place: async (place) => {
      const patient = await newPatient(place);
      const all = Array.from({ length: 501 }, (_, index) => ({ ...stored(200, 'many'), title: `Field ${index}` }));
      const files = all.map((each, index) => ({ ...each, url: `${each.url}/${index}` }));
      return orderPictures(place, patient, [await placeDocument(place, patient, files)]);
    },
    words: /^The order has 501 pictures; at most 500 can be sent\.$/,
  },
  'of another patient': {
    place: async (place) => {
      const media = await placeMedia(place, await newPatient(place), inlinePicture((await picture()).bytes));
      return orderPictures(place, await newPatient(place), [media]);
    },
    words: /^A picture belongs to another patient than the order\.$/,
  },
  'of a patient who has denied consent': {
    place: async (place) => {
      const patient = await newPatient(place);
      await consent(place, patient, 'deny');
      return orderPictures(place, patient, [await placeMedia(place, patient, inlinePicture((await picture()).bytes))]);
    },
    words: /consent does not allow that their data goes to Hemato\.AI\.$/,
  },
  'of a patient without the consent that this vendor needs': {
    place: async (place) => {
      const patient = await newPatient(place);
      const media = await placeMedia(place, patient, inlinePicture((await picture()).bytes), FRONT);
      return orderPictures(place, patient, [media], { route: FACE_ROUTE });
    },
    words: /consent to the analysis by Haut\.AI is required, and none was found in the EHR\.$/,
  },
  'beside another of the same side': {
    place: async (place) => {
      const patient = await newPatient(place);
      await consent(place, patient, 'permit');
      const fronts = [await picture(), await picture('png')].map(({ bytes }) =>
        placeMedia(place, patient, inlinePicture(bytes), FRONT),
      );
      return orderPictures(place, patient, await Promise.all(fronts), { route: FACE_ROUTE });
    },
    words: /^More than one photo shows the front of the face; /,
  },
};

const SITE = {
  hemato: {},
  hautai: {},
  policy: { awaitInputHours: 0, requireConsent: ['hautai'] },
  storageHosts: ['localhost'],
} as const;
const SITES = {
  medplum: { manner: 'medplum', ...SITE },
  hapi: { manner: 'hapi', ...SITE },
  expired: { manner: 'medplum', ...SITE },
} as const;

/** Neither vendor has heard of anything: no study, no subject, no upload, no bill. */
function assertUntouched(place: Place): void {
  const { hemato, hautai } = place.sandbox.ledger.read();
  assert.deepEqual([hemato?.endpoints, hemato?.billed], [{}, {}]);
  assert.deepEqual([hautai?.endpoints, hautai?.billed], [{}, {}]);
}

async function assertRefused(place: Place, order: PlacedNote, words: RegExp): Promise<void> {
  const task = await taskWhen(place, order, ['rejected']);
  assert.match(sentenceOf(task), words);
  const [outcome] = task.contained ?? [];
  assert.equal(outcome?.resourceType, 'OperationOutcome');
  assert.deepEqual(
    task.output?.map(({ valueReference }) => valueReference?.reference),
    [`#${outcome?.id}`],
  );
  assert.deepEqual((await orderOf(place, order))?.calls, []);
}

onOneWhole('an order of a picture', SITES, (whole) => {
  for (const manner of MANNERS) {
    for (const [name, { place: placeOrder, words }] of Object.entries(REFUSED)) {
      test(`${name} is rejected in the clinician's words (${manner})`, async () => {
        const place = whole().place(manner);
        await assertRefused(place, await placeOrder(place), words);
      });
    }
  }

  test('whose address has expired, and the fresh one too, is rejected', async () => {
    const place = whole().place('expired');
    const { bytes, clean } = await picture();
    place.sandbox.faults.set('ehr', 'storage-expired', 100);
    const order = await smearOf(place, {
      contentType: 'image/jpeg',
      url: await createBinary(place, bytes, 'image/jpeg'),
    });
    await assertRefused(place, order, /^The picture cannot be fetched/);
    assert.deepEqual(billsOf(place, 'hemato', [clean]), { received: 0, bills: 0 });
  });

  after(() => {
    for (const name of Object.keys(SITES)) {
      assertUntouched(whole().place(name));
    }
    assert.deepEqual([storage.asked.get('many'), storage.asked.get('declared')], [undefined, undefined]);
  });
});
