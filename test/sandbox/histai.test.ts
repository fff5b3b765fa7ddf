/** Who may call, and cohorts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_SHAPES } from '../../sandbox/histai/options.ts';
import { assertRefused, CASES, COHORTS, cohortPage, OTHER, serveHistai, type Vendor } from './serve-histai.ts';

const ABSENT = '00000000-0000-4000-8000-000000000000';
const refused = { code: 'NOT_FOUND', message: 'Cohort not found' };

/** Slides of a cohort as `case/slide`. */
const contentOf = async (vendor: Vendor, id: string) =>
  (await vendor.cohort(id)).cases.flatMap(({ caseId, slideIds }) => slideIds.map((slide) => `${caseId}/${slide}`));

test('every path wants a known key', async (t) => {
  const vendor = await serveHistai(t);
  for (const path of [CASES, COHORTS, '/v1/billing/balance']) {
    for (const key of [null, 'somebody-else']) {
      assertRefused(await vendor.call('GET', path, { key }), 401, 'INVALID_API_KEY');
    }
    assert.equal((await vendor.call('GET', path)).status, 200);
  }
  assertRefused(await vendor.call('GET', '/v1/datahub/nothing'), 404, 'NOT_FOUND');
  assertRefused(await vendor.call('PUT', COHORTS), 404, 'NOT_FOUND');
  assert.deepEqual(vendor.account().endpoints['GET (unknown path)'], 1);
});

for (const errorShape of ERROR_SHAPES) {
  test(`an error may have the shape ${errorShape}`, async (t) => {
    const vendor = await serveHistai(t, { errorShape });
    const answer = await vendor.call('GET', `${COHORTS}/${ABSENT}`);
    const { code, message } = refused;
    const bodies = {
      code: refused,
      nested: { error: refused },
      errorCode: { errorCode: code, message },
      detail: { detail: code },
    };
    assert.deepEqual([answer.status, answer.json()], [404, bodies[errorShape]]);
  });
}

test('a cohort is PENDING, then BUILDING, then UNPAID, and is listed, newest first', async (t) => {
  const vendor = await serveHistai(t);
  const [first, second] = await vendor.search({ stainName: ['HER2'] });
  assert.ok(first && second);
  const chosen = first.slides.slice(0, 1).map(({ slideId }) => slideId);
  const answer = await vendor.create([{ caseId: first.caseId, slideIds: chosen }, { caseId: second.caseId }], 'Pilot');
  assert.equal(answer.status, 201);
  const { content } = cohortPage.parse({ content: [answer.json()], page: 0, size: 1, totalElements: 1, totalPages: 1 });
  const { cohortId: id, ...created } = content[0] ?? assert.fail();
  const he = 1 + second.slides.filter(({ stainName }) => stainName === 'H&E').length;
  const other = second.slides.length + 1 - he;
  assert.deepEqual(created, {
    ...{ name: 'Pilot', status: 'PENDING', createdDate: '2026-11-22T09:00:00.000Z', paidDate: null, caseCount: 2 },
    ...{
      slideCount: he + other,
      heSlideCount: he,
      otherSlideCount: other,
      totalPriceUsd: he * 5 + other * 40,
      currency: 'USD',
    },
  });
  assert.equal(await vendor.status(id), 'PENDING');
  vendor.pass(1);
  assert.equal(await vendor.status(id), 'BUILDING');
  vendor.pass(1);
  assert.equal(await vendor.status(id), 'UNPAID');
  const { cases, ...whole } = await vendor.cohort(id);
  assert.deepEqual(whole, { cohortId: id, ...created, status: 'UNPAID' });
  assert.deepEqual(cases, [
    { caseId: first.caseId, slideIds: chosen },
    { caseId: second.caseId, slideIds: second.slides.map(({ slideId }) => slideId) },
  ]);
  const next = await vendor.built();
  assert.deepEqual(
    (await vendor.cohorts()).map(({ cohortId }) => cohortId),
    [next, id],
  );
  assert.deepEqual((await vendor.cohorts())[1], whole);
  const page = await vendor.read(cohortPage, `${COHORTS}?page=1&size=1`);
  assert.deepEqual([page.content.length, page.totalElements], [1, 2]);
  assertRefused(await vendor.call('GET', `${COHORTS}?size=x`), 400, 'INVALID_PARAMETERS');
});

test('what cannot be a cohort is refused, and none is made', async (t) => {
  const vendor = await serveHistai(t);
  const [one, two] = await vendor.search({});
  assert.ok(one && two);
  const cases = [{ caseId: one.caseId }];
  const post = (json: unknown) => vendor.call('POST', COHORTS, { json });
  for (const name of ['', '  ', 'x'.repeat(201)]) {
    assertRefused(await post({ name, cases }), 409, 'INVALID_NAME');
  }
  assertRefused(await post({ name: 'x', cases: [...cases, ...cases] }), 409, 'DUPLICATE_CASES');
  assertRefused(await post({ name: 'x', cases: [{ caseId: ABSENT }] }), 404, 'NOT_FOUND');
  const strange = [{ caseId: one.caseId, slideIds: [two.slides[0]?.slideId] }];
  assertRefused(await post({ name: 'x', cases: strange }), 404, 'NOT_FOUND');
  for (const json of [
    { name: 'x', cases: [] },
    { name: 'x' },
    { cases },
    { name: 1, cases },
    [],
    { name: 'x', cases: [{ caseId: one.caseId, slideIds: [] }] },
  ]) {
    assertRefused(await post(json), 400, 'INVALID_PARAMETERS');
  }
  assert.deepEqual(await vendor.cohorts(), []);
  assert.equal((await post({ name: 'x'.repeat(200), cases })).status, 201);
});

test('slides are added and removed while a cohort is UNPAID, and its price follows', async (t) => {
  const vendor = await serveHistai(t);
  const [one, two] = (await vendor.search({ stainType: ['IHC'] })).filter(({ slides }) => slides.length > 1);
  assert.ok(one && two);
  const [first = '', second = ''] = one.slides.map(({ slideId }) => slideId);
  const id = await vendor.built([{ caseId: one.caseId, slideIds: [first] }]);
  const slides = `${COHORTS}/${id}/slides`;
  assert.equal((await vendor.cohort(id)).totalPriceUsd, 5);

  const added = await vendor.call('POST', slides, {
    json: [{ caseId: two.caseId }, { caseId: one.caseId, slideIds: [second] }],
  });
  assert.equal(added.status, 200, added.text);
  const all = [
    ...[first, second].map((slide) => `${one.caseId}/${slide}`),
    ...two.slides.map(({ slideId }) => `${two.caseId}/${slideId}`),
  ];
  assert.deepEqual(await contentOf(vendor, id), all);
  assert.ok((await vendor.cohort(id)).totalPriceUsd > 5);

  assert.equal((await vendor.call('DELETE', slides, { json: [{ caseId: two.caseId }] })).status, 200);
  assert.equal(
    (await vendor.call('DELETE', slides, { json: [{ caseId: one.caseId, slideIds: [second] }] })).status,
    200,
  );
  assert.deepEqual(await contentOf(vendor, id), all.slice(0, 1));

  assertRefused(await vendor.call('DELETE', slides, { json: [{ caseId: two.caseId }] }), 404, 'NOT_FOUND');
  assertRefused(
    await vendor.call('DELETE', slides, { json: [{ caseId: one.caseId, slideIds: [second] }] }),
    404,
    'NOT_FOUND',
  );
  assertRefused(await vendor.call('DELETE', slides, { json: [{ caseId: one.caseId }] }), 400, 'INVALID_PARAMETERS');
  assertRefused(await vendor.call('POST', slides, { json: [] }), 400, 'INVALID_PARAMETERS');
  assertRefused(await vendor.call('POST', slides, { json: [{ caseId: ABSENT }] }), 404, 'NOT_FOUND');
  const twice = [{ caseId: two.caseId }, { caseId: two.caseId }];
  assertRefused(await vendor.call('POST', slides, { json: twice }), 409, 'DUPLICATE_CASES');
  assert.deepEqual(await contentOf(vendor, id), all.slice(0, 1), 'a refusal changes nothing');

  assert.equal((await vendor.pay(id)).status, 200);
  for (const method of ['POST', 'DELETE']) {
    assertRefused(await vendor.call(method, slides, { json: [{ caseId: two.caseId }] }), 409, 'COHORT_STATUS_INVALID');
  }
});

test('whoever does not own a cohort may do nothing with it, and does not see it', async (t) => {
  const vendor = await serveHistai(t);
  const id = await vendor.exported();
  const paths = ['', '/status', '/export/status', '/export/manifest', '/export/files', `/export/files/${ABSENT}`];
  const calls = [
    ...paths.map((path) => ['GET', path]),
    ['POST', '/pay'],
    ['POST', '/slides'],
    ['DELETE', '/slides'],
    ['POST', '/export/refresh'],
  ];
  for (const [method = '', path = ''] of calls) {
    assertRefused(await vendor.call(method, `${COHORTS}/${id}${path}`, { key: OTHER }), 403, 'NO_PERMISSION');
    assertRefused(await vendor.call(method, `${COHORTS}/${ABSENT}${path}`), 404, 'NOT_FOUND');
  }
  const list = cohortPage.parse((await vendor.call('GET', COHORTS, { key: OTHER })).json());
  assert.equal(list.totalElements, 0);
});

test('a body that is not JSON is refused, and the ledger holds no clinical text', async (t) => {
  const vendor = await serveHistai(t);
  const [one] = await vendor.search({ organ: ['Ovary'] });
  await vendor.exported();
  const broken = await vendor.call('POST', COHORTS, { text: '{"name":' });
  assertRefused(broken, 400, 'INVALID_PARAMETERS');
  const ledger = JSON.stringify(vendor.account());
  assert.ok(one && !ledger.includes('Ovary') && !ledger.includes(one.caseId) && !ledger.includes('HER2 pilot'));
});
