/** The storage host: what an upload must be exactly like, and how large. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPicture } from '../../sandbox/hautai/picture-facts.ts';
import { PHOTO, serveHautai, type Upload, type Vendor } from './serve-hautai.ts';

const MOST = 31_457_280;

async function announced(vendor: Vendor): Promise<Upload & { batch: string }> {
  const { front, image_batch_id } = await vendor.open(await vendor.subject());
  assert.ok(front);
  return { ...front, batch: image_batch_id };
}

/** A PUT whose body is `length` zero bytes after the photo's head, announced as `said`. */
async function putLong(
  upload: Upload,
  length: number,
  said: string | undefined,
): Promise<{ status: number; text: string }> {
  const { Host: _, ...signed } = upload.headers;
  const headers = {
    ...signed,
    ...(said === undefined ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': said }),
  };
  const sent = request(upload.url, { method: 'PUT', headers });
  const answered = once(sent, 'response');
  const piece = Buffer.alloc(256 * 1024);
  let left = length;
  Readable.from(
    (function* () {
      for (; left > 0; left -= piece.length) {
        yield left < piece.length ? piece.subarray(0, left) : piece;
      }
    })(),
  ).pipe(sent);
  // The storage may answer, and close, before it has read what it does not want.
  sent.on('error', () => undefined);
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) {
    text += chunk;
  }
  return { status: response.statusCode, text };
}

test('exactly the signed headers are taken; the same picture may be put again', async (t) => {
  const vendor = await serveHautai(t);
  const upload = await announced(vendor);
  assert.equal((await vendor.compute(upload.batch)).status, 400, 'not uploaded yet');
  for (let times = 0; times < 2; times++) {
    const answer = await vendor.put(upload, PHOTO);
    assert.deepEqual([answer.status, answer.text], [200, '']);
  }
  assert.equal((await vendor.compute(upload.batch)).status, 200);
  assert.equal(vendor.account().endpoints['PUT storage/haut-uploads'], 2);
});

const ALTERED: [what: string, headers: Record<string, string>, status: number, code: string][] = [
  ['another content type', { 'Content-Type': 'image/jpeg' }, 403, 'SignatureDoesNotMatch'],
  ['another length range', { 'X-Goog-Content-Length-Range': '1,99999999' }, 403, 'SignatureDoesNotMatch'],
  ['a token', { Authorization: 'Bearer sandbox-token' }, 400, 'InvalidArgument'],
  ['a header of the storage that is not signed', { 'X-Goog-Meta-Name': 'x' }, 400, 'MalformedSecurityHeader'],
];

for (const [what, headers, status, code] of ALTERED) {
  test(`${what} makes it ${status} in XML`, async (t) => {
    const vendor = await serveHautai(t);
    const upload = await announced(vendor);
    const answer = await vendor.put(upload, PHOTO, headers);
    assert.equal(answer.status, status);
    assert.match(answer.headers.get('content-type') ?? '', /application\/xml/);
    assert.match(answer.text, new RegExp(`^<\\?xml.*<Error><Code>${code}</Code>`));
    assert.equal((await vendor.compute(upload.batch)).status, 400, 'nothing was kept');
  });
}

test('a header left out, another method, and a URL that was tampered with are refused', async (t) => {
  const vendor = await serveHautai(t);
  const upload = await announced(vendor);
  const { 'X-Goog-Content-Length-Range': _, ...fewer } = upload.headers;
  assert.equal((await vendor.put({ ...upload, headers: fewer }, PHOTO)).status, 400);
  const { Host: __, ...headers } = upload.headers;
  for (const method of ['POST', 'GET']) {
    const body = method === 'POST' ? new Uint8Array(PHOTO) : null;
    assert.equal((await fetch(upload.url, { method, headers, body })).status, 403, method);
  }
  const longer = upload.url.replace('X-Goog-Expires=900', 'X-Goog-Expires=90000');
  assert.notEqual(longer, upload.url);
  assert.equal((await vendor.put({ ...upload, url: longer }, PHOTO)).status, 403);
  const unsigned = upload.url.replace(/&X-Goog-Signature=.*/, '');
  assert.equal((await vendor.put({ ...upload, url: unsigned }, PHOTO)).status, 403);
});

test('a signed URL lives as long as the options say', async (t) => {
  const vendor = await serveHautai(t, { uploadSeconds: 60 });
  const upload = await announced(vendor);
  vendor.pass(61);
  const answer = await vendor.put(upload, PHOTO);
  assert.deepEqual([answer.status, /<Code>ExpiredToken</.test(answer.text)], [403, true]);
});

test('the length must be said, and be from one byte to 30 MiB', async (t) => {
  const vendor = await serveHautai(t);
  const upload = await announced(vendor);
  assert.equal((await putLong(upload, 10, undefined)).status, 411);
  const empty = await vendor.put(upload, new Uint8Array());
  assert.deepEqual([empty.status, /EntityTooSmall/.test(empty.text)], [400, true]);
  const long = await putLong(upload, MOST + 1, String(MOST + 1));
  assert.deepEqual([long.status, /EntityTooLarge/.test(long.text)], [400, true]);
});

test('ten pictures of 30 MiB at once are taken without being held', async (t) => {
  const vendor = await serveHautai(t);
  const uploads = await Promise.all(Array.from({ length: 10 }, () => announced(vendor)));
  let peak = 0;
  const before = process.memoryUsage.rss();
  const looking = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss() - before);
  }, 20);
  const answers = await Promise.all(uploads.map((upload) => putLong(upload, MOST, String(MOST))));
  clearInterval(looking);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.ok(peak < 150 * 1024 * 1024, `${Math.round(peak / 1024 / 1024)} MB more`);
});

test('of a picture its hash, size, type and pixels are kept, however it comes in pieces', () => {
  const wanted = createHash('sha256').update(PHOTO).digest('hex');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: PHOTO.length }), { maxLength: 8 }), (cuts) => {
      const reader = readPicture();
      const at = [0, ...cuts.toSorted((a, b) => a - b), PHOTO.length];
      at.slice(1).forEach((end, index) => {
        reader.add(PHOTO.subarray(at[index], end));
      });
      const facts = { sha256: wanted, size: PHOTO.length, type: 'image/jpeg', width: 900, height: 1200 };
      assert.deepEqual(reader.facts(), facts);
    }),
    { numRuns: 25 },
  );
});

test('whatever the bytes are, reading them ends with a size that can be drawn', () => {
  const begin = fc.constantFrom([], [0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  fc.assert(
    fc.property(begin, fc.uint8Array({ maxLength: 200 }), (head, rest) => {
      const reader = readPicture();
      reader.add(Uint8Array.from([...head, ...rest]));
      const { width, height, size } = reader.facts();
      assert.ok(width > 0 && height > 0);
      assert.equal(size, head.length + rest.length);
    }),
  );
});
