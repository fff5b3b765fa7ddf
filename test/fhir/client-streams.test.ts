/** Bodies as they come over the wire: packed, broken off, and let go by a reader who wants no more. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import type { OpenFhirClient } from '../../src/fhir/client.ts';
import { clientOf, failure, serve } from './client-support.ts';

/** They pack badly, so that half of a packed body is about half of them. */
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => Math.imul(index, index ^ 0x9e3779b1) >>> 24));
const PACKED: Record<string, Buffer> = {
  gzip: gzipSync(BYTES),
  'x-gzip': gzipSync(BYTES),
  deflate: deflateSync(BYTES),
  br: brotliCompressSync(BYTES),
};

/** Of which a decoder makes nothing yet. */
const GZIP_HEAD = 10;

/** A client of a server that answers `Binary/1` as the test wants; `closed` is of the last answer's connection. */
async function answering(t: TestContext, answer: (response: ServerResponse) => void) {
  let closed: Promise<unknown> = Promise.resolve();
  const server = await serve(t, (app) => {
    app.get('/fhir/Binary/1', (_req, res) => {
      closed = once(res, 'close');
      answer(res.type('image/jpeg'));
    });
  });
  return { client: clientOf(t, server.origin).client, closed: () => closed };
}

const open = async (client: OpenFhirClient) => (await client.fetchBytes('Binary/1')).body;
const bytesOf = (body: Readable) => buffer(body);
const broken = { code: 'ehr-unreachable', kind: 'transient', message: 'The connection broke within an attachment' };

test('a body that a server packs unasked is unpacked, and its size not taken for the file’s', async (t) => {
  let encoding = '';
  const { client } = await answering(t, (res) => res.setHeader('Content-Encoding', encoding).end(PACKED[encoding]));
  for (encoding of Object.keys(PACKED)) {
    const { body, size } = await client.fetchBytes('Binary/1');
    assert.equal(size, undefined);
    assert.ok((await bytesOf(body)).equals(BYTES), encoding);
  }
});

test('what no decoder knows passes as it is', async (t) => {
  const { client } = await answering(t, (res) => res.setHeader('Content-Encoding', 'aws-chunked').end(BYTES));
  assert.ok((await bytesOf(await open(client))).equals(BYTES));
});

test('a body that breaks off is never taken for a whole one', async (t) => {
  const gzip = PACKED.gzip ?? assert.fail();
  const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2);
  const cut = (res: ServerResponse, bytes: Buffer) => res.write(half(bytes), () => res.destroy());
  const ways: Record<string, (res: ServerResponse) => void> = {
    'shorter than its length': (res) => cut(res.setHeader('Content-Length', BYTES.length), BYTES),
    'within a chunked body': (res) => cut(res, BYTES),
    'within a packed body': (res) => cut(res.setHeader('Content-Encoding', 'gzip'), gzip),
    'packed, and ended in order': (res) => res.setHeader('Content-Encoding', 'gzip').end(half(gzip)),
    'said to be packed, and is not': (res) => res.setHeader('Content-Encoding', 'gzip').end(BYTES),
  };
  let way = '';
  const { client } = await answering(t, (res) => ways[way]?.(res));
  for (way of Object.keys(ways)) {
    const { code, kind, message } = await failure(open(client).then(bytesOf));
    assert.deepEqual({ code, kind, message }, broken, way);
  }
});

test('whatever a packed body holds, it is bytes or a classified error', async (t) => {
  let said = new Uint8Array();
  const { client } = await answering(t, (res) => res.setHeader('Content-Encoding', 'gzip').end(said));
  const gzip = gzipSync('a picture of somebody');
  const damaged = fc
    .tuple(fc.nat(gzip.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(gzip.length))
    .map(([at, change, length]) =>
      gzip.map((byte, index) => (index === at ? byte ^ change : byte)).subarray(0, length),
    );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged), async (bytes) => {
      said = new Uint8Array(bytes);
      const outcome = await open(client)
        .then(bytesOf)
        .catch((error: unknown) => error);
      const isOurs = outcome instanceof AdapterError && outcome.code === 'ehr-unreachable';
      assert.ok(Buffer.isBuffer(outcome) || isOurs, String(outcome));
    }),
    { numRuns: 60 },
  );
});

for (const packed of [false, true]) {
  const name = packed ? 'packed' : 'plain';
  const silent = (res: ServerResponse) => {
    if (packed) {
      res.setHeader('Content-Encoding', 'gzip');
    }
    res.write(packed ? PACKED.gzip?.subarray(0, GZIP_HEAD) : BYTES.subarray(0, 100));
  };

  test(`a connection on which nothing comes is let go at once: ${name}`, { timeout: 5000 }, async (t) => {
    const { client, closed } = await answering(t, silent);
    const body = await open(client);
    const pieces: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
    if (!packed) {
      assert.equal((await pieces.next()).value?.length, 100);
    }
    const waiting = pieces.next();
    waiting.catch(() => undefined);
    await turn();
    body.destroy();
    await closed();
    await assert.rejects(waiting);
  });

  test(`a body that nobody has read from is let go too: ${name}`, { timeout: 5000 }, async (t) => {
    const { client, closed } = await answering(t, silent);
    (await open(client)).destroy();
    await closed();
  });

  test(`and one of which there is more than is wanted: ${name}`, { timeout: 5000 }, async (t) => {
    const { client, closed } = await answering(t, (res) => {
      silent(res);
      res.write(packed ? PACKED.gzip?.subarray(GZIP_HEAD) : BYTES.subarray(100));
    });
    for await (const piece of await open(client)) {
      assert.ok(piece.length > 0);
      break;
    }
    await closed();
  });
}
