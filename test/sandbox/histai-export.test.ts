/** The export of a paid cohort, its links and their life, and the files at the storage. */
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBufferPromise } from 'yauzl';
import { z } from 'zod';
import { HISTAI_DEFAULTS } from '../../sandbox/histai/defaults.ts';
import { slideBytes } from '../../sandbox/histai/slide-bytes.ts';
import { assertRefused, COHORTS, serveHistai, type Vendor, wholeCase } from './serve-histai.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const ABSENT = '00000000-0000-4000-8000-000000000000';

const refresh = (vendor: Vendor, id: string) => vendor.call('POST', `${COHORTS}/${id}/export/refresh`);

/** The link of the first file of an export. */
async function firstFile(vendor: Vendor, id: string) {
  const [file] = await vendor.files(id);
  assert.ok(file);
  return { ...file, ...(await vendor.file(id, file.fileId)) };
}

test('an export is of a paid cohort, PREPARING first, then READY', async (t) => {
  const vendor = await serveHistai(t);
  const id = await vendor.built();
  const paths = ['manifest', 'files', `files/${ABSENT}`];
  const all = async (status: number, code: 'COHORT_NOT_PAID' | 'EXPORT_NOT_READY') => {
    for (const path of paths) {
      assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/${path}`), status, code);
    }
    assertRefused(await refresh(vendor, id), status, code);
  };
  await all(409, 'COHORT_NOT_PAID');
  assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/status`), 409, 'COHORT_NOT_PAID');
  await vendor.pay(id);
  assert.equal(await vendor.exportStatus(id), 'PREPARING');
  await all(409, 'EXPORT_NOT_READY');
  vendor.pass(2);
  const ready = await vendor.call('GET', `${COHORTS}/${id}/export/status`);
  assert.deepEqual(ready.json(), {
    cohortId: id,
    status: 'READY',
    downloadWindowEndsAt: '2026-12-06T09:00:02.000Z',
    linksExpireAt: '2026-11-23T09:00:04.000Z',
  });
  assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/files/${ABSENT}`), 404, 'NOT_FOUND');
});

test('the listed files are the slides that were bought, of the size that they are', async (t) => {
  const vendor = await serveHistai(t);
  const [one, two] = (await vendor.search({ stainType: ['IHC'] })).filter(({ slides }) => slides.length > 2);
  assert.ok(one && two);
  const chosen = one.slides.slice(1, 2);
  const id = await vendor.exported([
    { caseId: one.caseId, slideIds: chosen.map(({ slideId }) => slideId) },
    { caseId: two.caseId },
  ]);
  const files = await vendor.files(id);
  assert.deepEqual(
    files.map(({ slideId, sizeBytes }) => ({ slideId, sizeBytes })),
    [...chosen, ...two.slides].map(({ slideId, fileSizeBytes }) => ({ slideId, sizeBytes: fileSizeBytes })),
  );
  assert.equal(new Set(files.map(({ fileName }) => fileName)).size, files.length);
  for (const { fileId, slideId, sizeBytes } of files) {
    const { url } = await vendor.file(id, fileId);
    const file = await vendor.get(url);
    assert.equal(file.status, 200);
    assert.equal(file.bytes.length, sizeBytes);
    assert.ok(file.bytes.equals(Buffer.concat([...slideBytes(slideId, 0, sizeBytes)])));
    assert.equal(file.bytes.toString('latin1', 0, 4), 'II*\0');
  }

  const { manifestUrl, metadataUrl, archiveUrl } = await vendor.manifest(id);
  const links = (await vendor.get(manifestUrl)).text.trimEnd().split('\n');
  assert.deepEqual(links, await Promise.all(files.map(async ({ fileId }) => (await vendor.file(id, fileId)).url)));
  const metadata = z
    .object({ cohortId: z.literal(id), cases: z.array(wholeCase) })
    .parse((await vendor.get(metadataUrl)).json());
  assert.deepEqual(metadata.cases, [{ ...one, slides: chosen }, two]);

  const zip = await fromBufferPromise((await vendor.get(archiveUrl ?? '')).bytes);
  const inside: { name: string; bytes: Buffer }[] = [];
  for await (const entry of zip.eachEntry()) {
    inside.push({ name: entry.fileName, bytes: await buffer(await zip.openReadStreamPromise(entry)) });
  }
  assert.deepEqual(
    inside.map(({ name }) => name),
    files.map(({ fileName }) => fileName),
  );
  assert.ok(inside[0]?.bytes.equals((await vendor.get(links[0] ?? '')).bytes));
  const { endpoints } = vendor.account();
  assert.deepEqual(
    [endpoints['GET storage/slides'], endpoints['GET storage/manifest'], endpoints['GET storage/archive']],
    [files.length + 1, 1, 1],
  );
});

test('there may be no archive', async (t) => {
  const vendor = await serveHistai(t, { archive: false });
  assert.equal((await vendor.manifest(await vendor.exported())).archiveUrl, null);
});

test('links live 24 hours, are given all the same when they are over, and are renewed by a refresh', async (t) => {
  const vendor = await serveHistai(t);
  const id = await vendor.exported();
  const first = await firstFile(vendor, id);
  assert.equal(first.expiresAt, '2026-11-23T09:00:04.000Z');
  vendor.pass(DAY - 1);
  assert.equal((await vendor.get(first.url)).status, 200);
  vendor.pass(1);
  const { manifestUrl, metadataUrl, archiveUrl } = await vendor.manifest(id);
  for (const url of [first.url, (await firstFile(vendor, id)).url, manifestUrl, metadataUrl, archiveUrl ?? '']) {
    const stale = await vendor.get(url);
    assert.deepEqual([stale.status, /<Code>AccessDenied</.test(stale.text)], [403, true]);
  }
  assert.equal(await vendor.exportStatus(id), 'READY');
  const renewed = await refresh(vendor, id);
  assert.deepEqual(
    [renewed.status, z.object({ linksExpireAt: z.string() }).parse(renewed.json()).linksExpireAt],
    [200, '2026-11-24T09:00:04.000Z'],
  );
  assert.equal((await vendor.get((await firstFile(vendor, id)).url)).status, 200);
  assert.equal((await vendor.get((await vendor.manifest(id)).manifestUrl)).status, 200);
  assert.equal((await vendor.get(first.url)).status, 403, 'a refresh makes new links');
});

test('stale links may be 410 until a refresh', async (t) => {
  const vendor = await serveHistai(t, { staleLinks: 'gone' });
  const id = await vendor.exported();
  const { fileId } = await firstFile(vendor, id);
  vendor.pass(DAY);
  assert.equal(await vendor.exportStatus(id), 'EXPIRED');
  for (const path of ['manifest', 'files', `files/${fileId}`]) {
    assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/${path}`), 410, 'EXPORT_WINDOW_EXPIRED');
  }
  assert.equal((await refresh(vendor, id)).status, 200);
  assert.equal(await vendor.exportStatus(id), 'READY');
  assert.equal((await vendor.get((await firstFile(vendor, id)).url)).status, 200);
});

test('slides can be had for 14 days from the purchase, manifest and metadata for ever', async (t) => {
  const vendor = await serveHistai(t);
  const id = await vendor.exported();
  vendor.pass(14 * DAY - 2 - HOUR);
  assert.equal((await refresh(vendor, id)).status, 200);
  const last = await firstFile(vendor, id);
  assert.equal(last.expiresAt, '2026-12-06T09:00:02.000Z', 'not longer than the window');
  vendor.pass(HOUR - 1);
  assert.equal((await vendor.get(last.url)).status, 200);
  vendor.pass(1);
  assert.equal(await vendor.exportStatus(id), 'EXPIRED');
  for (const refreshed of [false, true]) {
    if (refreshed) {
      assert.equal((await refresh(vendor, id)).status, 200);
    }
    for (const path of ['files', `files/${last.fileId}`]) {
      assertRefused(await vendor.call('GET', `${COHORTS}/${id}/export/${path}`), 410, 'EXPORT_WINDOW_EXPIRED');
    }
    assert.equal((await vendor.get(last.url)).status, 403);
    const { metadataUrl, manifestUrl, archiveUrl } = await vendor.manifest(id);
    assert.equal(archiveUrl, null);
    assert.deepEqual([(await vendor.get(metadataUrl)).status, (await vendor.get(manifestUrl)).status], [200, 200]);
  }
  vendor.pass(100 * DAY);
  await refresh(vendor, id);
  assert.equal((await vendor.get((await vendor.manifest(id)).metadataUrl)).status, 200);
});

test('the storage wants the signed URL and nothing else', async (t) => {
  const vendor = await serveHistai(t);
  const { url } = await firstFile(vendor, await vendor.exported());
  const secrets: Record<string, string>[] = [{ 'X-API-KEY': HISTAI_DEFAULTS.apiKey }, { Authorization: 'Bearer x' }];
  for (const headers of secrets) {
    const answer = await vendor.get(url, headers);
    assert.deepEqual([answer.status, /<Code>InvalidArgument</.test(answer.text)], [400, true]);
  }
  const altered = [
    url.replace('X-Amz-Expires=86400', 'X-Amz-Expires=99999'),
    url.replace(/X-Amz-Date=[^&]+/, 'X-Amz-Date=20261123T090004Z'),
    url.replace(/X-Amz-Signature=\w+/, ''),
    url.replace('.svs', '.tif'),
    url.replace('//localhost', '//127.0.0.1'),
  ];
  for (const other of altered) {
    assert.notEqual(other, url);
    const answer = await vendor.get(other);
    assert.deepEqual([answer.status, /<Code>SignatureDoesNotMatch</.test(answer.text)], [403, true]);
  }
  assert.equal((await vendor.get(url)).status, 200);
});

test('a part of a file can be asked for, so that a download goes on where it broke off', async (t) => {
  const vendor = await serveHistai(t);
  const { url, sizeBytes } = await firstFile(vendor, await vendor.exported());
  const { bytes: whole, headers } = await vendor.get(url);
  const etag = headers.get('etag') ?? '';
  assert.equal(headers.get('accept-ranges'), 'bytes');
  const parts: [range: string, start: number, end: number][] = [
    ['bytes=0-99', 0, 100],
    ['bytes=1001-', 1001, sizeBytes],
    ['bytes=-7', sizeBytes - 7, sizeBytes],
    [`bytes=100-${sizeBytes + 50}`, 100, sizeBytes],
  ];
  for (const [Range, start, end] of parts) {
    const part = await vendor.get(url, { Range, 'If-Range': etag });
    assert.equal(part.status, 206, Range);
    assert.equal(part.headers.get('content-range'), `bytes ${start}-${end - 1}/${sizeBytes}`);
    assert.ok(part.bytes.equals(whole.subarray(start, end)), Range);
  }
  const beyond = await vendor.get(url, { Range: `bytes=${sizeBytes}-` });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${sizeBytes}`]);
  const ignoredRanges: Record<string, string>[] = [
    { Range: 'bytes=9-3' },
    { Range: 'pages=1-2' },
    { Range: 'bytes=-' },
    { Range: 'bytes=0-9', 'If-Range': '"other"' },
  ];
  for (const ignored of ignoredRanges) {
    const answer = await vendor.get(url, ignored);
    assert.deepEqual([answer.status, answer.bytes.length], [200, sizeBytes]);
  }
  const head = await fetch(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(sizeBytes)]);
});

test('any part of a slide is the same bytes as in the whole', () => {
  const size = 200_000;
  const whole = Buffer.concat([...slideBytes('a slide', 0, size)]);
  assert.equal(whole.length, size);
  fc.assert(
    fc.property(fc.nat(size), fc.nat(size), (a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      return Buffer.concat([...slideBytes('a slide', start, end)]).equals(whole.subarray(start, end));
    }),
    {
      numRuns: 50,
      examples: [
        [0, 1],
        [3, 9],
        [65_535, 65_553],
      ],
    },
  );
  assert.ok(!Buffer.concat([...slideBytes('another', 0, size)]).equals(whole));
});
