/** Which of the Datahub's own values stand for what an order asks for, and which must not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCases } from '../../../sandbox/histai/cases.ts';
import { facetsOf } from '../../../sandbox/histai/facets.ts';
import type { Criteria, Facets, Term } from '../../../src/vendors/histai/criteria-types.ts';
import { filterBody } from '../../../src/vendors/histai/filter-body.ts';
import { matchFacets } from '../../../src/vendors/histai/match-facets.ts';

const facetsWith = (lists: Record<string, readonly string[]>): Facets =>
  Object.fromEntries(Object.entries(lists).map(([key, values]) => [key, values.map((value) => ({ value, count: 7 }))]));
const term = (...words: string[]): Term => ({ words, snomed: [], icd10: [] });
const asking = (more: Partial<Criteria>): Criteria => ({ organ: [], diagnosis: [], stain: [], marker: [], ...more });
const FACETS = facetsOf([...createCases(1_000).values()], (values) => values);

/** What one organ's word stands for, each with why. */
function organs(asked: string, values: readonly string[]): Record<string, string> {
  const { chosen } = matchFacets(asking({ organ: [term(asked)] }), facetsWith({ organ: values }));
  return Object.fromEntries(chosen?.organ.groups.flatMap((one) => one.values.map((it) => [it.value, it.why])) ?? []);
}

const ORGANS: [asked: string, values: string[], chosen: Record<string, string>][] = [
  ['Ovary', ['Ovary', 'Ovaries', 'Left ovary'], { Ovary: 'exact', Ovaries: 'plural', 'Left ovary': 'side' }],
  ['ovary', ['Ovary'], { Ovary: 'case' }],
  [
    'Left ovary',
    ['Ovary', 'Right ovary', 'Left ovary', 'Ovary, left'],
    { 'Left ovary': 'exact', 'Ovary, left': 'spelling' },
  ],
  ['Ovarian structure', ['Ovary'], { Ovary: 'synonym' }],
  ['Both ovaries', ['Bilateral ovaries', 'Ovary'], { 'Bilateral ovaries': 'synonym' }],
  ['Ovary', ['Fallopian tube and ovary', 'Fallopian tube'], {}],
  ['Lung', ['Lunge', 'Plunger', 'Lung base abscess'], {}],
  ['Colon', ['Colonoscopy', 'Sigmoid colon', 'Colon'], { 'Sigmoid colon': 'part', Colon: 'exact' }],
  ['Sigmoid colon', ['Colon', 'Ascending colon', 'Sigmoid colon'], { 'Sigmoid colon': 'exact' }],
  ['Left lung', ['Upper lobe of lung', 'Upper lobe of left lung'], { 'Upper lobe of left lung': 'part' }],
  ['Prostate', ['Prostate gland', 'Prostatic urethra'], { 'Prostate gland': 'synonym' }],
  ['Stomach', ['Gastric antrum'], { 'Gastric antrum': 'part' }],
  ['Urinary bladder', ['Bladder', 'Gallbladder'], { Bladder: 'synonym' }],
  ['Œsophagus', ['Esophagus'], {}],
  ['Oesophagus', ['Esophagus'], { Esophagus: 'synonym' }],
  ['Testes', ['Testis', 'Left testicle'], { Testis: 'plural', 'Left testicle': 'side' }],
  ['Uterus', ['Corpus uteri', 'Cervix uteri', 'Endometrium'], { 'Corpus uteri': 'part', Endometrium: 'part' }],
  ['left', ['Left ovary', 'left'], {}],
  ['?', ['!', '?'], {}],
];

for (const [asked, values, chosen] of ORGANS) {
  test(`organ ${asked} among ${values.join(' | ')} is ${Object.keys(chosen).join(' | ') || 'nothing'}`, () => {
    assert.deepEqual(organs(asked, values), chosen);
  });
}

test('an organ is known by its code, where its words find nothing', () => {
  const coded: Term = { words: ['Adnexa'], snomed: ['43981004'], icd10: [] };
  const { chosen } = matchFacets(asking({ organ: [coded] }), FACETS);
  assert.deepEqual(chosen?.organ.groups[0]?.values, [{ value: 'Left ovary', why: 'case' }]);
});

test('a system of organs is chosen where no organ is called so', () => {
  const { chosen } = matchFacets(asking({ organ: [term('genitourinary')] }), FACETS);
  assert.equal(chosen?.organ.field, 'organSystem');
  assert.deepEqual(chosen && filterBody(chosen), { organSystem: ['Genitourinary'] });
});

test('a compound name is taken apart into finding and organ', () => {
  const { chosen, missing } = matchFacets(asking({ diagnosis: [term('Prostate adenocarcinoma')] }), FACETS);
  assert.deepEqual(missing, []);
  const [group] = chosen?.diagnosis.groups ?? [];
  assert.deepEqual(group?.values, [{ value: 'Adenocarcinoma', why: 'compound' }]);
  assert.deepEqual(
    group?.organs?.map(({ value }) => value),
    ['Prostate', 'Prostate gland'],
  );
  assert.deepEqual(group?.near, []);
  assert.deepEqual(chosen && filterBody(chosen), {
    organ: ['Prostate', 'Prostate gland'],
    primaryDiagnosis: ['Adenocarcinoma'],
  });
});

test('a whole name and its parts are both chosen, and the organ counts for both', () => {
  const facets = facetsWith({
    organ: ['Lung', 'Left lung'],
    primaryDiagnosis: ['Adenocarcinoma', 'Lung adenocarcinoma', 'Adenocarcinoma of colon', 'Mucinous adenocarcinoma'],
  });
  const { chosen } = matchFacets(asking({ diagnosis: [term('adenocarcinoma of the left lung')] }), facets);
  const [group] = chosen?.diagnosis.groups ?? [];
  assert.deepEqual(group?.values, [{ value: 'Adenocarcinoma', why: 'compound' }]);
  assert.deepEqual(group?.organs, [{ value: 'Left lung', why: 'case' }]);
  const wide = matchFacets(asking({ diagnosis: [term('Pulmonary adenocarcinoma')] }), facets).chosen?.diagnosis
    .groups[0];
  assert.deepEqual(wide?.values, [
    { value: 'Lung adenocarcinoma', why: 'synonym' },
    { value: 'Adenocarcinoma', why: 'compound' },
  ]);
  assert.deepEqual(
    wide?.organs?.map(({ value }) => value),
    ['Lung', 'Left lung'],
  );
});

test('the longest organ within a name is its organ', () => {
  const facets = facetsWith({ organ: ['Colon', 'Sigmoid colon'], primaryDiagnosis: ['Adenocarcinoma'] });
  const { chosen } = matchFacets(asking({ diagnosis: [term('Adenocarcinoma of sigmoid colon')] }), facets);
  assert.deepEqual(chosen?.diagnosis.groups[0]?.organs, [{ value: 'Sigmoid colon', why: 'case' }]);
});

test('a value that no case has is not chosen, and one that was not counted is', () => {
  const facets = { organ: [{ value: 'Lung', count: 0 }, { value: 'Left lung' }] };
  const { chosen } = matchFacets(asking({ organ: [term('Lung')] }), facets);
  assert.deepEqual(chosen && filterBody(chosen), { organ: ['Left lung'] });
  assert.equal(chosen?.organ.groups[0]?.count, undefined);
});

test('two diagnoses keep their own organs; the search has those of both', () => {
  const both = asking({ diagnosis: [term('Lung adenocarcinoma'), term('Breast fibroadenoma')] });
  const { chosen } = matchFacets(both, FACETS);
  assert.deepEqual(
    chosen?.diagnosis.groups.map((one) => one.organs?.[0]?.value),
    ['Left lung', 'Breast'],
  );
  assert.deepEqual(chosen && filterBody(chosen).organ?.toSorted(), [
    'Breast',
    'Left breast',
    'Left lung',
    'Lung',
    'Right breast',
    'Right lung',
  ]);
});

test('a diagnosis is one of several words in any order, and no narrower or wider one', () => {
  const { chosen } = matchFacets(asking({ diagnosis: [term('infiltrating ductal carcinomas')] }), FACETS);
  assert.deepEqual(
    chosen?.diagnosis.groups[0]?.values.map(({ value }) => value),
    ['Carcinoma, ductal, invasive', 'Invasive ductal carcinoma'],
  );
  const { chosen: none, missing } = matchFacets(asking({ diagnosis: [term('Carcinoma')] }), FACETS);
  assert.equal(none, undefined);
  assert.equal(missing[0]?.why, 'nothing-alike');
  assert.equal(missing[0]?.near.length, 5);
  const acinar = matchFacets(asking({ diagnosis: [term('Adenocarcinoma')] }), FACETS).chosen?.diagnosis.groups[0];
  assert.deepEqual(acinar?.values, [{ value: 'Adenocarcinoma', why: 'exact' }]);
  assert.deepEqual(acinar?.near, ['Acinar adenocarcinoma', 'Endometrioid adenocarcinoma']);
});

test('a diagnosis may be a type of cancer, or a code with all that is below it', () => {
  const type = matchFacets(asking({ diagnosis: [term('Breast carcinoma')] }), FACETS).chosen;
  assert.deepEqual(type && filterBody(type), { cancerType: ['Breast carcinoma'] });
  const coded: Term = { words: ['Malignant neoplasm of breast'], snomed: [], icd10: ['C50'] };
  const code = matchFacets(asking({ diagnosis: [coded] }), FACETS).chosen;
  assert.deepEqual(code?.diagnosis.groups[0]?.values, [{ value: 'C50.9', why: 'below' }]);
  assert.deepEqual(code && filterBody(code), { icd10: ['C50.9'] });
  const lower: Term = { words: [], snomed: [], icd10: ['C56.1'] };
  assert.equal(matchFacets(asking({ diagnosis: [lower] }), FACETS).chosen, undefined);
});

test('a diagnosis that names another organ than the order is not chosen', () => {
  const asked = asking({ organ: [term('Breast')], diagnosis: [term('Prostate adenocarcinoma')] });
  const { chosen, missing } = matchFacets(asked, FACETS);
  assert.equal(chosen, undefined);
  assert.deepEqual(
    missing.map(({ kind, asked: at, why }) => ({ kind, at, why })),
    [{ kind: 'diagnosis', at: 0, why: 'other-organ' }],
  );
});

const STAINS: [asked: string, values: string[], chosen: string[]][] = [
  ['Hematoxylin and eosin', ['H&E', 'HE', 'HER2'], ['H&E', 'HE']],
  ['H & E', ['H&E'], ['H&E']],
  ['her-2/neu', ['HER2', 'HER2 FISH', 'ER'], ['HER2']],
  ['ER', ['HER2', 'ERG', 'Estrogen receptor'], ['Estrogen receptor']],
  ['Ki67', ['Ki-67'], ['Ki-67']],
  ['HER2+', ['HER2'], []],
  ['PD-L1', ['PD-L1 22C3', 'PD-1'], []],
];

for (const [asked, values, chosen] of STAINS) {
  test(`stain ${asked} among ${values.join(' | ')} is ${chosen.join(' | ') || 'nothing'}`, () => {
    const { chosen: found } = matchFacets(asking({ stain: [term(asked)] }), facetsWith({ stainName: values }));
    assert.deepEqual(found?.stain.groups.flatMap((one) => one.values.map(({ value }) => value)) ?? [], chosen);
  });
}

test('without one of the stains or markers, or all of the organs, nothing is searched for', () => {
  const cases: [Partial<Criteria>, boolean][] = [
    [{ stain: [term('H&E'), term('Luxol')] }, false],
    [{ marker: [term('HER2'), term('Luxol')] }, false],
    [{ organ: [term('Eye'), term('Spleen')] }, false],
    [{ organ: [term('Eye'), term('Lung')] }, true],
    [{ gender: 'f' }, true],
  ];
  for (const [asked, isChosen] of cases) {
    const matched = matchFacets(asking(asked), FACETS);
    assert.equal(matched.chosen !== undefined, isChosen, JSON.stringify(asked));
  }
  assert.deepEqual(matchFacets(asking({ organ: [term('Lung')] }), {}).missing, [
    { kind: 'organ', asked: 0, why: 'not-listed', near: [] },
  ]);
});

test('markers are looked for among the stains where the Datahub lists none', () => {
  const { chosen } = matchFacets(asking({ marker: [term('HER2')] }), facetsWith({ stainName: ['HER2', 'H&E'] }));
  assert.deepEqual(chosen && filterBody(chosen), { stainName: ['HER2'] });
});

test('a search for several stains is for the rarest of them', () => {
  const facets = {
    stainName: [
      { value: 'H&E', count: 70_211 },
      { value: 'HER2', count: 3_120 },
    ],
  };
  const { chosen } = matchFacets(asking({ stain: [term('H&E'), term('HER2')] }), facets);
  assert.deepEqual(chosen && filterBody(chosen), { stainName: ['HER2'] });
});

test('the body of the vendor’s own example', () => {
  const asked = asking({ organ: [term('Breast')], stain: [term('H&E')], malignant: true, age: [40, 60] });
  const facets = facetsWith({ organ: ['Breast', 'Ovary'], stainName: ['H&E', 'HER2'] });
  const { chosen } = matchFacets(asked, facets);
  assert.deepEqual(chosen && filterBody(chosen), {
    organ: ['Breast'],
    isCancer: true,
    stainName: ['H&E'],
    ageRange: [40, 60],
  });
});

const word = fc.oneof(
  fc.constantFrom('lung', 'left', 'ovary', 'ovaries', 'of', 'skin', 'HER2', '__proto__'),
  fc.string(),
);
const words = fc.array(word, { maxLength: 4 }).map((all) => all.join(' '));
const terms = fc.array(
  words.map((one) => term(one)),
  { maxLength: 3 },
);
const facetsArbitrary = fc.dictionary(
  fc.constantFrom('organ', 'primaryDiagnosis', 'stainName', 'ihc_markers', 'cancerType', 'icd10', '__proto__'),
  fc.array(fc.record({ value: fc.oneof(words, fc.boolean()), count: fc.option(fc.nat(9), { nil: undefined }) }), {
    maxLength: 6,
  }),
);

test('whatever is asked and listed, only values that are listed are chosen', () => {
  fc.assert(
    fc.property(
      fc.record({ organ: terms, diagnosis: terms, stain: terms, marker: terms }),
      facetsArbitrary,
      (criteria, facets) => {
        const { chosen } = matchFacets(criteria, facets);
        if (!chosen) {
          return;
        }
        const listed = new Set(Object.values(facets).flatMap((values) => values.map(({ value }) => value)));
        const lists = Object.values(filterBody(chosen)).flat();
        assert.ok(lists.every((value) => typeof value !== 'string' || listed.has(value)));
        for (const kind of ['organ', 'diagnosis', 'stain', 'marker'] as const) {
          assert.equal(chosen[kind].groups.length > 0, criteria[kind].length > 0, kind);
        }
      },
    ),
    { numRuns: 400 },
  );
});
