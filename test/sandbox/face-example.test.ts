/** The example order of a skin analysis, and the whole sandbox's Haut.AI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Consent, Media, ServiceRequest } from '@medplum/fhirtypes';
import sharp from 'sharp';
import { z } from 'zod';
import { exampleFace } from '../../sandbox/examples/face.ts';
import { exampleNote } from '../../sandbox/examples/note.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';
import { otherName } from '../../sandbox/other-name.ts';
import { drawFace } from '../../scripts/draw-face.ts';
import { PHOTO } from './serve-hautai.ts';

test('the photo is small, says where it was taken, and is what the script draws', async () => {
  const { format, width, height, exif, orientation = 1 } = await sharp(PHOTO).metadata();
  assert.deepEqual([format, width, height, orientation], ['jpeg', 900, 1200, 1]);
  assert.ok(PHOTO.length < 200_000);
  assert.match(exif?.toString('latin1') ?? '', /Noemie Example/);
  // GPSLatitudeRef: tag 1, ASCII, two bytes, "N".
  assert.ok(exif?.includes(Buffer.from('01000200020000004e00', 'hex')));
  const grey = (bytes: Buffer) => sharp(bytes).resize(90, 120).greyscale().raw().toBuffer();
  const [kept, drawn] = await Promise.all([grey(PHOTO), grey(await drawFace())]);
  assert.ok(kept.every((value, at) => Math.abs(value - (drawn[at] ?? 0)) <= 6));
});

for (const manner of ['medplum', 'hapi'] as const) {
  test(`the order can be placed (${manner}), for the patient of the note`, async (t) => {
    const sandbox = await openSandbox({ manner });
    t.after(() => sandbox.close());
    const url = `${sandbox.url}${PATHS.ehr}`;
    const placed = await placeExample(url, exampleFace());
    assert.equal((await placeExample(url, exampleNote())).patient, placed.patient);
    const read = async <T>(reference: string): Promise<T> => (await fetch(`${url}/${reference}`)).json() as T;
    const order = await read<ServiceRequest>(placed.order);
    assert.equal(order.status, 'active');
    const media = await read<Media>(order.supportingInfo?.[0]?.reference ?? '');
    assert.deepEqual([media.view?.text, media.subject?.reference], ['front', placed.patient]);
    assert.deepEqual(Buffer.from(media.content.data ?? '', 'base64'), PHOTO);
    const consent = await read<Consent>(placed.created[2] ?? '');
    assert.deepEqual([consent.status, consent.provision?.type], ['active', 'permit']);
    assert.equal(consent.patient?.reference, placed.patient);
    for (const { meta } of exampleFace()) {
      assert.deepEqual(
        meta?.security?.map(({ code }) => code),
        ['HTEST'],
      );
    }
  });
}

test('in the sandbox an upload goes to another origin than the API, and arrives', async (t) => {
  const sandbox = await openSandbox({ hautai: { secondsUntilReady: 0 } });
  t.after(() => sandbox.close());
  const { companyId, datasetId, token } = HAUTAI_DEFAULTS;
  const post = (path: string, body: object) =>
    fetch(`${sandbox.url}${PATHS.hautai}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const made = await post(`/api/v1/companies/${companyId}/datasets/${datasetId}/subjects/`, { name: 'pseud-1' });
  const { id } = z.object({ id: z.string() }).parse(await made.json());
  const opened = await post(`/api/v3/companies/${companyId}/subjects/${id}/upload/`, { front: 'f.jpg' });
  const { front, image_batch_id } = z
    .object({
      front: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
      image_batch_id: z.string(),
    })
    .parse(await opened.json());
  assert.notEqual(new URL(front.url).origin, new URL(sandbox.url).origin);
  assert.ok(new URL(front.url).pathname.startsWith('/storage/hautai/'));
  const { Host: _, ...headers } = front.headers;
  assert.equal((await fetch(front.url, { method: 'PUT', headers, body: new Uint8Array(PHOTO) })).status, 200);
  assert.equal((await post(`/api/v3/companies/${companyId}/batches/${image_batch_id}/compute/`, {})).status, 200);
  assert.equal(sandbox.ledger.read().hautai?.billed.analyses, 1);
});

test('the other name of a machine is another origin at the same port', () => {
  assert.equal(otherName('http://127.0.0.1:8090', '127.0.0.1'), 'http://localhost:8090');
  assert.equal(otherName('http://[::1]:8090', '::1'), 'http://localhost:8090');
  assert.equal(otherName('http://localhost:8090', '127.0.0.1'), 'http://127.0.0.1:8090');
  assert.equal(otherName('http://localhost:8090', '::1'), 'http://[::1]:8090');
});
