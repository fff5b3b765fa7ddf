/** The inventory, and what can be searched in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { createCases } from '../../sandbox/histai/cases.ts';
import { fits, readFilter } from '../../sandbox/histai/filters.ts';
import { ENVELOPES } from '../../sandbox/histai/options.ts';
import { assertRefused, CASES, casePage, serveHistai, type WholeCase, wholeCase } from './serve-histai.ts';

const inventory = [...createCases(20_000).values()];
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const facets = z.record(z.string(), z.array(z.strictObject({ value: scalar, count: z.int().positive() })));
const ids = (cases: readonly { caseId: string }[]) => cases.map(({ caseId }) => caseId);
const distinct = <T extends string | number>(values: T[]) => [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));

test('there are 360 cases, the same each time, and each agrees with itself', () => {
  assert.equal(inventory.length, 360);
  assert.deepEqual(inventory, [...createCases(20_000).values()]);
  const slideIds = inventory.flatMap(({ slides }) => slides.map(({ slideId }) => slideId));
  assert.equal(new Set(slideIds).size, slideIds.length);
  for (const one of inventory) {
    const { slides, ihcStudies, isCancer, cancerType, icd10, conclusion, organ, primaryDiagnosis } =
      wholeCase.parse(one);
    assert.deepEqual(one.stainNames, distinct(slides.map(({ stainName }) => stainName)));
    assert.deepEqual(one.stainTypes, distinct(slides.map(({ stainType }) => stainType)));
    assert.deepEqual(one.scanners, distinct(slides.map(({ scanner }) => scanner)));
    assert.deepEqual(one.magnifications, distinct(slides.map(({ magnification }) => magnification)));
    const ihc = slides.filter(({ stainType }) => stainType === 'IHC').map(({ stainName }) => stainName);
    assert.deepEqual(Object.keys(ihcStudies).sort(), ihc.sort());
    assert.ok(slides.every(({ stainName, stainType }) => (stainName === 'H&E') === (stainType === 'Routine')));
    assert.ok(one.stainNames.includes('H&E'));
    assert.equal(icd10.startsWith('C'), isCancer, 'C in ICD-10 is malignant');
    assert.ok(isCancer || cancerType.length === 0);
    assert.ok(conclusion.includes(primaryDiagnosis[0] ?? '?') && conclusion.includes(organ[0]?.toLowerCase() ?? '?'));
    assert.ok(Object.values(ihcStudies).every((result) => one.microProtocol.includes(result)));
  }
});

test('organs overlap, morphologies have several spellings without an organ, some cases are benign, only some have an organ', () => {
  const organs = new Set(inventory.flatMap(({ organ }) => organ));
  for (const name of ['Ovary', 'Left ovary', 'Ovaries', 'Right ovary', 'Prostate', 'Prostate gland', 'Sigmoid colon']) {
    assert.ok(organs.has(name), name);
  }
  const diagnoses = new Set(inventory.flatMap(({ primaryDiagnosis }) => primaryDiagnosis));
  for (const name of [
    'Invasive ductal carcinoma',
    'Carcinoma, ductal, invasive',
    'Adenocarcinoma',
    'Serous carcinoma',
  ]) {
    assert.ok(diagnoses.has(name), name);
  }
  const benign = inventory.filter(({ isCancer }) => !isCancer).length;
  assert.ok(benign > 50 && benign < 200, String(benign));
  assert.ok(inventory.every(({ organ, gender }) => !organ.some((name) => /prostate/i.test(name)) || gender === 'm'));
  assert.ok(inventory.every(({ organ, gender }) => !organ.some((name) => /ovar/i.test(name)) || gender === 'f'));
});

test('the list has pages from 0 on, of 100 where nobody says a size, and they are the inventory', async (t) => {
  const vendor = await serveHistai(t);
  const first = await vendor.read(casePage, CASES);
  assert.deepEqual([first.page, first.size, first.totalElements, first.totalPages], [0, 100, 360, 4]);
  const pages = await Promise.all(
    [0, 1, 2, 3, 4].map((page) => vendor.read(casePage, `${CASES}?page=${page}&size=90`)),
  );
  assert.deepEqual(
    pages.flatMap(({ content }) => ids(content)),
    ids(inventory),
  );
  for (const query of ['page=-1', 'page=x', 'size=0', 'size=1001', 'size=1.5']) {
    assertRefused(await vendor.call('GET', `${CASES}?${query}`), 400, 'INVALID_PARAMETERS');
  }
});

/** By filter: what the cases found must be, said without the simulator's own means. */
const FILTERS: [filter: object, wanted: (one: WholeCase) => boolean][] = [
  [{}, () => true],
  [{ organ: [] }, () => true],
  [{ organ: ['Ovary'] }, ({ organ }) => organ.includes('Ovary')],
  [{ organ: ['Ovary', 'Left ovary'] }, ({ organ }) => organ.includes('Ovary') || organ.includes('Left ovary')],
  [{ organSystem: ['Genitourinary'] }, ({ organSystem }) => organSystem[0] === 'Genitourinary'],
  [{ primaryDiagnosis: ['Adenocarcinoma'] }, ({ primaryDiagnosis }) => primaryDiagnosis[0] === 'Adenocarcinoma'],
  [{ cancerType: ['Breast carcinoma'] }, ({ cancerType }) => cancerType[0] === 'Breast carcinoma'],
  [{ isCancer: false }, ({ isCancer }) => !isCancer],
  [{ stainName: ['HER2'] }, ({ slides }) => slides.some(({ stainName }) => stainName === 'HER2')],
  [{ stainType: ['Special'] }, ({ slides }) => slides.some(({ stainName }) => stainName === 'PAS')],
  [{ biopsyRegimen: ['Biopsy'] }, ({ biopsyRegimen }) => biopsyRegimen[0] === 'Biopsy'],
  [{ scanner: ['Leica Aperio GT450'] }, ({ slides }) => slides.some(({ scanner }) => scanner.startsWith('Leica'))],
  [{ magnification: [20] }, ({ slides }) => slides.some(({ magnification }) => magnification === 20)],
  [{ gender: 'f' }, ({ gender }) => gender === 'f'],
  [{ icd10: ['C61', 'C56'] }, ({ icd10 }) => icd10 === 'C61' || icd10 === 'C56'],
  [{ ageRange: [40, 60] }, ({ age }) => age >= 40 && age <= 60],
  [{ ihc_markers: ['p53', 'ER'] }, ({ ihcStudies }) => 'p53' in ihcStudies || 'ER' in ihcStudies],
  [{ ihcStudiesContains: { HER2: '3+' } }, ({ ihcStudies }) => ihcStudies.HER2 === 'positive 3+'],
  [{ ihcStudiesContains: 'her2: positive' }, ({ ihcStudies }) => ihcStudies.HER2 === 'positive 3+'],
  [{ ihcStudiesContains: ['mutant'] }, ({ ihcStudies }) => ihcStudies.p53 === 'mutant pattern'],
  [
    { organ: ['Breast'], isCancer: true, stainName: ['H&E'], ageRange: [40, 60] },
    ({ organ, isCancer, age }) => organ[0] === 'Breast' && isCancer && age >= 40 && age <= 60,
  ],
];

test('every filter finds the cases that fit, and no others', async (t) => {
  const vendor = await serveHistai(t);
  for (const [filter, wanted] of FILTERS) {
    const found = await vendor.search(filter);
    assert.ok(found.length > 0, `${JSON.stringify(filter)} finds nothing`);
    assert.deepEqual(ids(found), ids(inventory.filter(wanted)), JSON.stringify(filter));
  }
  assert.deepEqual(await vendor.search({ organ: ['breast'] }), [], 'values are exact');
  const paged = await vendor.call('POST', `${CASES}/search`, { json: {} });
  assert.deepEqual(casePage.parse(paged.json()).content.length, 20);
  const second = await vendor.call('POST', `${CASES}/search?page=1&size=3`, { json: { isCancer: true } });
  const cancers = inventory.filter(({ isCancer }) => isCancer);
  assert.deepEqual(ids(casePage.parse(second.json()).content), ids(cancers.slice(3, 6)));
});

test('a filter of a wrong type is 400, an unknown key widens the search, or is 400 where that is wished', async (t) => {
  const vendor = await serveHistai(t);
  const strict = await serveHistai(t, { unknownFilters: 'refused' });
  const wrong = [
    { organ: 'Breast' },
    { isCancer: 'true' },
    { ageRange: [60, 40] },
    { ageRange: [40] },
    { age: 1, magnification: ['x'] },
    [],
  ];
  for (const filter of wrong) {
    for (const path of ['search', 'filters']) {
      assertRefused(await vendor.call('POST', `${CASES}/${path}`, { json: filter }), 400, 'INVALID_PARAMETERS');
    }
  }
  const misspelt = { organ_system: ['Endocrine'], stain: ['HER2'] };
  assert.equal((await vendor.search(misspelt)).length, 360);
  for (const path of ['search', 'filters']) {
    assertRefused(await strict.call('POST', `${CASES}/${path}`, { json: misspelt }), 400, 'INVALID_PARAMETERS');
  }
  assert.equal((await strict.search({ organSystem: ['Endocrine'] })).length, 36);
});

test('facets count the cases that fit, and the global ones are all values', async (t) => {
  const vendor = await serveHistai(t);
  const answer = await vendor.call('POST', `${CASES}/filters`, { json: { isCancer: true } });
  const found = facets.parse(answer.json());
  const cancers = inventory.filter(({ isCancer }) => isCancer);
  const count = (wanted: (one: (typeof cancers)[number]) => boolean) => cancers.filter(wanted).length;
  const of = (facet: string, value: unknown) => found[facet]?.find((one) => one.value === value)?.count;
  assert.equal(
    of('organ', 'Left ovary'),
    count(({ organ }) => organ[0] === 'Left ovary'),
  );
  assert.equal(
    of('stainName', 'HER2'),
    count(({ slides }) => slides.some(({ stainName }) => stainName === 'HER2')),
  );
  assert.equal(of('ihc_markers', 'HER2'), of('stainName', 'HER2'));
  assert.equal(
    of('magnification', 20),
    count(({ slides }) => slides.some(({ magnification }) => magnification === 20)),
  );
  assert.deepEqual(found.isCancer, [{ value: true, count: cancers.length }]);
  assert.equal(of('primaryDiagnosis', 'Fibroadenoma'), undefined);

  const global = await vendor.read(z.record(z.string(), z.array(scalar)), `${CASES}/filters/global`);
  assert.deepEqual(Object.keys(global), Object.keys(found));
  assert.deepEqual(global.organ, distinct(inventory.flatMap(({ organ }) => organ)));
  for (const [facet, values] of Object.entries(global)) {
    for (const value of facet === 'isCancer' ? [] : values) {
      assert.ok((await vendor.search({ [facet]: [value] })).length > 0, `${facet} ${value}`);
    }
  }
});

test('one facet can be paged through, and narrowed by a part of its values', async (t) => {
  const vendor = await serveHistai(t);
  const values = async (json: object) => {
    const answer = await vendor.call('POST', `${CASES}/filters/page`, { json });
    const page = z.object({
      content: z.array(z.object({ value: z.string(), count: z.int() })),
      totalElements: z.int(),
    });
    return page.parse(answer.json());
  };
  const carcinomas = await values({ field: 'primaryDiagnosis', text: 'CARCINOMA', page: 0, size: 5 });
  assert.ok(carcinomas.content.every(({ value }) => /carcinoma/i.test(value)));
  assert.ok(carcinomas.content.length === 5 && carcinomas.totalElements > 5);
  const next = await values({ field: 'primaryDiagnosis', text: 'carcinoma', page: 1, size: 5 });
  assert.notDeepEqual(next.content[0], carcinomas.content[0]);
  assert.equal((await values({ field: 'organ', text: 'ovar' })).totalElements, 4);
  for (const json of [
    { field: 'nothing' },
    { field: 'toString' },
    {},
    { field: 'organ', size: 0 },
    { field: 'organ', text: 1 },
  ]) {
    assertRefused(await vendor.call('POST', `${CASES}/filters/page`, { json }), 400, 'INVALID_PARAMETERS');
  }
});

test('in snake case every name is so but isCancer, and the names of markers are left alone', async (t) => {
  const vendor = await serveHistai(t, { casing: 'snake' });
  const answer = await vendor.call('POST', `${CASES}/search`, { json: { ihc_markers: ['HER2'], organ: ['Breast'] } });
  const record = z.looseObject({ ihc_studies: z.looseObject({ HER2: z.string() }) });
  const { content, total_elements } = z
    .object({ content: z.array(record).nonempty(), total_elements: z.int() })
    .parse(answer.json());
  assert.equal(total_elements, content.length);
  assert.deepEqual(
    Object.keys(content[0] ?? {}).sort(),
    'case_id primary_diagnosis cancer_type isCancer organ organ_system age gender icd10 biopsy_regimen scanners magnifications stain_names stain_types macro_protocol micro_protocol conclusion ihc_studies slides'
      .split(' ')
      .sort(),
  );
  assert.match(answer.text, /"slides":\[\{"slide_id":"[^"]+","stain_name":"H&E","stain_type":"Routine"/);
  const list = await vendor.call('GET', CASES);
  assert.match(list.text, /^\{"content":\[\{"case_id"/);
});

const KEYS = {
  content: ['content', 'page', 'size', 'totalElements', 'totalPages'],
  items: ['items', 'page', 'size', 'total'],
  cases: ['cases', 'page', 'size', 'totalElements'],
  results: ['results', 'page', 'size', 'count'],
};

for (const envelope of ENVELOPES) {
  test(`a page may come in the envelope ${envelope}`, async (t) => {
    const vendor = await serveHistai(t, { envelope });
    const answer = await vendor.call('GET', `${CASES}?size=2`);
    const body = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).parse(answer.json());
    if (envelope === 'array') {
      assert.ok(Array.isArray(body) && body.length === 2);
      return;
    }
    assert.ok(!Array.isArray(body));
    assert.deepEqual(Object.keys(body), KEYS[envelope]);
    assert.equal(z.array(z.unknown()).parse(body[envelope]).length, 2);
    assert.equal(body.totalElements ?? body.total ?? body.count, 360);
  });
}

test('whatever a filter is, it is refused or tried on every case', () => {
  const key = fc.constantFrom('organ', 'ageRange', 'ihcStudiesContains', 'gender', 'magnification', 'isCancer', 'x');
  const inner = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('constructor', '__proto__', 'ER'), fc.string()));
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(key, inner), fc.jsonValue()), (body) => {
      const filter = readFilter(body, 'ignored');
      assert.ok(!filter || inventory.slice(0, 20).every((one) => typeof fits(one, filter) === 'boolean'));
    }),
  );
});
