/** Pictures over HTTP: read and checked, and once more, de-identified, when they are sent; and how news of them is told. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { Binary, DocumentReference, Media, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import sharp from 'sharp';
import { type Manner, openEhr } from '../../sandbox/ehr/index.ts';
import type { OpenFhirClient } from '../../src/fhir/client.ts';
import { openPicture } from '../../src/fhir/open-picture.ts';
import { attachmentAt } from '../../src/fhir/picture-holders.ts';
import { addedSources, compareSignatures, sourcesOf } from '../../src/fhir/signature.ts';
import type { OrderReading } from '../../src/fhir/types.ts';
import type { OrderInput } from '../../src/vendors/contract.ts';
import { faultsOf } from '../sandbox/serve-ehr.ts';
import { clientOf, FHIR, failure, type Server, serve } from './client-support.ts';
import {
  base64,
  document,
  jpeg,
  media,
  patient,
  png,
  readPictureOrder,
  request,
  turnedJpeg,
} from './picture-support.ts';

const MANNERS: Manner[] = ['medplum', 'hapi'];

interface Ward {
  client: OpenFhirClient;
  faults: ReturnType<typeof faultsOf>;
  order: string;
  /** `Patient/…` */
  subject: { reference: string };
  create<T extends Resource>(resource: T): Promise<string>;
  binary(bytes: Uint8Array, contentType?: string): Promise<string>;
  read(download?: boolean): Promise<OrderReading>;
}

/** An embedded EHR with a patient and an order. */
async function ward(t: TestContext, manner: Manner): Promise<Ward> {
  const faults = faultsOf();
  const server = await serve(t, (app, self) => {
    const ehr = openEhr({ manner, faults, baseUrl: () => `${self.origin}/fhir` });
    t.after(() => ehr.close());
    app.use('/fhir', ehr.router);
    app.use('/storage', ehr.storage);
  });
  const { client } = clientOf(t, server.origin);
  const create = async <T extends Resource>({ id: _, ...resource }: T): Promise<string> =>
    (await client.create<Resource>(resource as Resource)).id ?? '';
  const subject = { reference: `Patient/${await create(patient)}` };
  const order = await create(request([], { subject }));
  return {
    ...{ client, faults, order, subject, create },
    binary: async (bytes, contentType = 'image/jpeg') => {
      const binary: Binary = { resourceType: 'Binary', contentType, data: base64(bytes) };
      return `Binary/${await create(binary)}`;
    },
    read: (download = true) => readPictureOrder(client, { id: order, download }),
  };
}

const bytesOf = async (body: Readable) => new Uint8Array(await buffer(body));
const inputOf = ({ inputs, refusal }: OrderReading): OrderInput => inputs[0] ?? assert.fail(refusal?.text);
const onOrder = ({ order, subject }: Ward, id: string, url: string): Media =>
  media(id, {
    subject,
    basedOn: [{ reference: `ServiceRequest/${order}` }],
    content: { contentType: 'image/jpeg', url },
  });

for (const manner of MANNERS) {
  test(`a picture that points at its order is read, and leaves upright and without a word (${manner})`, async (t) => {
    const it = await ward(t, manner);
    const bytes = await turnedJpeg();
    assert.match(Buffer.from(bytes).toString('latin1'), /Dr Secret/);
    await it.create(onOrder(it, 'm', await it.binary(bytes)));
    const input = inputOf(await it.read());
    assert.equal(input.sha256, createHash('sha256').update(bytes).digest('hex'));
    const clean = await openPicture(it.client, input);
    const sent = await bytesOf(clean.body);
    assert.deepEqual([clean.contentType, clean.size], ['image/jpeg', sent.length]);
    assert.doesNotMatch(Buffer.from(sent).toString('latin1'), /Secret|Exif/);
    const { width, height, orientation } = await sharp(sent).metadata();
    assert.deepEqual([width, height, orientation ?? 1], [6, 8, 1]);
  });

  test(`what comes beside an order is told from what changes it (${manner})`, async (t) => {
    const it = await ward(t, manner);
    const first = await it.create(onOrder(it, 'm', await it.binary(await jpeg(1))));
    const { signature: before } = await it.read(false);
    assert.deepEqual(sourcesOf(before), [`Media/${first}`]);
    assert.equal((await it.read(false)).signature, before, 'presigned addresses differ each time');

    const coming = await it.create({
      ...onOrder(it, 'n', await it.binary(await jpeg(2))),
      status: 'preparation' as const,
    });
    const { signature: announced } = await it.read(false);
    assert.equal(compareSignatures(before, announced), 'none');
    assert.ok(sourcesOf(announced).includes(`Media/${coming}`), 'news of it is news of the order');

    const { content, ...taken } = (await it.client.read<Media>('Media', coming)) ?? assert.fail();
    await it.client.update({ ...taken, content, id: coming, status: 'completed' });
    const { signature: after } = await it.read(false);
    assert.equal(compareSignatures(announced, after), 'added');
    assert.deepEqual(addedSources(announced, after), [`Media/${coming}`]);
    assert.equal(compareSignatures(before, after), 'added');

    const own: Media = {
      ...onOrder(it, 'x', await it.binary(await png(), 'image/png')),
      identifier: [{ system: 'urn:fhir-ai-adapter:result', value: 'general/ServiceRequest/1/smear#media/1' }],
    };
    await it.create(own);
    assert.equal((await it.read(false)).signature, after, 'our own result');

    const now = (await it.client.read<Media>('Media', first)) ?? assert.fail();
    await it.client.update({ ...now, id: first, note: [{ text: 'seen' }] });
    assert.equal(compareSignatures(after, (await it.read(false)).signature), 'none', 'a note on it');
    await it.client.update({ ...now, id: first, view: { text: 'left' } });
    assert.equal(compareSignatures(after, (await it.read(false)).signature), 'changed', 'another view');
    await it.client.update({ ...now, id: first, status: 'entered-in-error' });
    assert.equal(compareSignatures(after, (await it.read(false)).signature), 'changed', 'taken back');
    assert.equal((await it.read()).inputs.length, 1);
  });

  test(`pictures of the order's specimen are found, documents that point at either too (${manner})`, async (t) => {
    const it = await ward(t, manner);
    const { subject } = it;
    const specimen = `Specimen/${await it.create({ resourceType: 'Specimen', subject })}`;
    const { meta: _, ...order } = (await it.client.read('ServiceRequest', it.order)) ?? assert.fail();
    await it.client.update({
      ...request([], { subject }),
      ...order,
      id: it.order,
      specimen: [{ reference: specimen }],
    } as Resource & { id: string });
    await it.create(
      media('m', {
        subject: { reference: specimen },
        content: { contentType: 'image/jpeg', url: await it.binary(await jpeg(3)) },
      }),
    );
    for (const reference of [specimen, `ServiceRequest/${it.order}`]) {
      const attachment = { contentType: 'image/png', url: await it.binary(await png(reference.length), 'image/png') };
      await it.create(document('d', { subject, content: [{ attachment }], context: { related: [{ reference }] } }));
    }
    const { inputs, refusal } = await it.read();
    assert.deepEqual([inputs.map(({ place }) => place), refusal], [['content', 'content/0', 'content/0'], undefined]);
  });
}

test('an expired address is renewed at reading and at sending, at most twice', async (t) => {
  const it = await ward(t, 'medplum');
  const bytes = await png();
  const url = await it.binary(bytes, 'image/png');
  await it.create({ ...onOrder(it, 'm', url), content: { url } });
  it.faults.set('storage-expired');
  it.faults.set('storage-expired');
  const input = inputOf(await it.read());
  assert.equal(input.contentType, 'image/png');
  it.faults.set('storage-expired');
  assert.ok((await bytesOf((await openPicture(it.client, input)).body)).length > 0);
  for (let times = 0; times < 3; times++) {
    it.faults.set('storage-expired');
  }
  const { refusal } = await it.read();
  assert.deepEqual(refusal, {
    code: 'input-unavailable',
    text: 'The picture cannot be fetched: its server does not let this service read it.',
  });
});

test('a picture that was replaced meanwhile does not leave, nor one that is gone', async (t) => {
  const it = await ward(t, 'hapi');
  const url = await it.binary(await jpeg(9));
  const id = await it.create(onOrder(it, 'm', url));
  const input = inputOf(await it.read());
  const now = (await it.client.read<Media>('Media', id)) ?? assert.fail();
  await it.client.update({ ...now, id, content: { contentType: 'image/jpeg', url: await it.binary(await jpeg(77)) } });
  const replaced = await failure(openPicture(it.client, input).then(({ body }) => bytesOf(body)));
  assert.equal(replaced.code, 'input-unavailable');
  assert.match(replaced.orderer, /no longer the one that was read/);
  const gone = { ...input, place: 'content/7' };
  assert.match((await failure(openPicture(it.client, gone))).orderer, /no longer where it was/);
  assert.match(
    (await failure(openPicture(it.client, { ...input, reference: 'Media/none' }))).orderer,
    /no longer where/,
  );
});

/** A FHIR server that answers its Binaries as the test wants. */
async function binaries(t: TestContext, answer: (id: string, server: Server) => object | number | Uint8Array) {
  const server = await serve(t, (app, self) => {
    app.get(
      '/fhir/metadata',
      (_req, res) => void res.type(FHIR).send({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' }),
    );
    app.get('/fhir/Patient/p', (_req, res) => void res.type(FHIR).send(patient));
    app.get('/fhir/ServiceRequest/s', (_req, res) => void res.type(FHIR).send(request(['Media/m'])));
    app.get('/fhir/Media/m', (_req, res) => void res.type(FHIR).send(media('m')));
    app.get('/fhir/Binary/:id', (req, res) => {
      const said = answer(req.params.id, self);
      if (typeof said === 'number') {
        res.status(said).end();
      } else if (said instanceof Uint8Array) {
        res.type('image/jpeg').send(Buffer.from(said));
      } else {
        res.type(FHIR).send(said);
      }
    });
    app.use((_req, res) => void res.status(404).type(FHIR).send({ resourceType: 'OperationOutcome', issue: [] }));
  });
  return { server, ...clientOf(t, server.origin) };
}

test('a server that has not, or does not give, the file is said in words; one that fails is tried again', async (t) => {
  let status = 404;
  const { client } = await binaries(t, () => status);
  const ways: [number, string][] = [
    [404, 'it is not where the order says it is'],
    [410, 'it is not where the order says it is'],
    [403, 'its server does not let this service read it'],
  ];
  let why = '';
  for ([status, why] of ways) {
    const { refusal } = await readPictureOrder(client);
    assert.deepEqual(refusal, {
      code: 'input-unavailable',
      text: `The picture cannot be fetched: ${why}.`,
    });
  }
  status = 503;
  assert.equal((await failure(readPictureOrder(client))).kind, 'transient');
});

test('a Binary that comes as a FHIR resource is understood', async (t) => {
  const bytes = await jpeg();
  const { client } = await binaries(t, (id) => ({
    resourceType: 'Binary',
    id,
    contentType: 'image/jpeg',
    data: base64(bytes),
  }));
  const input = inputOf(await readPictureOrder(client));
  assert.equal(input.size, bytes.length);
  assert.equal((await bytesOf((await openPicture(client, input)).body)).length, input.picture?.cleanSize);
});

test('a file whose length is over the limit is not downloaded', async (t) => {
  let sent = 0;
  const server = await serve(t, (app) => {
    app.get('/fhir/metadata', (_req, res) => void res.type(FHIR).send({ resourceType: 'CapabilityStatement' }));
    app.get('/fhir/Patient/p', (_req, res) => void res.type(FHIR).send(patient));
    app.get('/fhir/Media/m', (_req, res) => void res.type(FHIR).send(media('m')));
    app.get('/fhir/Binary/m', (_req, res) => {
      res.type('image/jpeg').set('Content-Length', String(900 * 1024 * 1024));
      const chunk = Buffer.alloc(64 * 1024);
      const more = () => {
        while (!res.destroyed && sent < 900 * 1024 * 1024) {
          sent += chunk.length;
          if (!res.write(chunk)) {
            res.once('drain', more);
            return;
          }
        }
      };
      more();
    });
  });
  const { client } = clientOf(t, server.origin);
  const { refusal } = await readPictureOrder(client, { type: 'Media', id: 'm' });
  assert.deepEqual(refusal, { code: 'input-too-large', text: 'The picture is larger than 1 MB.' });
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were sent`);
});

test('whatever a place says, it names an attachment of the resource or nothing', () => {
  const inner = media('i');
  const holders: Resource[] = [media('m'), document('d'), request([], { contained: [inner, document('#/')] })];
  const place = fc.oneof(
    fc.string(),
    fc.stringMatching(/^(#[a-z/]{0,3}\/)?(content|data)(\/-?\d{1,6})?$/),
    fc.constantFrom('content', 'content/0', 'data', '#i/content', '#i/content/0', '__proto__', 'content/__proto__'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...holders), place, (resource, at) => {
      const found = attachmentAt(resource, at);
      const known = [media('m').content, inner.content, ...document('d').content.map(({ attachment }) => attachment)];
      assert.ok(found === undefined || known.some((one) => one?.url === found.url) || found.url === 'Binary/#/');
    }),
  );
  const odd: DocumentReference = JSON.parse('{"resourceType":"DocumentReference","content":[null]}');
  assert.equal(attachmentAt({ ...document('d'), content: [] }, 'content/0'), undefined);
  assert.doesNotThrow(() => attachmentAt(odd, 'content/0'));
});
