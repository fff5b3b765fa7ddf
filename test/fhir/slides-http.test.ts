/** Slides over HTTP: parts of files, what servers get wrong about them, DICOMweb and who is given the token. */

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import type { Resource } from '@medplum/fhirtypes';
import type { Express, Request, Response } from 'express';
import fc from 'fast-check';
import { boundaryOf, firstPart } from '../../src/fhir/multipart.ts';
import { secondsLeft } from '../../src/fhir/signed-life.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import type { OrderInput } from '../../src/vendors/contract.ts';
import { slideFile } from '../slides/slides.ts';
import { clientOf, FHIR, failure, type Server, serve } from './client-support.ts';
import { patient, request } from './picture-support.ts';
import { bytesOf, endpoint, opened, SVS, slideMedia, study, theSlide } from './slide-support.ts';

const bearer = { type: 'bearer', token: 'secret-token' } as const;
const DICOM = slideFile();

function playEhr(app: Express, resources: readonly Resource[]): void {
  app.get(
    '/fhir/metadata',
    (_request, response) =>
      void response.type(FHIR).send({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' }),
  );
  for (const resource of resources) {
    app.get(
      `/fhir/${resource.resourceType}/${resource.id}`,
      (_request, response) => void response.type(FHIR).send(resource),
    );
  }
}

/** Parts of a file as a storage gives them. */
function sendRange(file: Uint8Array, asked: Request, response: Response, more: Record<string, string> = {}): void {
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '') ?? [];
  const [start, end] = [Number(from), Math.min(Number(to) + 1, file.length)];
  response.set({ ETag: '"1"', 'Content-Range': `bytes ${start}-${end - 1}/${file.length}`, ...more });
  response
    .status(206)
    .type('image/tiff')
    .send(Buffer.from(file.subarray(start, end)));
}

const ordered = (url: string): Resource[] => [
  patient,
  request(['Media/m']),
  slideMedia('m', { content: { contentType: 'image/tiff', url } }),
];

/** The order's slide, and a client; `answer` may change between the reading and the copying. */
async function slideAt(
  t: TestContext,
  answer: (request: Request, response: Response) => void,
): Promise<{ client: FhirClient; input: OrderInput; server: Server }> {
  const server = await serve(t, (app) => {
    playEhr(app, ordered('Binary/m'));
    app.get('/fhir/Binary/m', (asked, response) => answer(asked, response));
  });
  const { client } = clientOf(t, server.origin, { auth: bearer });
  return { client, input: await theSlide(client), server };
}

describe('parts of a slide', () => {
  test('are asked for by range, and are those of the slide that was read', async (t) => {
    const { client, input, server } = await slideAt(t, (asked, response) => sendRange(SVS, asked, response));
    const source = await opened(client, input);
    const { body, end } = await source.part(1000, 5000);
    assert.deepEqual([end, Buffer.compare(await bytesOf(body), SVS.subarray(1000, 5000))], [5000, 0]);
    assert.equal(server.seen.at(-1)?.headers.range, 'bytes=1000-4999');
    assert.equal(server.seen.at(-1)?.headers['accept-encoding'], 'identity');
    const tail = await source.part(SVS.length - 10, SVS.length + 10);
    assert.deepEqual([tail.end, (await bytesOf(tail.body)).length], [SVS.length, 10]);
    assert.deepEqual(Buffer.from(await source.readAt(2, 4)), Buffer.from(SVS.subarray(2, 6)));
  });

  test('are the rest of the file where its server gives no parts of files', async (t) => {
    const whole = (_asked: Request, response: Response) => void response.type('image/tiff').send(Buffer.from(SVS));
    const { client, input } = await slideAt(t, whole);
    const source = await opened(client, input);
    for (const start of [0, 100_000]) {
      const { body, end } = await source.part(start, start + 1000);
      assert.deepEqual([end, Buffer.compare(await bytesOf(body), SVS.subarray(start))], [SVS.length, 0]);
    }
  });

  for (const [name, change] of [
    ['its version', (asked, response) => sendRange(SVS, asked, response, { ETag: '"2"' })],
    ['its size', (asked, response) => sendRange(SVS.subarray(0, -1), asked, response)],
  ] satisfies [string, (asked: Request, response: Response) => void][]) {
    test(`of a slide that has changed meanwhile (${name}) are not taken`, async (t) => {
      let answer = (asked: Request, response: Response) => sendRange(SVS, asked, response);
      const { client, input } = await slideAt(t, (asked, response) => answer(asked, response));
      answer = change;
      const source = await opened(client, input);
      for (const error of [await failure(source.part(0, 1000)), await failure(source.readAt(0, 1000))]) {
        assert.equal(error.code, 'input-unavailable');
        assert.match(error.orderer, /has changed in the EHR/);
      }
    });
  }

  for (const [name, headers] of [
    ['another part', { 'Content-Range': `bytes 7-1006/${SVS.length}` }],
    ['a part that begins nowhere', { 'Content-Range': 'bytes */100' }],
    ['a part of what has no size', { 'Content-Range': 'bytes 0-999/*' }],
    ['a shorter part', { 'Content-Range': `bytes 0-9/${SVS.length}` }],
    ['a part of what is compressed', { 'Content-Encoding': 'x-own' }],
  ] satisfies [string, Record<string, string>][]) {
    test(`are not taken from a server that gives ${name} instead`, async (t) => {
      let more = {};
      const { client, input } = await slideAt(t, (asked, response) => sendRange(SVS, asked, response, more));
      more = headers;
      const error = await failure((await opened(client, input)).part(0, 1000));
      assert.equal(error.code, 'input-unavailable');
    });
  }

  test('that break off fail; of a slide that is gone there are none', async (t) => {
    let gone = false;
    const { client, input, server } = await slideAt(t, (asked, response) => {
      if (gone) {
        response.status(404).end();
      } else {
        sendRange(SVS, asked, response);
      }
    });
    server.app.get('/broken', () => {});
    gone = true;
    const error = await failure((await opened(client, input)).part(0, 1000));
    assert.deepEqual([error.code, error.status], ['input-unavailable', 404]);
    assert.match(error.orderer, /The slide cannot be fetched/);
    assert.equal((await failure(opened(client, { ...input, place: 'content/3' }))).code, 'input-unavailable');
  });

  test('come from a fresh address where the signed one has expired', async (t) => {
    let valid = 'one';
    const storage = await serve(t, (app) => {
      app.get('/slide', (asked, response) =>
        asked.query.Signature === valid ? sendRange(SVS, asked, response) : void response.status(403).end(),
      );
    });
    const server = await serve(t, (app) => {
      app.get('/fhir/Media/m', (_asked, response) => {
        const url = `${storage.origin}/slide?Signature=${valid}`;
        response.type(FHIR).send(slideMedia('m', { content: { contentType: 'image/tiff', url } }));
      });
      playEhr(app, [patient, request(['Media/m'])]);
    });
    const { host } = new URL(storage.origin);
    const { client } = clientOf(t, server.origin, { auth: bearer, storageHosts: [host] });
    const input = await theSlide(client);
    const source = await opened(client, input);
    valid = 'two';
    assert.equal((await bytesOf((await source.part(0, 100)).body)).length, 100);
    assert.ok(storage.seen.every(({ headers }) => headers.authorization === undefined));
  });
});

const multipart = (file: Uint8Array, boundary = 'frontier') =>
  Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);

describe('an instance in DICOMweb', () => {
  async function archive(t: TestContext, { elsewhere = false, allowed = false, bare = false } = {}) {
    const play = (app: Express) =>
      app.get('/dicomweb/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1', (_asked, response) => {
        if (bare) {
          response.type('application/dicom').send(DICOM);
        } else {
          response.set('Content-Type', 'multipart/related; type="application/dicom"; boundary=frontier');
          response.send(multipart(DICOM));
        }
      });
    const other = await serve(t, play);
    const server = await serve(t, (app) => {
      play(app);
      app.get('/fhir/Endpoint/archive', (_asked, response) => {
        const address = `${elsewhere ? other.origin : server.origin}/dicomweb`;
        response.type(FHIR).send({ ...endpoint, address });
      });
      playEhr(app, [patient, request(['ImagingStudy/i']), study('i', ['1'])]);
    });
    const storageHosts = allowed ? [new URL(other.origin).host] : [];
    const { client } = clientOf(t, server.origin, { auth: bearer, storageHosts });
    return { client, seen: () => [...server.seen, ...other.seen].filter(({ url }) => url.startsWith('/dicomweb')) };
  }

  test('is asked for as it is stored, with the token on the EHR’s own origin', async (t) => {
    const { client, seen } = await archive(t);
    const input = await theSlide(client);
    assert.deepEqual([input.size, input.slide?.format], [DICOM.length, 'dicom']);
    const { body, end } = await (await opened(client, input)).part(0, 100);
    assert.equal(end, DICOM.length);
    assert.equal(Buffer.compare(await bytesOf(body), DICOM), 0);
    assert.deepEqual([...new Set(seen().map(({ headers }) => headers.authorization))], ['Bearer secret-token']);
    assert.match(seen()[0]?.headers.accept ?? '', /^multipart\/related; type="application\/dicom"; transfer-syntax=\*/);
  });

  test('may come without the envelope', async (t) => {
    const { client } = await archive(t, { bare: true });
    assert.equal((await theSlide(client)).size, DICOM.length);
  });

  test('of another origin is fetched without the token, where the site allows that host', async (t) => {
    const { client, seen } = await archive(t, { elsewhere: true, allowed: true });
    assert.equal((await theSlide(client)).size, DICOM.length);
    assert.deepEqual([...new Set(seen().map(({ headers }) => headers.authorization))], [undefined]);
  });

  test('of any other origin is not fetched', async (t) => {
    const { client, seen } = await archive(t, { elsewhere: true });
    await assert.rejects(theSlide(client), /cannot be fetched/);
    assert.equal(seen().length, 0);
  });
});

describe('a multipart answer', () => {
  function* cut(bytes: Uint8Array, sizes: readonly number[]) {
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const size = sizes[index % sizes.length] ?? 1;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  const inPieces = (bytes: Uint8Array, sizes: readonly number[]) =>
    Readable.from(cut(bytes, sizes), { objectMode: false });

  test('gives its first part, however it is cut into pieces and whatever the part looks like', async () => {
    // What comes near the delimiter is the hard part.
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom(...['\r\n', '\r\n--', '--b', '\r\n--a'].map((text) => Buffer.from(text))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        async (parts, sizes) => {
          const file = Buffer.concat(parts);
          fc.pre(!file.includes('\r\n--bound'));
          const { body } = await firstPart(inPieces(multipart(file, 'bound'), sizes), 'bound');
          assert.deepEqual(await bytesOf(body), file);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('that is not whole fails, and does not hang', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 40 }), async (cut, size) => {
        const whole = multipart(Buffer.from('some bytes of a slide'), 'bound');
        const broken = whole.subarray(0, cut % (whole.length - '--\r\n'.length - '\r\n--bound'.length));
        await assert.rejects(async () => bytesOf((await firstPart(inPieces(broken, [size]), 'bound')).body));
      }),
      { numRuns: 100 },
    );
  });

  test('is known by its type', () => {
    assert.equal(boundaryOf('multipart/related; type="application/dicom"; boundary=a-b'), 'a-b');
    assert.equal(boundaryOf('multipart/related;boundary="a b";type=x'), 'a b');
    assert.equal(boundaryOf('application/dicom'), undefined);
    assert.equal(boundaryOf(undefined), undefined);
  });
});

describe('a slide’s own URL', () => {
  const now = new Date('2026-11-25T10:00:00Z');
  const day = 86_400;
  const signed = `https://slides.example/a.svs?X-Amz-Date=20261125T100000Z&X-Amz-Expires=${7 * day}&X-Amz-Signature=x`;

  test('says until when it counts, in the manners of the storages', () => {
    const left = (query: string) => secondsLeft(new URL(`https://slides.example/a?${query}`), now);
    assert.equal(left('X-Amz-Date=20261125T090000Z&X-Amz-Expires=7200'), 3600);
    assert.equal(left('X-Goog-Date=20261125T090000Z&X-Goog-Expires=7200'), 3600);
    assert.equal(left('se=2026-11-25T11%3A00%3A00Z&sig=x'), 3600);
    assert.equal(left(`Expires=${now.getTime() / 1000 + 60}&Signature=x`), 60);
    assert.deepEqual(['', 'token=x', 'Expires=soon&Signature=x', 'X-Amz-Expires=7200'].map(left), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('never makes the reader fail', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        const left = secondsLeft(new URL(url), now);
        assert.ok(left === undefined || Number.isInteger(left));
      }),
    );
  });

  test('is passed on from a host of the list, where it counts for long enough', async (t) => {
    const url = async (stands: string, hosts = ['slides.example'], seconds = 6 * day) => {
      const server = await serve(t, (app) => playEhr(app, ordered(stands)));
      const { client } = clientOf(t, server.origin);
      const input = { name: 'slide/001', kind: 'slide', contentType: 'image/tiff', sha256: '', size: 1 } as const;
      return (await opened(client, { ...input, reference: 'Media/m', place: 'content' }, hosts, now)).url(seconds);
    };
    assert.equal(await url(signed), signed);
    assert.equal(await url(signed, ['other.example']), undefined);
    assert.equal(await url(signed, undefined, 8 * day), undefined);
    assert.equal(await url(signed.replace('https:', 'http:')), undefined);
    assert.equal(await url(signed.replace('https://', 'https://user@')), undefined);
    assert.equal(await url('https://slides.example/a.svs'), undefined);
    assert.equal(await url(`${signed}&more=${'x'.repeat(2083)}`), undefined);
  });
});
