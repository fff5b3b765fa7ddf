/** Every endpoint that the vendor documents has a function of the client, which calls it and no other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  addSlides,
  createCohort,
  listCases,
  listCohorts,
  pageFilter,
  pay,
  readCohort,
  readCohortStatus,
  readFilters,
  readGlobalFilters,
  removeSlides,
  searchCases,
} from '../../../src/vendors/histai/api.ts';
import { listPaymentMethods, listTransactions, readBalance } from '../../../src/vendors/histai/api-billing.ts';
import {
  listFiles,
  readExportStatus,
  readFileUrl,
  readManifest,
  refreshExport,
} from '../../../src/vendors/histai/api-export.ts';
import { check } from '../../../src/vendors/histai/check.ts';
import { topUp } from '../../../src/vendors/histai/top-up.ts';
import { approvalOf, KEY, lockOf, type Site, site } from './api-site.ts';

/** Calls one endpoint on a cohort of the kind that it needs. */
type Use = (site: Site, id: string) => Promise<unknown>;

const firstFile: Use = async ({ caller }, id) => {
  const files = await listFiles(caller, id);
  assert.ok('items' in files && files.items[0]);
  return readFileUrl(caller, id, files.items[0].fileId);
};

/** As the vendor's document lists them. `needs`: what has to be there before. */
const ENDPOINTS: readonly { endpoint: string; name: string; needs?: 'cohort' | 'bought'; use: Use }[] = [
  {
    endpoint: 'POST /v1/billing/topup/charge',
    name: topUp.name,
    use: ({ caller }) => topUp(caller, approvalOf(100), lockOf()),
  },
  { endpoint: 'GET /v1/datahub/cases', name: listCases.name, use: ({ caller }) => listCases(caller) },
  {
    endpoint: 'POST /v1/datahub/cases/search',
    name: searchCases.name,
    use: ({ caller }) => searchCases(caller, { organ: ['Breast'], isCancer: true }),
  },
  { endpoint: 'POST /v1/datahub/cases/filters', name: readFilters.name, use: ({ caller }) => readFilters(caller, {}) },
  {
    endpoint: 'POST /v1/datahub/cases/filters/page',
    name: pageFilter.name,
    use: ({ caller }) => pageFilter(caller, { field: 'primaryDiagnosis', text: 'carcinoma' }),
  },
  {
    endpoint: 'GET /v1/datahub/cases/filters/global',
    name: readGlobalFilters.name,
    use: ({ caller }) => readGlobalFilters(caller),
  },
  { endpoint: 'GET /v1/datahub/cohorts', name: listCohorts.name, use: ({ caller }) => listCohorts(caller) },
  {
    endpoint: 'POST /v1/datahub/cohorts',
    name: createCohort.name,
    use: async ({ caller, chosen }) => createCohort(caller, 'My cohort', await chosen()),
  },
  {
    endpoint: 'GET /v1/datahub/cohorts/{cohortId}',
    name: readCohort.name,
    needs: 'cohort',
    use: ({ caller }, id) => readCohort(caller, id),
  },
  {
    endpoint: 'GET /v1/datahub/cohorts/{cohortId}/status',
    name: readCohortStatus.name,
    needs: 'cohort',
    use: ({ caller }, id) => readCohortStatus(caller, id),
  },
  {
    endpoint: 'POST /v1/datahub/cohorts/{cohortId}/slides',
    name: addSlides.name,
    needs: 'cohort',
    use: async ({ caller, chosen }, id) => addSlides(caller, id, await chosen()),
  },
  {
    endpoint: 'DELETE /v1/datahub/cohorts/{cohortId}/slides',
    name: removeSlides.name,
    needs: 'cohort',
    use: async ({ caller, chosen }, id) => removeSlides(caller, id, (await chosen()).slice(0, 1)),
  },
  {
    endpoint: 'POST /v1/datahub/cohorts/{cohortId}/pay',
    name: pay.name,
    needs: 'cohort',
    use: ({ caller }, id) => pay(caller, id, KEY),
  },
  {
    endpoint: 'GET /v1/datahub/cohorts/{cohortId}/export/status',
    name: readExportStatus.name,
    needs: 'bought',
    use: ({ caller }, id) => readExportStatus(caller, id),
  },
  {
    endpoint: 'GET /v1/datahub/cohorts/{cohortId}/export/manifest',
    name: readManifest.name,
    needs: 'bought',
    use: ({ caller }, id) => readManifest(caller, id),
  },
  {
    endpoint: 'GET /v1/datahub/cohorts/{cohortId}/export/files',
    name: listFiles.name,
    needs: 'bought',
    use: ({ caller }, id) => listFiles(caller, id),
  },
  {
    endpoint: 'GET /v1/datahub/cohorts/{cohortId}/export/files/{fileId}',
    name: readFileUrl.name,
    needs: 'bought',
    use: firstFile,
  },
  {
    endpoint: 'POST /v1/datahub/cohorts/{cohortId}/export/refresh',
    name: refreshExport.name,
    needs: 'bought',
    use: ({ caller }, id) => refreshExport(caller, id),
  },
  { endpoint: 'GET /v1/billing/balance', name: readBalance.name, use: ({ caller }) => readBalance(caller) },
  { endpoint: 'GET /v1/billing/history', name: listTransactions.name, use: ({ caller }) => listTransactions(caller) },
  {
    endpoint: 'GET /v1/billing/payment-methods',
    name: listPaymentMethods.name,
    use: ({ caller }) => listPaymentMethods(caller),
  },
];

async function used(context: TestContext, { needs, use }: (typeof ENDPOINTS)[number]) {
  const here = await site(context, {}, { allowTopUp: true });
  const id = needs === 'bought' ? await here.bought() : needs === 'cohort' ? await here.built() : '';
  const before = new Map(Object.entries(here.account()?.endpoints ?? {}));
  const answer = await use(here, id);
  const { endpoints = {}, calls = [] } = here.account() ?? {};
  const fresh = Object.entries(endpoints).filter(([name, times]) => times > (before.get(name) ?? 0));
  return { answer, called: fresh.map(([name]) => name), last: calls.at(-1) };
}

/** What a function asks first, to have something to name. */
const PREPARATION: Readonly<Record<string, string>> = {
  createCohort: 'POST /v1/datahub/cases/search',
  addSlides: 'POST /v1/datahub/cases/search',
  removeSlides: 'POST /v1/datahub/cases/search',
  readFileUrl: 'GET /v1/datahub/cohorts/{cohortId}/export/files',
};

for (const row of ENDPOINTS) {
  test(`${row.name} calls ${row.endpoint}`, async (context) => {
    const { answer, called, last } = await used(context, row);
    const own = called.filter((endpoint) => endpoint !== PREPARATION[row.name]);
    assert.deepEqual(own, [row.endpoint]);
    assert.equal(last?.endpoint, row.endpoint);
    assert.ok(last?.status === 200 || last?.status === 201);
    assert.ok(typeof answer !== 'object' || answer === null || !('refused' in answer));
  });
}

test('the table has each endpoint once, and the client has no other', () => {
  assert.equal(new Set(ENDPOINTS.map(({ endpoint }) => endpoint)).size, 21);
  assert.equal(new Set(ENDPOINTS.map(({ name }) => name)).size, 21);
  const sources = ['api', 'api-export', 'api-billing', 'top-up'].map((name) =>
    readFileSync(new URL(`../../../src/vendors/histai/${name}.ts`, import.meta.url), 'utf8'),
  );
  const functions = sources.join('\n').matchAll(/^export (?:async )?function (\w+)/gm);
  assert.deepEqual(
    [...functions].map(([, name]) => name).sort(),
    // Two calls that the table has already.
    [...ENDPOINTS.map(({ name }) => name), 'withFreshLinks'].sort(),
  );
});

test('the doctor reads the balance and says its currency; it bills nothing', async (context) => {
  const { caller, account } = await site(context, { balanceUsd: 1234.5 });
  assert.equal(await check(caller), 'the key works; the balance is 1234.50 USD');
  assert.deepEqual(account()?.endpoints, { 'GET /v1/billing/balance': 1 });
  assert.deepEqual(account()?.billed, {});
  const foreign = await site(context, { currency: 'EUR' }, { allowTopUp: true });
  const words = await check(foreign.caller);
  assert.match(words, /5000\.00 EUR; WARNING: prices are in USD/);
  assert.match(words, /WARNING: allowTopUp/);
});
