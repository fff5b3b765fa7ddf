/** Lists, exports and settings of the Datahub's client, over real HTTP. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { z } from 'zod';
import {
  addSlides,
  createCohort,
  listCohorts,
  pageFilter,
  pay,
  readCohort,
  readCohortStatus,
  removeSlides,
  searchCases,
} from '../../../src/vendors/histai/api.ts';
import { listTransactions } from '../../../src/vendors/histai/api-billing.ts';
import {
  listFiles,
  readExportStatus,
  readFileUrl,
  readManifest,
  withFreshLinks,
} from '../../../src/vendors/histai/api-export.ts';
import { readAll } from '../../../src/vendors/histai/api-pages.ts';
import { options, settings } from '../../../src/vendors/histai/settings.ts';
import { topUp } from '../../../src/vendors/histai/top-up.ts';
import { serve } from '../../support/serve.ts';
import { approvalOf, callerOf, KEY, lockOf, site, thrownBy } from './api-site.ts';

const DAY = 86_400;

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/histai/${name}.json`, import.meta.url), 'utf8'));

/** With their slides: a case without would be bought whole. */
const CASES = [{ caseId: 'case_456', slideIds: ['slide_A', 'slide_B'] }];

test('requests are what the vendor documents', async (context) => {
  const seen: unknown[] = [];
  const { url, close } = await serve(async (request, response) => {
    const body = await text(request);
    seen.push(`${request.method} ${request.url}`, body === '' ? undefined : JSON.parse(body));
    response.end('{"content":[],"cohortId":"c"}');
  });
  context.after(close);
  const caller = callerOf(context, url, { allowTopUp: true });
  const filter = z.record(z.string(), z.unknown()).parse(fixture('cases_search_request'));
  await searchCases(caller, filter, { size: 20 });
  await pageFilter(caller, { field: 'organ', text: 'ovar' }, { page: 2 });
  await createCohort(caller, 'My Breast Cancer Cohort', CASES);
  await addSlides(caller, 'a/b', CASES);
  await removeSlides(caller, 'c', CASES);
  await pay(caller, 'c', KEY);
  await topUp(caller, approvalOf(100), lockOf());
  assert.deepEqual(seen, [
    ...['POST /v1/datahub/cases/search?page=0&size=20', filter],
    ...['POST /v1/datahub/cases/filters/page', { field: 'organ', text: 'ovar', page: 2, size: 100 }],
    ...['POST /v1/datahub/cohorts', { name: 'My Breast Cancer Cohort', cases: CASES }],
    ...['POST /v1/datahub/cohorts/a%2Fb/slides', CASES],
    ...['DELETE /v1/datahub/cohorts/c/slides', CASES],
    ...['POST /v1/datahub/cohorts/c/pay', undefined],
    ...['POST /v1/billing/topup/charge', fixture('topup_charge_request')],
  ]);
});

test('what is not there is undefined; another account’s cohort is the operator’s', async (context) => {
  const { caller, built } = await site(context);
  assert.equal(await readCohort(caller, 'none'), undefined);
  assert.equal(await readCohortStatus(caller, '../../x'), undefined);
  const stranger = { ...caller, settings: { ...caller.settings, apiKey: 'sandbox-histai-other-key' } };
  const error = await thrownBy(readCohort(stranger, await built()));
  assert.deepEqual([error.code, error.remedy, error.status], ['vendor-rejected', 'hold', 403]);
});

test('an export is not there before payment, not yet after it, and then is', async (context) => {
  const { caller, built, pass } = await site(context, { secondsUntilExported: 2 });
  const id = await built();
  assert.match((await thrownBy(readExportStatus(caller, id))).message, /COHORT_NOT_PAID/);
  await pay(caller, id, KEY);
  assert.deepEqual(await readManifest(caller, id), { refused: 'EXPORT_NOT_READY' });
  const preparing = await readExportStatus(caller, id);
  assert.ok('status' in preparing && preparing.status === 'PREPARING');
  pass(2);
  const ready = await readExportStatus(caller, id);
  assert.ok('status' in ready && ready.status === 'READY');
  assert.equal(ready.downloadWindowEndsAt, '2026-12-06T09:00:00.000Z');
  const files = await listFiles(caller, id);
  assert.ok('items' in files && files.items.length === 2 && files.rows === 2);
  assert.deepEqual(await readFileUrl(caller, id, 'none'), { refused: 'NOT_FOUND' });
  assert.ok((files.items[0]?.sizeBytes ?? 0) > 0);
});

test('expired links are renewed once; at the end of the two weeks that is told, and metadata stays', async (context) => {
  const { caller, bought, pass, account } = await site(context, { staleLinks: 'gone' });
  const id = await bought();
  const refreshes = () => account()?.endpoints['POST /v1/datahub/cohorts/{cohortId}/export/refresh'] ?? 0;
  pass(DAY + 1);
  assert.deepEqual(await readManifest(caller, id), { refused: 'EXPORT_WINDOW_EXPIRED' });
  const renewed = await withFreshLinks(caller, id, () => readManifest(caller, id));
  assert.ok('metadataUrl' in renewed && renewed.metadataUrl);
  assert.equal(refreshes(), 1);
  assert.ok('metadataUrl' in (await withFreshLinks(caller, id, () => readManifest(caller, id))));
  assert.equal(refreshes(), 1, 'links that are good are not renewed');
  pass(14 * DAY);
  assert.deepEqual(await withFreshLinks(caller, id, () => listFiles(caller, id)), { refused: 'EXPORT_WINDOW_EXPIRED' });
  assert.equal(refreshes(), 2, 'once, and then given up');
  assert.ok('metadataUrl' in (await readManifest(caller, id)));
});

for (const envelope of ['content', 'items', 'cases', 'results', 'array'] as const) {
  for (const casing of ['camel', 'snake'] as const) {
    test(`lists and cohorts are read in ${casing} case, in the envelope ${envelope}`, async (context) => {
      const { caller, bought, cohort } = await site(context, { envelope, casing });
      const { items, total } = await searchCases(caller, { organ: ['Lung'], isCancer: true }, { size: 5 });
      assert.equal(items.length, 5);
      assert.equal(total === undefined, envelope === 'array');
      assert.ok(items.every(({ organ, isCancer, slides }) => organ[0] === 'Lung' && isCancer && slides.length > 0));
      const all = await readAll(
        (page) => searchCases(caller, { organ: ['Lung'], isCancer: true }, { page, size: 5 }),
        ({ caseId }) => caseId,
      );
      assert.ok(all.whole && all.items.length > 5 && all.items.length === (total ?? all.items.length));
      const id = await bought();
      const { status, totalPriceUsd, currency, slideCount, paidDate, cases } = (await cohort(id)) ?? {};
      assert.deepEqual([status, currency, slideCount, cases?.length], ['PAID', 'USD', 2, 2]);
      assert.ok((totalPriceUsd ?? 0) > 0 && paidDate);
      assert.equal((await listCohorts(caller)).items[0]?.cohortId, id);
      assert.equal((await listTransactions(caller)).items[0]?.cohortId, id);
      const files = await listFiles(caller, id);
      assert.ok('items' in files && files.items.every(({ slideId, fileName }) => slideId && fileName));
    });
  }
}

test('a list is read no further than is wanted, nor for ever', async () => {
  const pages: number[] = [];
  const three = (page: number) => {
    pages.push(page);
    return Promise.resolve({ items: [3 * page, 3 * page + 1, 3 * page + 2], rows: 3, total: 3 });
  };
  assert.deepEqual(await readAll(three, String, 4), { items: [0, 1, 2, 3], whole: false });
  assert.deepEqual(pages, [0, 1]);
  const same = () => Promise.resolve({ items: [1, 2], rows: 2 });
  assert.deepEqual(await readAll(same, String), { items: [1, 2], whole: true });
  assert.deepEqual(await readAll(same, String, 2), { items: [1, 2], whole: true });
  assert.deepEqual(await readAll(() => Promise.resolve({ items: [], rows: 9 }), String), { items: [], whole: false });
  assert.equal((await readAll(three, String)).whole, false);
});

test('settings have the vendor’s host and no purchase by default; what cannot be is named', () => {
  const { baseUrl, allowTopUp, approval, download, caseResources, storageHosts } = settings.parse({ apiKey: 'k' });
  assert.equal(baseUrl, 'https://prod.celldx.net');
  assert.deepEqual([allowTopUp, download, caseResources, storageHosts], [false, false, false, []]);
  assert.deepEqual(approval, { minutes: 15, waitDays: 7, inEhr: [] });
  const wrong = [
    {},
    { apiKey: '' },
    { apiKey: 'a\nb' },
    { apiKey: 'k', download: true },
    { apiKey: 'k', approval: { minutes: 0 } },
    { apiKey: 'k', storageHosts: ['https://x'] },
    { apiKey: 'k', topUp: 1 },
  ];
  for (const one of wrong) {
    assert.equal(settings.safeParse(one).success, false, JSON.stringify(one));
  }
  assert.equal(options.parse({ organ: ['Ovary'], age: [40, 60], gender: 'f', cases: 10 }).cases, 10);
  for (const one of [{ age: [60, 40] }, { organ: [] }, { cases: 0 }, { gender: 'x' }, { slides: 1 }]) {
    assert.equal(options.safeParse(one).success, false, JSON.stringify(one));
  }
});
