/** The vendor's documented answers are read for what they say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  batches,
  blockOf,
  foundOf,
  historyOf,
  login,
  maskAddresses,
  subject,
  upload,
} from '../../../src/vendors/hautai/answers.ts';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import { isStorage } from '../../../src/vendors/storage-host.ts';
import { orderOf } from './drive.ts';

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/hautai/${name}.json`, import.meta.url), 'utf8'));
}

const BATCH = '49847652-adb0-5bc4-9e17-5b35303ae483';

test('a login has a token under one of two names', () => {
  const { token, refresh } = login.parse(fixture('login_200'));
  assert.match(token, /^eyJ/);
  assert.equal(refresh, 'rt_example');
  assert.equal(login.parse({ token_access: 'a' }).token, 'a');
  assert.equal(login.safeParse({ refresh_token: 'r' }).success, false);
});

test('an upload brings an address with its headers for each side that was asked for', () => {
  const opened = upload.parse(fixture('upload_init_200'));
  assert.equal(opened.image_batch_id, BATCH);
  assert.equal(opened.right ?? undefined, undefined);
  assert.equal(opened.front?.headers['X-Goog-Content-Length-Range'], '1,31457280');
  const settings = hautai.settings.parse({ companyId: BATCH, datasetId: BATCH, token: 't' });
  assert.ok(isStorage(opened.left?.url ?? '', settings));
  // A line break in a header's value would be another header.
  const slot = { url: 'https://storage.googleapis.com/x', headers: { 'Content-Type': 'a\r\nauthorization: b' } };
  assert.equal(upload.safeParse({ image_batch_id: BATCH, front: slot }).success, false);
});

test('subjects and batches are known by their ids; a list is read on while there is a next page', () => {
  assert.equal(subject.parse(fixture('subject_create_201')).id, '389674a1-9823-5675-a082-36e1b95acda2');
  const page = batches.parse(fixture('batches_list_200'));
  assert.ok(page.items.length > 0);
  assert.equal(batches.parse({ next: 'http://api/?page=2', results: [{ id: BATCH }, 7] }).more, true);
  assert.equal(batches.parse({ next: 'http://api/?page=9', results: [] }).more, false);
});

test('partial results, detection errors and history are told apart', () => {
  const partial = blockOf(fixture('results_partial_200'), undefined);
  assert.ok(partial);
  const { complete, parameters } = foundOf(partial, ['front']);
  assert.deepEqual([complete, parameters.map(({ name }) => name)], [false, ['age', 'lines']]);
  const errors = blockOf(fixture('results_detection_error_200'), undefined);
  assert.ok(errors);
  assert.deepEqual(foundOf(errors, ['front']), {
    complete: true,
    parameters: [],
    rescaled: false,
    unusable: [{ side: 'front', why: 'Face is not detected' }],
  });
  const [first] = historyOf(fixture('subject_parameters_200'));
  assert.equal(first?.image_batch_id, BATCH);
  assert.equal(foundOf(first ?? {}, ['front']).parameters.length, 27);
});

test('masks are known by parameter, side and variant, the anonymised first; no address is left in what is stored', () => {
  const done = blockOf(fixture('results_done_200'), undefined);
  assert.ok(done);
  const masks = maskAddresses(done, ['front', 'left']);
  assert.deepEqual(
    [...new Set(masks.map(({ parameter }) => parameter))],
    ['lines', 'pigmentation', 'pores', 'redness'],
  );
  assert.deepEqual(
    masks.slice(0, 3).map(({ variant }) => variant),
    ['anonymised', 'aligned_face', 'original'],
  );
  assert.doesNotMatch(JSON.stringify(foundOf(done, ['front'])), /https?:/);
});

test('a webhook of the older application is a hint like any other', () => {
  const begun = hautai.begin(orderOf());
  assert.ok(!('refuse' in begun));
  assert.equal(hautai.callback?.(fixture('webhook_payload_fsm2'), { ...begun, batch: BATCH }), true);
});
