/** Which slides an order has, whose they are, what their headers say, and what is refused before anything is copied. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Resource, Specimen } from '@medplum/fhirtypes';
import type { OrderReading } from '../../src/fhir/types.ts';
import { slideFile } from '../slides/slides.ts';
import { document, media, request } from './picture-support.ts';
import {
  endpoint,
  instanceUrl,
  LARGE,
  readSlideOrder,
  SVS,
  slideDocument,
  slideMedia,
  slideServer,
  study,
} from './slide-support.ts';

const reading = (resources: Resource[], more: Parameters<typeof readSlideOrder>[1] = {}) =>
  readSlideOrder(slideServer(resources).client, more);
const places = ({ inputs }: OrderReading) =>
  inputs.map(({ name, reference, place }) => `${name} ${reference} ${place}`);
const specimen = (id: string, who?: string): Specimen => ({
  resourceType: 'Specimen',
  id,
  ...(who && { subject: { reference: who } }),
});
const named = (id: string) => ({ reference: `ServiceRequest/${id}` });

describe('the slides of an order', () => {
  test('are what it names, in its order, then what its specimen and what points back lead to, by date', async () => {
    const order = request(['DocumentReference/d', 'Media/b'], { specimen: [{ reference: 'Specimen/1' }] });
    const found = await reading([
      order,
      specimen('1', 'Patient/p'),
      slideMedia('b'),
      slideDocument('d'),
      slideMedia('z', { basedOn: [named('s')], createdDateTime: '2026-11-25T09:00:00Z' }),
      slideMedia('y', { subject: { reference: 'Specimen/1' }, createdDateTime: '2026-11-24' }),
      slideDocument('a', { context: { related: [named('s')] }, date: '2026-11-26T09:00:00Z' }),
      slideMedia('of-another-order', { basedOn: [named('t')] }),
    ]);
    assert.equal(found.refusal, undefined);
    assert.deepEqual(places(found), [
      'slide/001 DocumentReference/d content/0',
      'slide/002 Media/b content',
      'slide/003 Media/y content',
      'slide/004 Media/z content',
      'slide/005 DocumentReference/a content/0',
    ]);
    assert.equal(found.inputs[2]?.slide?.specimen, 'Specimen/1');
  });

  test('carry what their headers and the EHR say, and none of their bytes', async () => {
    const server = slideServer([
      request(['Media/m']),
      slideMedia('m', { bodySite: { text: 'breast' }, extension: [{ url: 'urn:lot', valueString: '7' }], width: 2048 }),
    ]);
    server.files.set('Binary/m', { bytes: LARGE, contentType: 'image/tiff', version: '"1"' });
    const [input] = (await readSlideOrder(server.client)).inputs;
    assert.match(input?.sha256 ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(input, {
      name: 'slide/001',
      kind: 'slide',
      contentType: 'image/tiff',
      sha256: input?.sha256,
      size: LARGE.length,
      reference: 'Media/m',
      place: 'content',
      date: '2026-11-20T09:00:00Z',
      slide: {
        format: 'svs',
        mediaType: 'image/tiff',
        size: LARGE.length,
        width: 2048,
        height: 1536,
        resolution: input?.slide?.resolution,
        bodySite: { text: 'breast' },
        extension: [{ url: 'urn:lot', valueString: '7' }],
      },
    });
    const fetched = server.asked.flatMap((line) => /^fetch \S+ (\d+)-(\d+)$/.exec(line)?.slice(1).map(Number) ?? []);
    const asked = fetched.reduce((sum, each, index) => sum + (index % 2 === 0 ? -each : each), 0);
    assert.ok(asked > 0 && asked < 2_000_000, `${asked} bytes were read of the slide`);
  });

  test('are known by their address, size and version; a signed query is no part of it', async () => {
    const known = async (url: string, version: string, bytes = SVS) => {
      const server = slideServer([
        request(['Media/m']),
        slideMedia('m', { content: { contentType: 'image/tiff', url } }),
      ]);
      server.files.set(url, { bytes, version });
      return (await readSlideOrder(server.client)).inputs[0]?.sha256;
    };
    const first = await known('https://storage.example/1?Signature=a', '"1"');
    assert.equal(await known('https://storage.example/1?Signature=b', '"1"'), first);
    assert.notEqual(await known('https://storage.example/1', '"2"'), first);
    assert.notEqual(await known('https://storage.example/2', '"1"'), first);
    assert.notEqual(await known('https://storage.example/1', '"1"', LARGE), first);
  });

  test('are not the pictures and papers that lie beside them', async () => {
    const beside = document('d', {
      content: [
        { attachment: { contentType: 'image/jpeg', url: 'Binary/macro', title: 'macro' } },
        { attachment: { contentType: 'image/tiff', url: 'Binary/slide', title: 'slide' } },
        { attachment: { contentType: 'application/pdf', url: 'Binary/paper', title: 'paper' } },
        { attachment: { url: 'Binary/readme', title: 'readme.csv' } },
      ],
    });
    assert.deepEqual(places(await reading([request(['DocumentReference/d']), beside])), [
      'slide/001 DocumentReference/d content/1',
    ]);
  });

  test('are each there once, although they are named twice', async () => {
    const twice = [slideMedia('a'), slideMedia('b', { content: { contentType: 'image/tiff', url: 'Binary/a' } })];
    assert.equal((await reading([request(['Media/a', 'Media/b', 'Media/a']), ...twice])).inputs.length, 1);
  });

  test('may stand inline, or in what the order contains', async () => {
    const data = Buffer.from(SVS).toString('base64');
    const inside = slideMedia('in', { content: { contentType: 'image/tiff', data } });
    const found = await reading([request(['#in'], { contained: [inside] })]);
    assert.deepEqual(places(found), ['slide/001 ServiceRequest/s #in/content']);
    assert.equal(found.inputs[0]?.size, SVS.length);
  });

  test('are read from their beginning where a server gives no parts of files', async () => {
    const server = slideServer([request(['Media/m']), slideMedia('m')]);
    server.files.set('Binary/m', { bytes: SVS, wholeOnly: true });
    assert.equal((await readSlideOrder(server.client)).inputs[0]?.size, SVS.length);

    // Of a large DICOM file the header stands first; of this TIFF it stands behind the pixels.
    const dicom = Buffer.concat([slideFile(), Buffer.alloc(20 * 1024 * 1024)]);
    server.files.set('Binary/m', { bytes: new Uint8Array(dicom), wholeOnly: true });
    const [large] = (await readSlideOrder(server.client)).inputs;
    assert.deepEqual([large?.slide?.format, large?.size], ['dicom', dicom.length]);
    const behind = Buffer.concat([Buffer.from('II*\0\0\0\x30\x01', 'latin1'), Buffer.alloc(20 * 1024 * 1024)]);
    server.files.set('Binary/m', { bytes: new Uint8Array(behind), wholeOnly: true });
    const { refusal } = await readSlideOrder(server.client);
    assert.equal(refusal?.code, 'input-unavailable');
    assert.match(refusal?.text ?? '', /gives no parts of files/);
  });
});

describe('an imaging study', () => {
  const levels = (...flavors: [string, number][]) => {
    const numbers = flavors.map((_, index) => String(index + 1));
    const server = slideServer([
      request(['ImagingStudy/i']),
      study('i', numbers),
      endpoint,
      specimen('1', 'Patient/p'),
    ]);
    for (const [index, [flavor, width]] of flavors.entries()) {
      const bytes = new Uint8Array(slideFile({ flavor, width }));
      server.files.set(instanceUrl(String(index + 1)), { bytes, contentType: 'application/dicom', wholeOnly: true });
    }
    return server;
  };

  test('of slide microscopy is a slide for each series: the largest level, no label', async () => {
    const server = levels(['LABEL', 9000], ['VOLUME', 2500], ['VOLUME', 5000], ['OVERVIEW', 100]);
    const found = await readSlideOrder(server.client);
    assert.equal(found.refusal, undefined);
    assert.deepEqual(places(found), ['slide/001 ImagingStudy/i series/1.2.3.4/instances/1.2.3.4.3']);
    const { slide } = found.inputs[0] ?? assert.fail();
    assert.deepEqual([slide?.format, slide?.width, slide?.specimen], ['dicom', 5000, 'Specimen/1']);
  });

  test('is found although only it names the order', async () => {
    const server = levels(['VOLUME', 5000]);
    server.resources.set('ServiceRequest/s', request());
    server.resources.set('ImagingStudy/i', study('i', ['1'], { basedOn: [named('s')] }));
    assert.equal((await readSlideOrder(server.client)).inputs.length, 1);
  });

  test('of another modality is none; one of labels alone, without an endpoint or without instances is refused', async () => {
    const refusal = async (more: Parameters<typeof study>[2], flavor = 'VOLUME') => {
      const server = levels([flavor, 5000]);
      server.resources.set('ImagingStudy/i', study('i', ['1'], more));
      return (await readSlideOrder(server.client)).refusal?.text;
    };
    const series = study('i', ['1']).series?.[0];
    assert.equal(await refusal({ modality: [{ code: 'CT' }], series: [] }), 'The order has no slide.');
    assert.match((await refusal({}, 'LABEL')) ?? '', /no slide/);
    assert.match((await refusal({ endpoint: [] })) ?? '', /names no endpoint/);
    assert.match(
      (await refusal({ series: series && [{ ...series, instance: [] }] })) ?? '',
      /does not name the instances/,
    );
    assert.equal(await refusal({ status: 'registered' }), 'The slide has not been scanned yet.');
    assert.equal(await refusal({}), undefined);
  });

  test('whose largest image is spread over several instances is refused', async () => {
    const { refusal } = await readSlideOrder(levels(['VOLUME', 5000], ['VOLUME', 5000]).client);
    assert.match(refusal?.text ?? '', /several DICOM instances/);
  });
});

describe('a slide that cannot be done', () => {
  for (const [name, resources] of [
    ['named', [request(['Media/a']), slideMedia('a', { subject: { reference: 'Patient/q' } })]],
    ['of another’s study', [request(['ImagingStudy/i']), study('i', ['1'], { subject: { reference: 'Patient/q' } })]],
    [
      'of another’s specimen',
      [request(['Media/a']), slideMedia('a', { subject: { reference: 'Specimen/2' } }), specimen('2', 'Patient/q')],
    ],
  ] satisfies [string, Resource[]][]) {
    test(`is somebody else’s (${name}): nothing is fetched`, async () => {
      const server = slideServer([...resources, endpoint]);
      const { refusal, inputs } = await readSlideOrder(server.client);
      assert.match(refusal?.text ?? '', /another patient/);
      assert.deepEqual([inputs, server.asked.filter((line) => line.startsWith('fetch'))], [[], []]);
    });
  }

  test('is missing, may still come, or was entered in error', async () => {
    const texts = await Promise.all([
      reading([request()]),
      reading([request(['Media/gone'])]),
      reading([request(['Media/a']), slideMedia('a', { status: 'preparation' })]),
      reading([request(['Media/a']), slideMedia('a', { status: 'entered-in-error' })]),
      reading([request(['Media/a']), media('a')]),
    ]);
    assert.deepEqual(
      texts.map(({ refusal }) => [refusal?.text, refusal?.awaits]),
      [
        ['The order has no slide.', true],
        ['The order names a slide that is not in the EHR.', true],
        ['The slide has not been taken yet.', true],
        ['The order has no slide.', true],
        ['The order has no slide.', true],
      ],
    );
  });

  test('is a vendor’s result', async () => {
    const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'AIAST' };
    const result = slideMedia('a', { meta: { security: [label] } });
    assert.equal((await reading([request(['Media/a']), result])).refusal?.text, 'The order has no slide.');
  });

  test('is none by its bytes, damaged or empty, said in words and of which of several', async () => {
    const refusal = async (bytes: Uint8Array) => {
      const server = slideServer([request(['Media/a', 'Media/b']), slideMedia('a'), slideMedia('b')]);
      server.files.set('Binary/b', { bytes, version: '"x"' });
      return (await readSlideOrder(server.client)).refusal;
    };
    const jpeg = await refusal(new Uint8Array(Buffer.from('ffd8ffe000104a464946', 'hex')));
    assert.equal(jpeg?.code, 'input-unsupported');
    assert.match(jpeg?.text ?? '', /^Media\/b: The slide is a JPEG/);
    assert.match((await refusal(new Uint8Array()))?.text ?? '', /^Media\/b: .*empty/);
    assert.match((await refusal(SVS.subarray(0, 5000)))?.text ?? '', /^Media\/b: /);
  });

  const said = async (more: Parameters<typeof slideMedia>[1]) =>
    (await reading([request(['Media/a']), slideMedia('a', more)])).refusal?.text;
  const content = (size: number) => ({ contentType: 'image/tiff', url: 'Binary/a', size });
  const extension = (url: string, value: object) => ({ extension: [{ url, ...value }] });

  test('is not what the order says of it: refused with both values', async () => {
    assert.match((await said({ content: content(17) })) ?? '', new RegExp(`is 17 bytes; .* it is ${SVS.length} bytes`));
    assert.match((await said({ width: 4096 })) ?? '', /width of the slide is 4096 pixels; .* 2048 pixels/);
    assert.match((await said({ height: 1 })) ?? '', /height of the slide is 1 pixels; .* 1536 pixels/);
    const mpp = await said(extension('https://lab.example/fhir/resolution_mpp', { valueDecimal: 0.25 }));
    assert.match(mpp ?? '', /resolution of the slide is 0.25 µm per pixel; .* 0.499/);
    const forty = await said(extension('https://lab.example/fhir/magnification', { valueString: '40x' }));
    assert.match(forty ?? '', /magnification of the slide is 40 x; .* it is 20\./);
  });

  test('is what the order says of it, as far as it says so', async () => {
    assert.equal(await said({ content: content(SVS.length), width: 2048, height: 1536 }), undefined);
    assert.equal(await said(extension('https://lab.example/magnification', { valueInteger: 20 })), undefined);
    assert.equal(await said(extension('https://lab.example/base-mpp', { valueQuantity: { value: 0.5 } })), undefined);
    assert.equal(await said(extension('https://lab.example/magnification', { valueString: 'high' })), undefined);
    assert.equal(await said(extension('https://lab.example/something', { valueDecimal: 17 })), undefined);
  });

  test('is not even looked at where only the order’s state is wanted', async () => {
    const server = slideServer([request(['Media/a']), slideMedia('a')]);
    assert.deepEqual((await readSlideOrder(server.client, { download: false })).inputs, []);
    assert.deepEqual(
      server.asked.filter((line) => line.startsWith('fetch')),
      [],
    );
  });
});
