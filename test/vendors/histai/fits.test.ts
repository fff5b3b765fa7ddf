/** Whether a case is what was asked for, whatever the Datahub made of the filter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCases } from '../../../sandbox/histai/cases.ts';
import { facetsOf } from '../../../sandbox/histai/facets.ts';
import { readFilter, fits as simulatorFits } from '../../../sandbox/histai/filters.ts';
import type { CaseRecord, Chosen, Criteria, Term } from '../../../src/vendors/histai/criteria-types.ts';
import { filterBody } from '../../../src/vendors/histai/filter-body.ts';
import { fits } from '../../../src/vendors/histai/fits.ts';
import { matchFacets } from '../../../src/vendors/histai/match-facets.ts';

const inventory = [...createCases(1_000).values()];
const FACETS = facetsOf(inventory, (values) => values);
const term = (word: string): Term => ({ words: [word], snomed: [], icd10: [] });
const asking = (more: Partial<Criteria>): Criteria => ({ organ: [], diagnosis: [], stain: [], marker: [], ...more });

function chosenFor(more: Partial<Criteria>): Chosen {
  const { chosen } = matchFacets(asking(more), FACETS);
  assert.ok(chosen, JSON.stringify(more));
  return chosen;
}

const CASE: CaseRecord = {
  caseId: 'case-1',
  organ: ['Prostate'],
  organSystem: ['Genitourinary'],
  primaryDiagnosis: ['Adenocarcinoma'],
  cancerType: [],
  isCancer: true,
  age: 71,
  gender: 'm',
  icd10: 'C61',
  stainNames: ['H&E', 'PSA'],
  ihcStudies: { PSA: 'positive' },
  slides: [],
};

const CASES: [asked: Partial<Criteria>, changed: Partial<CaseRecord>, does: boolean][] = [
  [{ organ: [term('Prostate')] }, {}, true],
  [{ organ: [term('Prostate')] }, { organ: ['PROSTATE'] }, true],
  [{ organ: [term('Prostate')] }, { organ: ['Prostatic urethra'] }, false],
  [{ organ: [term('Prostate')] }, { organ: [] }, false],
  [{ diagnosis: [term('Prostate adenocarcinoma')] }, {}, true],
  [{ diagnosis: [term('Prostate adenocarcinoma')] }, { organ: ['Lung'] }, false],
  [{ diagnosis: [term('Prostate adenocarcinoma'), term('Breast fibroadenoma')] }, { organ: ['Breast'] }, false],
  [{ diagnosis: [term('Prostate adenocarcinoma')] }, { primaryDiagnosis: [] }, false],
  [{ diagnosis: [{ words: [], snomed: [], icd10: ['C61'] }] }, {}, true],
  [{ diagnosis: [{ words: [], snomed: [], icd10: ['C61'] }] }, { icd10: undefined }, false],
  [{ stain: [term('H&E'), term('PSA')] }, {}, true],
  [{ stain: [term('H&E'), term('PSA')] }, { stainNames: ['H&E'] }, false],
  [{ stain: [term('H&E')] }, { stainNames: [], slides: [{ slideId: '1', stainName: 'h&e' }] }, true],
  [{ marker: [term('PSA')] }, {}, true],
  [{ marker: [term('PSA')] }, { ihcStudies: {} }, false],
  [{ age: [71, 71] }, {}, true],
  [{ age: [0, 70] }, {}, false],
  [{ age: [0, 120] }, { age: undefined }, false],
  [{ age: [0, 120] }, { age: Number.NaN }, false],
  [{ gender: 'm' }, { gender: 'M' }, true],
  [{ gender: 'm' }, { gender: 'f' }, false],
  [{ gender: 'm' }, { gender: undefined }, false],
  [{ malignant: false }, {}, false],
  [{ malignant: true }, { isCancer: undefined }, false],
  [{ malignant: false }, { isCancer: undefined }, false],
];

for (const [asked, changed, does] of CASES) {
  test(`${JSON.stringify(asked)} ${does ? 'fits' : 'does not fit'} a case with ${JSON.stringify(changed)}`, () => {
    assert.equal(fits({ ...CASE, ...changed }, chosenFor(asked)), does);
  });
}

const some = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { maxLength: 2 });
const criteria = fc.record({
  organ: some(['Ovary', 'Left breast', 'Colon', 'Prostate']).map((all) => all.map(term)),
  diagnosis: some(['Adenocarcinoma', 'Fibroadenoma', 'Serous carcinoma', 'Colon adenocarcinoma', 'Leiomyoma']).map(
    (all) => all.map(term),
  ),
  stain: some(['H&E', 'HER2', 'Ki-67', 'PAS']).map((all) => all.map(term)),
  marker: some(['ER', 'CK7']).map((all) => all.map(term)),
  age: fc.option(fc.tuple(fc.nat(60), fc.integer({ min: 60, max: 120 })), { nil: undefined }),
  gender: fc.constantFrom('m' as const, 'f' as const, undefined),
  malignant: fc.constantFrom(true, false, undefined),
});

test('of the simulator’s cases those that fit are all found by the search, whose body it understands whole', () => {
  let found = 0;
  fc.assert(
    fc.property(criteria, (asked) => {
      const { chosen } = matchFacets(asked, FACETS);
      if (!chosen) {
        return;
      }
      const filter = readFilter(filterBody(chosen), 'refused');
      assert.ok(filter, 'every key and value is known');
      const fitting = inventory.filter((one) => fits(one, chosen));
      assert.ok(fitting.every((one) => simulatorFits(one, filter)));
      found += fitting.length;
    }),
    { numRuns: 200 },
  );
  assert.ok(found > 100, String(found));
});

test('a case that violates what was asked never fits, though the filter is ignored', () => {
  fc.assert(
    fc.property(criteria, (asked) => {
      const { chosen } = matchFacets(asked, FACETS);
      for (const one of chosen ? inventory.filter((each) => fits(each, chosen)) : []) {
        const said = (words: readonly Term[]) => words.map((each) => each.words[0]?.toLowerCase() ?? '?');
        const organ = one.organ.join().toLowerCase();
        const stem = (name: string) => name.replace('ovary', 'ovar').replace('left ', '');
        assert.ok(asked.organ.length === 0 || said(asked.organ).some((name) => organ.includes(stem(name))));
        assert.ok(
          !said(asked.organ).every((name) => name.startsWith('left')) || !/right/.test(organ) || !asked.organ.length,
        );
        assert.ok(said(asked.stain).every((name) => one.stainNames.some((stain) => stain.toLowerCase() === name)));
        assert.ok(
          said(asked.marker).every((name) => Object.keys(one.ihcStudies).some((it) => it.toLowerCase() === name)),
        );
        assert.ok(!asked.age || (one.age >= asked.age[0] && one.age <= asked.age[1]));
        assert.ok(asked.gender === undefined || one.gender === asked.gender);
        assert.ok(asked.malignant === undefined || one.isCancer === asked.malignant);
        const diagnosis = one.primaryDiagnosis.join().toLowerCase();
        const isNamed = (name: string) =>
          name === 'colon adenocarcinoma' ? diagnosis === 'adenocarcinoma' && /colon/.test(organ) : diagnosis === name;
        assert.ok(asked.diagnosis.length === 0 || said(asked.diagnosis).some(isNamed), diagnosis);
      }
    }),
    { numRuns: 200 },
  );
});
