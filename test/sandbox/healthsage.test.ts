import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { fixture, NOW, ORDER, serveHealthsage } from './serve-healthsage.ts';

const extraction = z.looseObject({ id: z.string(), shortened_id: z.string() });
const finished = z.looseObject({
  task_id: z.string(),
  status: z.string(),
  json_data: z.looseObject({ extractions: z.array(extraction) }),
  usage: z.strictObject({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
});
const usage = z.strictObject({
  total_requests: z.int(),
  tokens_used: z.int(),
  token_limit: z.int(),
  remaining_tokens: z.int(),
});

/** The extractions without their ids, which are new each time. */
const told = (answer: unknown) =>
  finished.parse(answer).json_data.extractions.map(({ id, shortened_id, ...rest }) => {
    assert.equal(shortened_id, id.slice(0, 8));
    return rest;
  });

test("the vendor's note becomes the vendor's answer", async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0 });
  const id = await vendor.submit();
  const answer = (await vendor.task(id)).json();
  assert.deepEqual(told(answer), told(fixture('task_success_200')));
  const { json_data, usage: tokens, ...head } = finished.parse(answer);
  assert.deepEqual(head, { task_id: id, status: 'SUCCESS', letter_date: '2026-11-20', patient_dob: null });
  assert.deepEqual(
    { ...json_data, extractions: [] },
    { extractions: [], specialty: 'General Medicine', snomed_ct_version: '2026-01-01' },
  );
  assert.equal(tokens.total_tokens, tokens.input_tokens + tokens.output_tokens);
});

test('the same note twice gives the same extractions under another task', async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0 });
  const [first, second] = [await vendor.submit(), await vendor.submit()];
  assert.notEqual(first, second);
  assert.deepEqual(told((await vendor.task(first)).json()), told((await vendor.task(second)).json()));
  assert.deepEqual((await vendor.task(first)).json(), (await vendor.task(first)).json());
});

test('its Bundle is the fixture, for the patient that was named', async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0 });
  const id = await vendor.submit();
  const withoutIds = (bundle: unknown) =>
    JSON.parse(JSON.stringify(bundle).replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id'));
  assert.deepEqual(
    withoutIds((await vendor.bundle(id, 'pseud-7f3a91')).json()),
    withoutIds(fixture('task_fhir_bundle_200')),
  );
  assert.deepEqual(
    withoutIds((await vendor.bundle(id)).json()),
    withoutIds(fixture('task_fhir_bundle_placeholder_subject_200')),
  );
});

test("the Bundle's entries have the extractions' ids", async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0 });
  const id = await vendor.submit();
  const { extractions } = finished.parse((await vendor.task(id)).json()).json_data;
  const bundle = z.object({
    entry: z.array(z.object({ fullUrl: z.string(), resource: z.object({ id: z.string() }) })),
  });
  const { entry } = bundle.parse((await vendor.bundle(id, 'p')).json());
  assert.ok(entry.length > 0);
  for (const { fullUrl, resource } of entry) {
    assert.equal(fullUrl, `urn:uuid:${resource.id}`);
    assert.ok(extractions.some((one) => one.id === resource.id));
  }
});

test('a task is PENDING for two looks, its Bundle is not there before, and then it stays done', async (t) => {
  const vendor = await serveHealthsage(t);
  const answer = await vendor.generate();
  assert.equal(answer.status, 202);
  const { task_id: id } = z.strictObject({ task_id: z.string(), status: z.literal('PENDING') }).parse(answer.json());
  const pending = { ...z.record(z.string(), z.unknown()).parse(fixture('task_pending_200')), task_id: id };
  assert.deepEqual((await vendor.task(id)).json(), pending);
  assert.equal((await vendor.bundle(id)).status, 404);
  assert.deepEqual((await vendor.task(id)).json(), pending);
  for (let look = 0; look < 2; look++) {
    assert.equal(finished.parse((await vendor.task(id)).json()).status, 'SUCCESS');
  }
  assert.equal((await vendor.bundle(id)).status, 200);
});

test('keys: missing and unknown 401, inactive 403', async (t) => {
  const vendor = await serveHealthsage(t);
  for (const key of [null, 'made-up', '']) {
    const answer = await vendor.call('GET', '/auth/usage', { key });
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.json(), fixture('error_401'));
  }
  const inactive = await vendor.call('POST', '/generate', { key: 'inactive-1', json: ORDER });
  assert.equal(inactive.status, 403);
  assert.deepEqual(inactive.json(), fixture('error_403'));
  assert.equal((await vendor.call('GET', '/auth/usage', { key: 'sandbox-1' })).status, 200);
});

test('1500 code points are taken, 1501 are not, and an emoji is one', async (t) => {
  const vendor = await serveHealthsage(t);
  assert.equal((await vendor.generate({ ...ORDER, note: '🫀'.repeat(1500) })).status, 202);
  assert.equal((await vendor.generate({ ...ORDER, note: 'a'.repeat(1500) })).status, 202);
  const answer = await vendor.generate({ ...ORDER, note: `${'🫀'.repeat(1500)}.` });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json(), fixture('error_400'));
});

test('bad requests are told as FastAPI tells them', async (t) => {
  const vendor = await serveHealthsage(t);
  const { note } = ORDER;
  const missing = await vendor.generate({ note });
  assert.equal(missing.status, 422);
  assert.deepEqual(missing.json(), {
    detail: [{ type: 'missing', loc: ['body', 'specialty'], msg: 'Field required', input: { note } }],
  });
  for (const body of [
    [],
    'text',
    3,
    null,
    { ...ORDER, note: 7 },
    { ...ORDER, letter_date: 20261120 },
    { specialty: 'x' },
  ]) {
    const answer = await vendor.generate(body);
    assert.equal(answer.status, 422, JSON.stringify(body));
    z.strictObject({
      detail: z
        .array(z.strictObject({ type: z.string(), loc: z.array(z.string()), msg: z.string(), input: z.unknown() }))
        .min(1),
    }).parse(answer.json());
  }
  assert.equal((await vendor.call('POST', '/generate', { body: '{"note": ' })).status, 422);
  for (const letter_date of ['20.11.2026', '2026-02-30', '2026-11', '']) {
    const answer = await vendor.generate({ ...ORDER, letter_date });
    assert.equal(answer.status, 400, letter_date);
    z.strictObject({ detail: z.string() }).parse(answer.json());
  }
  assert.equal((await vendor.call('GET', '/nothing')).status, 404);
  assert.deepEqual((await vendor.task('7791cb1c-c8ac-54b5-90ab-fd5b24aa8410')).json(), fixture('error_404'));
});

test('a letter without a date is dated today', async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0 });
  const id = await vendor.submit({ note: 'Gout since 2020.', specialty: 'General Medicine', unknown_key: true });
  const answer = z.looseObject({ letter_date: z.string() }).parse((await vendor.task(id)).json());
  assert.equal(answer.letter_date, NOW.toISOString().slice(0, 10));
  assert.equal(told(answer).at(0)?.relative_date, '(Y-6)');
});

test('only output tokens count; the last note may overdraw the limit; then it is 429 with the sentence', async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0, tokenLimit: 1000 });
  const report = async () => usage.parse((await vendor.call('GET', '/auth/usage')).json());
  assert.deepEqual(await report(), { total_requests: 1, tokens_used: 0, token_limit: 1000, remaining_tokens: 1000 });
  const id = await vendor.submit();
  const cost = finished.parse((await vendor.task(id)).json()).usage.output_tokens;
  assert.ok(cost > 500 && cost < 1000, String(cost));
  await vendor.submit();
  const used = 2 * cost;
  assert.deepEqual(await report(), {
    total_requests: 5,
    tokens_used: used,
    token_limit: 1000,
    remaining_tokens: 1000 - used,
  });
  const refused = await vendor.generate();
  assert.equal(refused.status, 429);
  assert.deepEqual(refused.json(), {
    detail: `Token limit exceeded. You have used ${used} tokens out of your 1000 token limit.`,
  });
  assert.equal((await vendor.generate(ORDER, 'sandbox-other')).status, 202);
});

test('the ledger shows what was asked and what was billed, and a note billed twice, without its text', async (t) => {
  const vendor = await serveHealthsage(t, { pollsUntilDone: 0 });
  const first = await vendor.submit();
  const cost = finished.parse((await vendor.task(first)).json()).usage.output_tokens;
  const second = await vendor.submit();
  await vendor.generate({ ...ORDER, specialty: undefined });
  await vendor.call('GET', '/Jane/Doe');
  const account = vendor.account();
  assert.deepEqual(account?.endpoints, { 'POST /generate': 3, 'GET /tasks/{task_id}': 1, 'GET (unknown path)': 1 });
  assert.deepEqual(account?.billed, { generations: 2, output_tokens: 2 * cost });
  assert.deepEqual(Object.values(account?.submissions ?? {}), [
    { received: 2, bills: 2, billed: { generations: 2, output_tokens: 2 * cost } },
  ]);
  assert.deepEqual(
    account?.bills.map(({ keys }) => keys.task_id),
    [first, second],
  );
  assert.deepEqual(
    account?.calls.map(({ status }) => status),
    [202, 200, 202, 422, 404],
  );
  assert.ok(!JSON.stringify(account).includes('diabetes'));
});
