/** The API without its results: who may call, what is set up, subjects, batches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { assertShape, COMPANY, COMPANY_V3, fixture, PHOTO, SUBJECTS, serveHautai } from './serve-hautai.ts';

const { username, password, datasetId, token } = HAUTAI_DEFAULTS;
const LOGIN = '/api/v1/auth/login/';
const REFRESH = '/api/v1/auth/refresh/';
const PRIVATE = '/api/v1/auth/private_tokens/';

const logged = z.object({ access_token: z.string(), token_access: z.string(), refresh_token: z.string() });
const page = z.strictObject({
  count: z.int(),
  next: z.string().nullable(),
  previous: z.string().nullable(),
  results: z.array(z.looseObject({ id: z.unknown(), name: z.string().optional() })),
});
const codes = (json: unknown) =>
  z.object({ errors: z.array(z.looseObject({ code: z.string(), attr: z.string().nullable() })) }).parse(json).errors;

test('a log-in gives a token for an hour, its refresh token gives the next one, once', async (t) => {
  const vendor = await serveHautai(t);
  const answer = await vendor.call('POST', LOGIN, { username, password }, null);
  assert.equal(answer.status, 200);
  assertShape(answer.json(), fixture('login_200'));
  const first = logged.parse(answer.json());
  assert.equal(first.access_token, first.token_access);
  assert.equal((await vendor.call('GET', SUBJECTS, undefined, first.access_token)).status, 200);
  vendor.pass(3600);
  assert.equal((await vendor.call('GET', SUBJECTS, undefined, first.access_token)).status, 401);

  const again = { refresh_token: first.refresh_token };
  const refreshed = await vendor.call('POST', REFRESH, again, null);
  const second = logged.parse(refreshed.json());
  assert.equal((await vendor.call('GET', SUBJECTS, undefined, second.access_token)).status, 200);
  assert.equal((await vendor.call('POST', REFRESH, again, null)).status, 401);
});

test('a wrong password is 401, an account with a second factor 400, a missing field is named', async (t) => {
  const vendor = await serveHautai(t);
  assert.equal((await vendor.call('POST', LOGIN, { username, password: 'wrong' }, null)).status, 401);
  const second = await vendor.call('POST', LOGIN, { username: HAUTAI_DEFAULTS.mfaUsername, password }, null);
  assert.equal(second.status, 400);
  assertShape(second.json(), { type: '', errors: [{ code: '', detail: '', attr: null, extra: null }] });
  const missing = await vendor.call('POST', LOGIN, { username }, null);
  assert.deepEqual(
    codes(missing.json()).map(({ code, attr }) => [code, attr]),
    [['required', 'password']],
  );
});

test('a private token lives until its own date, can be taken back, and is shown only once', async (t) => {
  const vendor = await serveHautai(t);
  const body = { name: 'order-bridge', expiration_time: '2026-11-22T10:00:00Z' };
  const made = await vendor.call('POST', PRIVATE, body);
  assert.equal(made.status, 201);
  assertShape(made.json(), fixture('private_token_create_201'));
  const { id, data } = z.object({ id: z.int(), data: z.string() }).parse(made.json());
  const works = async () => (await vendor.call('GET', SUBJECTS, undefined, data)).status;
  assert.equal(await works(), 200);
  assert.ok(!(await vendor.call('GET', PRIVATE)).text.includes(data));
  vendor.pass(3590);
  assert.equal(await works(), 401);
  assert.equal((await vendor.call('POST', PRIVATE, body)).status, 400, 'a date that has passed');
  assert.equal((await vendor.call('DELETE', `${PRIVATE}${id}/`)).status, 204);
  assert.equal((await vendor.call('DELETE', `${PRIVATE}${id}/`)).status, 404);
});

test('no token and a strange one are 401, another company is 403, each in the envelope', async (t) => {
  const vendor = await serveHautai(t);
  for (const strange of [null, 'somebody-else']) {
    const answer = await vendor.call('GET', SUBJECTS, undefined, strange);
    assert.equal(answer.status, 401);
    assertShape(answer.json(), fixture('error_401'));
  }
  const others = SUBJECTS.replace(HAUTAI_DEFAULTS.companyId, '00000000-0000-4000-8000-000000000000');
  for (const method of ['GET', 'POST']) {
    const answer = await vendor.call(method, others, method === 'POST' ? { name: 'x' } : undefined);
    assert.equal(answer.status, 403);
    assert.deepEqual(answer.json(), fixture('error_403'));
  }
});

test('a path without its slash is moved, and what is no path is a page, not an envelope', async (t) => {
  const vendor = await serveHautai(t);
  for (const method of ['GET', 'POST']) {
    const moved = await vendor.call(method, SUBJECTS.slice(0, -1) + (method === 'GET' ? '?q=a' : ''));
    assert.deepEqual([moved.status, moved.text], [301, '']);
    assert.equal(moved.headers.get('location'), method === 'GET' ? `${SUBJECTS}?q=a` : SUBJECTS);
  }
  const nowhere = await vendor.call('GET', '/api/v1/nothing/');
  assert.deepEqual([nowhere.status, nowhere.headers.get('content-type')], [404, 'text/html; charset=utf-8']);
  assert.equal((await vendor.call('PUT', SUBJECTS, {})).status, 405);
  assert.deepEqual(vendor.account().endpoints['GET (unknown path)'], 1);
});

test('a body that is not JSON is 400, one of another type 415', async (t) => {
  const vendor = await serveHautai(t);
  const send = (type: string) =>
    fetch(`${vendor.base}${SUBJECTS}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
      body: '{"name"',
    });
  assert.equal((await send('application/json')).status, 400);
  assert.equal((await send('text/plain')).status, 415);
});

test('a dataset is made, and an application is connected with what it needs or not at all', async (t) => {
  const vendor = await serveHautai(t);
  const made = await vendor.call('POST', `${COMPANY}/datasets/`, { name: 'derm-orders', expire_images_after_days: 30 });
  assert.equal(made.status, 201);
  assertShape(made.json(), fixture('dataset_create_201'));
  const { id } = z.object({ id: z.string() }).parse(made.json());
  assert.equal(
    (await vendor.call('POST', `${COMPANY}/datasets/`, { name: 'x', expire_images_after_days: 366 })).status,
    400,
  );

  const applications = page.parse((await vendor.call('GET', `${COMPANY}/applications/`)).json());
  assert.ok(applications.results.some((one) => one.tech_name === 'face_skin_metrics_3'));
  const attach = (name: string, query = '') =>
    vendor.call('POST', `${COMPANY}/applications/${name}/attach-to-dataset/${query}`, { dataset_id: id });
  const refused = await attach('product_recommendations');
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.json(), fixture('error_400_missing_dependencies'));
  assert.equal((await attach('no-application')).status, 404);
  const attached = await attach('product_recommendations', '?resolve_dependencies=true');
  const { connected_applications } = z.object({ connected_applications: z.array(z.string()) }).parse(attached.json());
  assert.deepEqual(connected_applications, ['face_skin_metrics_2.0', 'product_recommendations']);
  const read = await vendor.call('GET', `${COMPANY}/datasets/${datasetId}/`);
  assert.match(read.text, /"connected_applications":\["face_skin_metrics_3"\]/);
});

test('subjects may share a name; they are searched by any part of it, in pages whose links say http', async (t) => {
  const vendor = await serveHautai(t);
  const made = await vendor.call('POST', SUBJECTS, fixture('subject_create_request'));
  assert.equal(made.status, 201);
  assertShape(made.json(), fixture('subject_create_201'));
  const ids = [];
  for (let count = 0; count < 3; count++) {
    vendor.pass(1);
    ids.push(await vendor.subject('pseud-b'));
  }
  await vendor.subject('pseud-bc');
  const list = async (query: string) => page.parse((await vendor.call('GET', `${SUBJECTS}?${query}`)).json());
  assert.equal((await list('q=PSEUD-B')).count, 4, 'a part of the name is enough');
  const oldest = await list('q=pseud-b&ordering=creation_time&page_size=2');
  assert.deepEqual(
    oldest.results.map(({ id }) => id),
    ids.slice(0, 2),
  );
  assert.match(oldest.next ?? '', /^http:\/\/[^/]+\/api\/v1\/.*page=2/);
  assert.equal(oldest.previous, null);
  const second = await list('q=pseud-b&ordering=creation_time&page_size=2&page=2');
  assert.deepEqual([second.next, second.results.length], [null, 2]);
  const beyond = await vendor.call('GET', `${SUBJECTS}?page=9`);
  assert.deepEqual([beyond.status, codes(beyond.json())[0]?.code], [404, 'not_found']);
});

test('a subject is changed, and with its deletion its uploads and results are gone', async (t) => {
  const vendor = await serveHautai(t);
  const id = await vendor.subject();
  const changed = await vendor.call('PATCH', `${SUBJECTS}${id}/`, { name: 'pseud-new' });
  assert.match(changed.text, /"name":"pseud-new"/);
  const opened = await vendor.open(id);
  assert.equal((await vendor.call('DELETE', `${SUBJECTS}${id}/`)).status, 204);
  assert.equal((await vendor.call('GET', `${SUBJECTS}${id}/`)).status, 404);
  assert.equal((await vendor.call('POST', `${COMPANY_V3}/subjects/${id}/upload/`, { front: 'f' })).status, 404);
  assert.equal((await vendor.readResults(opened.image_batch_id)).status, 404);
  assert.ok(opened.front);
  assert.equal((await vendor.put(opened.front, PHOTO)).status, 404);
});

test('what a subject or an upload must not say is named in the envelope', async (t) => {
  const vendor = await serveHautai(t);
  const id = await vendor.subject();
  const upload = `${COMPANY_V3}/subjects/${id}/upload/`;
  const wrong: [path: string, body: unknown, code: string, attr: string][] = [
    [SUBJECTS, {}, 'required', 'name'],
    [SUBJECTS, { name: null }, 'null', 'name'],
    [SUBJECTS, { name: '' }, 'blank', 'name'],
    [SUBJECTS, { name: 'x'.repeat(513) }, 'max_length', 'name'],
    [SUBJECTS, { name: 'x', birth_date: '1 May' }, 'invalid', 'birth_date'],
    [upload, {}, 'required', 'non_field_errors'],
    [upload, { front: '' }, 'blank', 'front'],
    [upload, { left: 'x'.repeat(256) }, 'max_length', 'left'],
    [upload, { front: 'f', creation_time: 'yesterday' }, 'invalid', 'creation_time'],
  ];
  for (const [path, body, code, attr] of wrong) {
    const answer = await vendor.call('POST', path, body);
    assert.equal(answer.status, 400);
    assertShape(answer.json(), fixture('error_400_validation'));
    assert.deepEqual(
      codes(answer.json()).map((error) => [error.code, error.attr]),
      [[code, attr]],
    );
  }
});

test('an upload is announced a side at a time, each call anew, and both views of the batch know it', async (t) => {
  const vendor = await serveHautai(t);
  const id = await vendor.subject();
  const taken = '2026-11-20T10:05:00+01:00';
  const opened = await vendor.open(id, { ...Object(fixture('upload_init_request')), creation_time: taken });
  assertShape(opened, fixture('upload_init_200'));
  assert.deepEqual(Object.keys(opened).sort(), ['front', 'image_batch_id', 'left']);
  assert.equal(opened.front?.headers['X-Goog-Content-Length-Range'], '1,31457280');
  assert.equal(new URL(opened.front.url).hostname, 'localhost', 'another origin than the API');
  assert.notEqual((await vendor.open(id)).image_batch_id, opened.image_batch_id);

  const info = await vendor.call('GET', `${COMPANY_V3}/batches/${opened.image_batch_id}/`);
  assertShape(info.json(), fixture('batch_info_200'));
  const list = await vendor.call('GET', `${COMPANY_V3}/batches/?subject_id=${id}&ordering=creation_time&page_size=1`);
  const listed = z
    .object({ count: z.int(), results: z.array(z.looseObject({ creation_time: z.string() })) })
    .parse(list.json());
  assert.deepEqual([listed.count, listed.results[0]?.creation_time], [2, taken]);
  for (const query of ['subject_id=nobody', 'dataset_id=none']) {
    assert.match((await vendor.call('GET', `${COMPANY_V3}/batches/?${query}`)).text, /"count":0/);
  }
  assert.equal((await vendor.call('GET', `${COMPANY_V3}/batches/none/`)).status, 404);
});

test('a batch in the list has the shape of the recorded one once it was computed', async (t) => {
  const vendor = await serveHautai(t);
  await vendor.finished(await vendor.uploaded());
  const list = z
    .looseObject({ results: z.array(z.looseObject({ meta: z.unknown() })) })
    .parse((await vendor.call('GET', `${COMPANY_V3}/batches/`)).json());
  const wanted = z
    .looseObject({ results: z.array(z.looseObject({ meta: z.unknown() })) })
    .parse(fixture('batches_list_200'));
  assertShape({ ...list, results: list.results.map((one) => ({ ...one, meta: null })) }, wanted);
});
