/** The Datahub's answers, documented and not: read in both spellings and any envelope, or refused by name. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { z } from 'zod';
import { AdapterError } from '../../../src/errors.ts';
import {
  balance,
  caseRecord,
  cohort,
  cohortStatus,
  exportFile,
  exportStatus,
  facets,
  facetValue,
  fileUrl,
  manifest,
  pageOf,
  parsed,
  payment,
  paymentMethod,
  transaction,
} from '../../../src/vendors/histai/answers.ts';
import { codeOf, errorOf, READ_STATUSES, refusalOf } from '../../../src/vendors/histai/api-errors.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/histai/${name}.json`, import.meta.url), 'utf8'));

const answer = (body: unknown, status = 200) => ({
  status,
  headers: {},
  json: () => body,
  bytes: () => new Uint8Array(),
});

const page = <T extends z.ZodType>(item: T, body: unknown) => pageOf(item, answer(body), 'a list');

test('the same case is read from both spellings, but for the slides that one of them lacks', () => {
  const [camel] = page(caseRecord, fixture('cases_search_200')).items;
  const snake = page(caseRecord, fixture('cases_search_200_snake'));
  assert.equal(snake.total, 1);
  assert.deepEqual(snake.items, [{ ...camel, slides: [] }]);
  assert.deepEqual(camel?.ihcStudies, { HER2: 'positive 3+', ER: 'negative' });
  assert.deepEqual(
    camel?.slides.map(({ stainName }) => stainName),
    ['H&E', 'HER2', 'ER'],
  );
});

test('free text of a case is not read', () => {
  const read = page(caseRecord, fixture('cases_list_200'));
  assert.equal(read.items.length, 2);
  assert.doesNotMatch(JSON.stringify(read), /protocol|conclusion|desmoplastic/i);
});

test('a field in both spellings counts in camel case, whichever comes first', () => {
  const id = 'c1';
  assert.deepEqual(cohort.parse({ cohort_id: 'x', cohortId: id, status: 'PAID' }).cohortId, id);
  assert.deepEqual(cohort.parse({ cohortId: id, cohort_id: 'x', status: 'PAID' }).cohortId, id);
  assert.equal(cohort.parse({ id, status: 'UNPAID' }).cohortId, id);
  assert.equal(cohort.safeParse({ status: 'UNPAID' }).success, false);
});

test('a cohort says what it holds and costs; what cannot be read of it is absent, never half', () => {
  const unpaid = cohort.parse(fixture('cohort_unpaid_200'));
  assert.deepEqual([unpaid.status, unpaid.totalPriceUsd, unpaid.currency], ['UNPAID', 50, 'USD']);
  assert.deepEqual([unpaid.heSlideCount, unpaid.otherSlideCount, unpaid.cases], [2, 1, undefined]);
  assert.equal(cohort.parse(fixture('cohort_create_201')).status, 'PENDING');
  assert.equal(cohort.parse(fixture('cohort_paid_200')).paidDate, '2026-11-22T09:30:00Z');
  const priced = (totalPriceUsd: unknown) => cohort.parse({ cohortId: 'c', totalPriceUsd }).totalPriceUsd;
  assert.deepEqual([priced('50.00'), priced(50.5), priced('5e1'), priced(-1), priced(null)], [50, 50.5, ...Array(3)]);
  const cases = (list: unknown) => cohort.parse({ cohortId: 'c', cases: list }).cases;
  assert.deepEqual(cases([{ case_id: 'a', slide_ids: ['s'] }]), [{ caseId: 'a', slideIds: ['s'] }]);
  assert.deepEqual(cases([{ caseId: 'a', slides: [{ slideId: 's' }] }]), [{ caseId: 'a', slideIds: ['s'] }]);
  // A content that is known in part would be approved for the whole.
  assert.equal(cases([{ caseId: 'a', slideIds: ['s'] }, { caseId: 'b' }]), undefined);
  assert.equal(cases([{ caseId: 'a', slideIds: ['s', 7] }]), undefined);
});

test('the other documented answers say what they say', () => {
  assert.equal(page(cohort, fixture('cohorts_list_200')).items.length, 1);
  for (const [name, status] of [
    ['building', 'BUILDING'],
    ['unpaid', 'UNPAID'],
    ['paid', 'PAID'],
  ]) {
    assert.equal(cohortStatus.parse(fixture(`cohort_status_${name}_200`)).status, status);
  }
  assert.deepEqual(payment.parse(fixture('pay_200')), {
    status: 'PAID',
    amountUsd: 50,
    balanceUsd: 450,
    paidDate: '2026-11-22T09:30:00Z',
  });
  const ready = exportStatus.parse(fixture('export_status_ready_200'));
  assert.deepEqual([ready.status, ready.linksExpireAt], ['READY', '2026-11-23T09:40:00Z']);
  assert.equal(exportStatus.parse(fixture('export_status_preparing_200')).status, 'PREPARING');
  assert.equal(exportStatus.parse(fixture('export_status_expired_200')).status, 'EXPIRED');
  const { archiveUrl, metadataUrl } = manifest.parse(fixture('export_manifest_200'));
  assert.deepEqual([archiveUrl, metadataUrl], [undefined, 'https://downloads.example.net/meta/abc?sig=1']);
  const files = page(exportFile, fixture('export_files_200'));
  assert.deepEqual([files.items[0]?.fileName, files.items[0]?.sizeBytes], ['case1_HE.svs', 1_843_200_000]);
  assert.match(fileUrl.parse(fixture('export_file_url_200')).url, /^https:/);
  assert.deepEqual(balance.parse(fixture('billing_balance_200')), { balance: 500, currency: 'USD' });
  assert.equal(page(transaction, fixture('billing_history_200')).items[0]?.amountUsd, 500);
  const [card] = page(paymentMethod, fixture('billing_payment_methods_200')).items;
  assert.deepEqual(card, { id: 'pm_1', brand: 'visa', default: true });
});

test('facets keep their own names, with counts where there are any', () => {
  const counted = facets.parse(fixture('cases_filters_200'));
  assert.deepEqual(counted.organ?.[1], { value: 'Left ovary', count: 41 });
  const bare = facets.parse(fixture('cases_filters_global_200'));
  assert.deepEqual(bare.gender, [
    { value: 'm', count: undefined },
    { value: 'f', count: undefined },
  ]);
  const odd = { ihc_markers: ['ER'], isCancer: [true, { value: false, count: 2 }], pages: 7, organ: [{}, null] };
  assert.deepEqual(facets.parse(odd), {
    ihc_markers: [{ value: 'ER', count: undefined }],
    isCancer: [
      { value: true, count: undefined },
      { value: false, count: 2 },
    ],
    organ: [],
  });
});

test('a list is found in each envelope, with its total under each name; rows that cannot be read are counted', () => {
  const rows = [{ fileId: 'a' }, 7, { fileId: '..' }, { file_id: 'b' }];
  for (const envelope of ['content', 'items', 'cases', 'results', 'files']) {
    for (const total of ['totalElements', 'total', 'count', 'total_elements']) {
      const read = page(exportFile, { [envelope]: rows, [total]: 12 });
      assert.deepEqual([read.items.map(({ fileId }) => fileId), read.rows, read.total], [['a', 'b'], 4, 12]);
    }
  }
  assert.deepEqual(page(exportFile, rows).total, undefined);
  assert.equal(page(exportFile, { content: [], total: -1 }).total, undefined);
  for (const none of [{}, null, 'x', { content: {} }]) {
    assert.throws(() => page(exportFile, none), { code: 'vendor-protocol' });
  }
});

test('addresses that are none of the web’s are not read', () => {
  assert.equal(manifest.parse({ manifestUrl: 'file:///etc/passwd' }).manifestUrl, undefined);
  assert.equal(fileUrl.safeParse({ url: 'javascript:alert(1)' }).success, false);
});

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  balance,
  cohort,
  cohortStatus,
  exportStatus,
  facets,
  fileUrl,
  manifest,
  payment,
};
const ITEMS: readonly z.ZodType[] = [caseRecord, cohort, exportFile, facetValue, paymentMethod, transaction];

const field = fc.constantFrom(
  ...['caseId', 'case_id', 'cohortId', 'id', 'organ', 'age', 'slides', 'slide_ids', 'cases', 'content', 'items'],
  ...[
    'results',
    'total',
    'status',
    'ihcStudies',
    'totalPriceUsd',
    'url',
    'balance',
    'code',
    'error',
    'detail',
    '__proto__',
  ],
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('PAID', 'COHORT_ALREADY_PAID', 'https://x.example/a?sig=1', 'c-1', '12.50', -1, 1e300),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(field, tie('tree'), { maxKeys: 6 }),
  ),
}));

/** Whether it could be read; anything thrown but `vendor-protocol` is a defect. */
function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof AdapterError && thrown.code === 'vendor-protocol', String(thrown));
    return false;
  }
}

test('any JSON is read or refused by name, and no value of it stands in the error', () => {
  const outcomes = new Set<boolean>();
  fc.assert(
    fc.property(tree, fc.constantFrom(...Object.keys(SCHEMAS)), (body, name) => {
      outcomes.add(isRead(() => parsed(SCHEMAS[name] ?? assert.fail(), answer(body), name)));
      for (const item of ITEMS) {
        outcomes.add(isRead(() => page(item, body)));
      }
    }),
    { numRuns: 1000 },
  );
  assert.equal(outcomes.size, 2);
  assert.throws(
    () => parsed(balance, answer({ balance: 'Mrs Smith' }), '/billing/balance'),
    (error) => error instanceof AdapterError && !/Smith/.test(error.message),
  );
});

test('a very deep answer is read like any other', () => {
  const deep = JSON.parse(`${'{"cases":['.repeat(20_000)}${']}'.repeat(20_000)}`);
  isRead(() => page(caseRecord, deep));
  isRead(() => parsed(cohort, answer(deep), 'cohort'));
  codeOf(answer(deep, 400));
});

test('any body of a refusal gives an error that quotes nothing of it but a code', () => {
  const statuses = READ_STATUSES.filter((status) => status >= 300);
  fc.assert(
    fc.property(tree, fc.constantFrom(...statuses), fc.boolean(), (body, status, once) => {
      const response = answer(body, status);
      const error = errorOf(response, once);
      assert.equal(error.status, status);
      assert.match(error.message, /^[A-Z][\w ,]+ \(\d{3}( [A-Z_]+)?\)$/);
      assert.notEqual(error.orderer, error.message);
      const known = refusalOf(response);
      assert.ok(known !== 'COHORT_ALREADY_PAID' || status === 409);
    }),
    { numRuns: 500 },
  );
});
