/** Which pictures an order has, whose they are, and what is refused, before anything is sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { DocumentReference, Media, Resource, Specimen } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { OrderReading } from '../../src/fhir/types.ts';
import {
  base64,
  document,
  jpeg,
  LIMITS,
  media,
  patient,
  png,
  readPictureOrder,
  request,
  turnedJpeg,
} from './picture-support.ts';
import { type ReadingServer, readingServer } from './reading-client.ts';

let smear: Uint8Array;
let other: Uint8Array;
before(async () => {
  [smear, other] = await Promise.all([jpeg(), png()]);
});

/** A server that has the files of all these resources, each a picture of its own. */
async function serverOf(resources: Resource[], searchable = true): Promise<ReadingServer> {
  const server = readingServer([patient, ...resources], { searchable });
  const urls = new Set(JSON.stringify(resources).match(/Binary\/[\w-]+/g));
  for (const [index, url] of [...urls].entries()) {
    server.files.set(url, { bytes: await jpeg(index % 250), contentType: 'image/jpeg' });
  }
  return server;
}

const reading = async (resources: Resource[], more: Parameters<typeof readPictureOrder>[1] = {}) =>
  readPictureOrder((await serverOf(resources)).client, more);
const places = ({ inputs }: OrderReading) => inputs.map(({ reference, place }) => `${reference} ${place}`);
const fetched = ({ asked }: ReadingServer) => asked.filter((line) => line.startsWith('fetch')).length;
const specimen = (id: string, who?: string): Specimen => ({
  resourceType: 'Specimen',
  id,
  ...(who && { subject: { reference: who } }),
});
const named = (id: string) => ({ reference: `ServiceRequest/${id}` });

describe('the pictures of an order', () => {
  test('are what it names, in its order, then what its specimen and what points back lead to, by date', async () => {
    const order = request(['DocumentReference/d', 'Media/b', 'Binary/x'], { specimen: [{ reference: 'Specimen/1' }] });
    const late = media('z', { basedOn: [named('s')], createdDateTime: '2026-11-25T09:00:00Z' });
    const slide = media('y', { subject: { reference: 'Specimen/1' }, createdDateTime: '2026-11-24' });
    const back = document('a', { context: { related: [named('s')] }, date: '2026-11-26T09:00:00Z' });
    const unrelated = [media('other'), media('of-another-order', { basedOn: [named('t')] })];
    const found = await reading([
      ...[late, slide, back, ...unrelated, order, media('b'), document('d'), specimen('1', 'Patient/p')],
    ]);
    assert.deepEqual(places(found), [
      'DocumentReference/d content/0',
      'Media/b content',
      'Binary/x data',
      'Media/y content',
      'Media/z content',
      'DocumentReference/a content/0',
    ]);
    assert.deepEqual(found.inputs.map(({ name }) => name).slice(0, 2), ['picture/001', 'picture/002']);
  });

  test('carry what the EHR and their first reading say, and no bytes', async () => {
    const device: Resource = {
      resourceType: 'Device',
      id: 'scanner',
      extension: [{ url: 'urn:rbc', valueDecimal: 85 }],
    };
    const one = media('m', {
      view: { text: 'front' },
      bodySite: { text: 'face' },
      extension: [{ url: 'urn:lot', valueString: '7' }],
      device: { reference: 'Device/scanner' },
      content: { contentType: 'image/png', data: base64(other) },
    });
    const [input, turned] = (
      await reading([
        request(['Media/m', 'Media/t']),
        one,
        device,
        media('t', {
          content: { contentType: 'image/jpeg', data: base64(await turnedJpeg()), creation: '2026-01-01' },
        }),
      ])
    ).inputs;
    assert.deepEqual(input, {
      name: 'picture/001',
      kind: 'picture',
      contentType: 'image/png',
      sha256: createHash('sha256').update(other).digest('hex'),
      size: other.length,
      date: '2026-11-20T09:00:00Z',
      reference: 'Media/m',
      place: 'content',
      picture: {
        contentType: 'image/png',
        pictures: 1,
        width: 8,
        height: 6,
        turned: false,
        blocks: [crc32(other)],
        cleanSize: other.length,
        plan: [[0, other.length]],
        view: { text: 'front' },
        bodySite: { text: 'face' },
        extension: [
          { url: 'urn:lot', valueString: '7' },
          { url: 'urn:rbc', valueDecimal: 85 },
        ],
      },
    });
    assert.deepEqual([turned?.picture?.turned, turned?.picture?.width], [true, 6]);
  });

  test('of one document are several, unless they are one in several formats', async () => {
    const at = (contentType: string, url: string, title?: string) => ({
      attachment: { contentType, url: `Binary/${url}`, ...(title && { title }) },
    });
    const several = document('d', {
      content: [
        ...[at('image/jpeg', '1', 'front.jpg'), at('image/png', '2', 'front.png'), at('image/jpeg', '3', 'left.jpg')],
        at('application/pdf', '4', 'letter.pdf'),
      ],
    });
    const found = await reading([request(['DocumentReference/d']), several]);
    assert.deepEqual(places(found), ['DocumentReference/d content/0', 'DocumentReference/d content/2']);
    assert.deepEqual(
      found.inputs.map(({ picture }) => picture?.view?.text),
      ['front.jpg', 'left.jpg'],
    );
    const untitled = document('d', { content: ['1', '2', '3'].map((url) => at('image/jpeg', url)) });
    assert.equal((await reading([request(['DocumentReference/d']), untitled])).inputs.length, 3);
    const tiffFirst = document('d', { content: [at('image/tiff', '1'), at('image/jpeg', '2')] });
    assert.deepEqual(places(await reading([request(['DocumentReference/d']), tiffFirst])), [
      'DocumentReference/d content/1',
    ]);
  });

  test('may be contained in the order or its Task, order by themselves, or be named by the Task', async () => {
    const inside = request(['#m'], {
      contained: [media('m', { content: { contentType: 'image/png', data: base64(other) } })],
    });
    assert.deepEqual(places(await reading([inside])), ['ServiceRequest/s #m/content']);
    for (const resource of [media('m'), document('m')]) {
      const type = resource.resourceType;
      const place = type === 'Media' ? 'Media/m content' : 'DocumentReference/m content/0';
      assert.deepEqual(places(await reading([resource], { type, id: 'm' })), [place]);
    }
    const task: Resource = {
      resourceType: 'Task',
      id: 't',
      status: 'requested',
      intent: 'order',
      focus: { reference: 'ServiceRequest/s' },
      contained: [media('c', { content: { contentType: 'image/jpeg', data: base64(smear) } })],
      input: ['Media/m', '#c'].map((reference) => ({ type: { text: 'picture' }, valueReference: { reference } })),
    };
    const asked = await reading([task, request(), media('m')], { type: 'Task', id: 't' });
    assert.deepEqual(places(asked), ['Media/m content', 'Task/t #c/content']);
  });

  test('are each sent once, whatever names them', async () => {
    const same = { contentType: 'image/jpeg', url: 'Binary/1' };
    const order = request(['Media/a', 'Media/a', 'DocumentReference/d']);
    const found = await reading([
      order,
      media('a', { content: same, basedOn: [named('s')] }),
      document('d', { content: [{ attachment: same }] }),
    ]);
    assert.deepEqual(places(found), ['Media/a content']);
  });

  test('at addresses that differ in their query only are all sent, but the same bytes once', async () => {
    const url = (query: string) => `https://storage.example/wado?${query}`;
    const at = (id: string) => media(id, { content: { contentType: 'image/jpeg', url: url(id) } });
    const server = await serverOf([request(['a', 'b', 'c'].map((id) => `Media/${id}`)), at('a'), at('b'), at('c')]);
    const other = await png(7);
    for (const [id, bytes] of [['a', smear] as const, ['b', other] as const, ['c', smear] as const]) {
      server.files.set(url(id), { bytes });
    }
    assert.deepEqual(places(await readPictureOrder(server.client)), ['Media/a content', 'Media/b content']);
  });

  test('are no notes: what says that it is something else is passed over, by what it declares or by its answer', async () => {
    const letter = document('letter', {
      content: [{ attachment: { contentType: 'application/pdf', url: 'Binary/l' } }],
    });
    const server = await serverOf([
      request(['DocumentReference/letter', 'Binary/text', 'Media/m']),
      letter,
      media('m'),
    ]);
    server.files.set('Binary/text', { bytes: new TextEncoder().encode('Dear colleague'), contentType: 'text/plain' });
    assert.deepEqual(places(await readPictureOrder(server.client)), ['Media/m content']);
    assert.ok(!server.asked.includes('fetch Binary/l'));
  });

  test('are never what a vendor made: neither ours nor labelled as made by AI', async () => {
    const ours = media('ours', {
      basedOn: [named('s')],
      identifier: [{ system: 'urn:fhir-ai-adapter:result', value: 'general/ServiceRequest/s/smear#media/1' }],
    });
    const labelled = media('ai', {
      basedOn: [named('s')],
      meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'AIAST' }] },
    });
    const before = await reading([request(['Media/m']), media('m')]);
    const after = await reading([request(['Media/m', 'Media/ai']), media('m'), ours, labelled]);
    assert.deepEqual(places(after), ['Media/m content']);
    assert.equal(after.signature, before.signature, 'what we write is no news of the order');
  });
});

describe('a picture that is none (yet)', () => {
  const states: [Partial<Media>, RegExp][] = [
    [{ status: 'entered-in-error' }, /has no picture/],
    [{ status: 'not-done' }, /has no picture/],
    [{ status: 'preparation' }, /not been taken yet/],
  ];
  for (const [more, text] of states) {
    test(`a Media that is ${more.status} is waited for where it is all there is, and passed over where it is not`, async () => {
      const { refusal } = await reading([request(['Media/m']), media('m', more)]);
      assert.match(refusal?.text ?? '', text);
      assert.equal(refusal?.awaits, true);
      assert.deepEqual(places(await reading([request(['Media/m', 'Media/n']), media('m', more), media('n')])), [
        'Media/n content',
      ]);
    });
  }
  const documents: Partial<DocumentReference>[] = [
    { status: 'superseded' },
    { status: 'entered-in-error' },
    { docStatus: 'preliminary' },
  ];
  for (const more of documents) {
    test(`a document that is ${JSON.stringify(more)} is none either`, async () => {
      const found = await reading([request(['DocumentReference/m', 'Media/n']), document('m', more), media('n')]);
      assert.deepEqual(places(found), ['Media/n content']);
    });
  }
  test('a document that another one replaces is not sent beside it', async () => {
    const newer = document('n', { relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/m' } }] });
    const order = request(['DocumentReference/m', 'DocumentReference/n']);
    assert.deepEqual(places(await reading([order, document('m'), newer])), ['DocumentReference/n content/0']);
  });
  test('an order without any waits for one, and says so where the one it names is not there', async () => {
    const none = await reading([request()]);
    assert.deepEqual(none.refusal, { code: 'order-incomplete', text: 'The order has no picture.', awaits: true });
    const gone = await reading([request(['Media/gone'])]);
    assert.match(gone.refusal?.text ?? '', /not in the EHR/);
    assert.equal(gone.refusal?.awaits, true);
    const letter = document('d', { content: [{ attachment: { contentType: 'text/plain', data: 'YQ==' } }] });
    const own = await reading([letter], { type: 'DocumentReference', id: 'd' });
    assert.deepEqual(own.refusal, { code: 'order-incomplete', text: 'The order has no picture.' });
    const only = await reading([request(['DocumentReference/d']), letter]);
    assert.equal(only.refusal?.awaits, true);
  });
});

describe('a picture of somebody else', () => {
  const refused: [string, Resource[]][] = [
    ['named', [request(['Media/m']), media('m', { subject: { reference: 'Patient/q' } })]],
    [
      'among others',
      [request(['Media/n', 'Media/m']), media('n'), media('m', { subject: { reference: 'Patient/q' } })],
    ],
    ['of a group', [request(['Media/m']), media('m', { subject: { reference: 'Group/q' } })]],
    ['as a document', [request(['DocumentReference/m']), document('m', { subject: { reference: 'Patient/q' } })]],
    ['that points back', [request(), media('m', { basedOn: [named('s')], subject: { reference: 'Patient/q' } })]],
    [
      'of a specimen of another patient',
      [request(['Media/m']), media('m', { subject: { reference: 'Specimen/1' } }), specimen('1', 'Patient/q')],
    ],
  ];
  for (const [what, resources] of refused) {
    test(`${what} refuses the order, and nothing is fetched`, async () => {
      const server = await serverOf(resources);
      const { refusal, inputs } = await readPictureOrder(server.client);
      assert.deepEqual(refusal, {
        code: 'order-incomplete',
        text: 'A picture belongs to another patient than the order.',
      });
      assert.equal(inputs.length + fetched(server), 0);
    });
  }
  test('cannot be ruled out where nobody here knows who it is', async () => {
    for (const subject of [
      { reference: 'https://other.example/Patient/p' },
      { identifier: { value: '7' } },
      { reference: 'Specimen/gone' },
    ]) {
      const { refusal } = await reading([request(['Media/m']), media('m', { subject })]);
      assert.match(refusal?.text ?? '', /cannot be told/);
    }
    const known = { ...patient, identifier: [{ system: 'urn:mrn', value: '7' }] };
    const own = media('m', { subject: { identifier: { system: 'urn:mrn', value: '7' } } });
    assert.equal((await reading([request(['Media/m']), own, known])).inputs.length, 1);
  });
  test('is not one that names nobody, where the order names it or it names the order; nor a note of somebody else', async () => {
    const { subject: _, ...nobody } = media('m');
    const { subject: __, ...back } = media('n', { basedOn: [named('s')] });
    assert.equal((await reading([request(['Media/m']), nobody, back])).inputs.length, 2);
    const letter = document('d', {
      subject: { reference: 'Patient/q' },
      content: [{ attachment: { contentType: 'text/plain' } }],
    });
    assert.equal((await reading([request(['Media/m', 'DocumentReference/d']), media('m'), letter])).inputs.length, 1);
  });
  test('refuses where the order’s own specimen is somebody else’s', async () => {
    const order = request(['Media/m'], { specimen: [{ reference: 'Specimen/1' }] });
    const { refusal } = await reading([order, media('m'), specimen('1', 'Patient/q')]);
    assert.match(refusal?.text ?? '', /specimen belongs to another patient/);
  });
});

describe('a picture that cannot be sent', () => {
  const refusalOf = async (bytes: Uint8Array | undefined, more: Partial<Media> = {}) => {
    const server = await serverOf([request(['Media/m']), media('m', more)]);
    server.files.clear();
    if (bytes) {
      server.files.set('Binary/m', { bytes, contentType: 'image/jpeg' });
    }
    const { refusal, inputs } = await readPictureOrder(server.client);
    assert.equal(inputs.length, 0);
    return { ...refusal, fetched: fetched(server) };
  };
  test('is refused in words: another type, cut off, empty, too large', async () => {
    const tiff = new Uint8Array([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(await refusalOf(tiff), {
      code: 'input-unsupported',
      text: 'The picture is a TIFF file; only JPEG, PNG and zip files of such can be sent.',
      fetched: 1,
    });
    assert.match((await refusalOf(smear.subarray(0, smear.length - 10))).text ?? '', /incomplete/);
    assert.match((await refusalOf(new Uint8Array())).text ?? '', /empty \(0 bytes\)/);
    const big = await refusalOf(Buffer.concat([smear, Buffer.alloc(LIMITS.largest)]));
    assert.deepEqual([big.code, big.text], ['input-too-large', 'The picture is larger than 1 MB.']);
  });
  test('is not even fetched where its resource says that it is too large', async () => {
    const declared = { content: { contentType: 'image/jpeg', url: 'Binary/m', size: LIMITS.largest + 1 } };
    assert.deepEqual(await refusalOf(smear, declared), {
      code: 'input-too-large',
      text: 'The picture is larger than 1 MB.',
      fetched: 0,
    });
  });
  test('is refused where it is not there, is not what its hash says, or has no address', async () => {
    const gone = await refusalOf(undefined);
    assert.deepEqual(
      [gone.code, gone.text],
      ['input-unavailable', 'The picture cannot be fetched: its server does not let this service read it.'],
    );
    const hash = createHash('sha1').update('another').digest('base64');
    const wrong = await refusalOf(smear, { content: { contentType: 'image/jpeg', url: 'Binary/m', hash } });
    assert.match(wrong.text ?? '', /its hash differs/);
    assert.equal((await refusalOf(smear, { content: { contentType: 'image/jpeg' } })).code, 'input-unavailable');
    assert.equal(
      (await refusalOf(smear, { content: { contentType: 'image/jpeg', data: '%%%' } })).code,
      'input-unsupported',
    );
  });
  test('is named where there are several, the first of them', async () => {
    const server = await serverOf([request(['Media/a', 'Media/b', 'Media/c']), media('a'), media('b'), media('c')]);
    server.files.set('Binary/b', { bytes: new Uint8Array() });
    server.files.delete('Binary/c');
    assert.equal((await readPictureOrder(server.client)).refusal?.text, 'Media/b: The picture is empty (0 bytes).');
  });
  test('is one of five hundred and one: refused before any is fetched', async () => {
    const many = Array.from({ length: 501 }, (_, index) => media(`m${index}`));
    const server = readingServer([patient, request(many.map(({ id }) => `Media/${id}`)), ...many], {
      searchable: true,
    });
    const { refusal } = await readPictureOrder(server.client);
    assert.deepEqual(refusal, {
      code: 'input-too-large',
      text: 'The order has 501 pictures; at most 500 can be sent.',
    });
    assert.equal(fetched(server), 0);
  });
  test('on a server that is down is the engine’s to try again, and nothing is fetched for a look', async () => {
    const server = await serverOf([request(['Media/m']), media('m')]);
    const fetchBytes = () => Promise.reject(new AdapterError('ehr-unreachable', 'down'));
    await assert.rejects(readPictureOrder({ ...server.client, fetchBytes }), { code: 'ehr-unreachable' });
    const looked = await readPictureOrder(server.client, { download: false });
    assert.deepEqual([looked.refusal, looked.inputs, fetched(server)], [undefined, [], 0]);
    assert.equal(looked.signature, (await readPictureOrder(server.client)).signature);
  });
  test('may be on a page of a search that never comes: then nothing is done; a search that is refused finds nothing', async () => {
    const server = await serverOf([request(['Media/m']), media('m')]);
    const breaking = (first: 'answers' | 'refuses') => ({
      ...server.client,
      pages: async function* (query: string) {
        if (first === 'answers') {
          yield* server.client.pages(query);
        }
        throw new AdapterError('ehr-rejected', 'no such page');
      },
    });
    await assert.rejects(readPictureOrder(breaking('answers')), { code: 'ehr-rejected' });
    assert.equal((await readPictureOrder(breaking('refuses'))).inputs.length, 1);
  });
  test('no more than three are read at once', async () => {
    const many = Array.from({ length: 8 }, (_, index) => media(`m${index}`));
    const server = await serverOf([request(many.map(({ id }) => `Media/${id}`)), ...many]);
    let [now, most] = [0, 0];
    const fetchBytes: typeof server.client.fetchBytes = async (url) => {
      most = Math.max(most, ++now);
      const { body, ...rest } = await server.client.fetchBytes(url);
      return { ...rest, body: body.once('end', () => now--) };
    };
    assert.equal((await readPictureOrder({ ...server.client, fetchBytes })).inputs.length, 8);
    assert.equal(most, 3);
  });
});
