/** Which slides go into a cohort: always named, only those wanted, the same each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseSlides, USUAL_CASES } from '../../../src/vendors/histai/choose-slides.ts';
import type { CaseRecord, Chosen, SlideRecord } from '../../../src/vendors/histai/criteria-types.ts';

const slide = (slideId: string, stainName: string, stainType?: string): SlideRecord => ({
  slideId,
  stainName,
  stainType,
});
const caseOf = (caseId: string, slides: SlideRecord[]): CaseRecord => ({
  caseId,
  organ: [],
  organSystem: [],
  primaryDiagnosis: [],
  cancerType: [],
  stainNames: [...new Set(slides.map(({ stainName }) => stainName))],
  ihcStudies: {},
  slides,
});
const stains = (...asked: string[][]): Pick<Chosen, 'stain'> => ({
  stain: {
    field: 'stainName',
    groups: asked.map((values, place) => ({
      asked: place,
      values: values.map((value) => ({ value, why: 'exact' })),
      near: [],
    })),
  },
});

const B = caseOf('b', [
  slide('b4', 'HER2', 'IHC'),
  slide('b1', 'H&E', 'Routine'),
  slide('b3', 'H&E'),
  slide('b2', 'Ki67'),
]);
const A = caseOf('a', [slide('a1', 'H&E', 'Routine'), slide('a2', 'Ki-67', 'IHC')]);
const BARE = caseOf('c', []);

test('slides in the stains asked for, of cases that have each of them', () => {
  assert.deepEqual(chooseSlides([B, A, BARE], stains(['H&E'], ['Ki-67', 'Ki67'])), {
    cases: [
      { caseId: 'a', slideIds: ['a1', 'a2'] },
      { caseId: 'b', slideIds: ['b1', 'b2', 'b3'] },
    ],
    counts: { he: 3, other: 2 },
    byStain: [
      { stain: 'H&E', slides: 3 },
      { stain: 'Ki-67', slides: 1 },
      { stain: 'Ki67', slides: 1 },
    ],
    without: 1,
  });
  const halfOnly = chooseSlides([A], stains(['H&E'], ['HER2']));
  assert.deepEqual([halfOnly.cases, halfOnly.without], [[], 1]);
  assert.deepEqual(chooseSlides([B, A], stains(['HER2'])).cases, [{ caseId: 'b', slideIds: ['b4'] }]);
});

test('where no stain was asked for it is H&E, and every stain only where the site says so', () => {
  const usual = chooseSlides([B, A, BARE], stains());
  assert.deepEqual(usual.cases, [
    { caseId: 'a', slideIds: ['a1'] },
    { caseId: 'b', slideIds: ['b1', 'b3'] },
  ]);
  assert.equal(usual.assumed, 'H&E');
  const every = chooseSlides([B, A, BARE], stains(), { everyStain: true });
  assert.deepEqual(every.counts, { he: 3, other: 3 });
  assert.equal(every.assumed, 'every-stain');
  const asked = chooseSlides([B], stains(['HER2']), { everyStain: true });
  assert.deepEqual([asked.counts, asked.assumed], [{ he: 0, other: 1 }, undefined]);
});

test('no more cases and slides of each than wanted, each stain in its turn', () => {
  const asked = stains(['H&E'], ['Ki67']);
  assert.deepEqual(chooseSlides([B], asked, { slidesPerCase: 2 }).cases, [{ caseId: 'b', slideIds: ['b1', 'b2'] }]);
  assert.deepEqual(chooseSlides([B, A], stains(), { cases: 1 }).cases, [{ caseId: 'a', slideIds: ['a1'] }]);
  const many = Array.from({ length: 50 }, (_, at) => caseOf(`case-${at}`, [slide(`slide-${at}`, 'H&E')]));
  assert.equal(chooseSlides(many, stains()).cases.length, USUAL_CASES);
});

test('a case that comes twice is one, and a slide is never paid for twice', () => {
  const again = caseOf('a', [slide('a1', 'H&E'), slide('a9', 'H&E')]);
  const thief = caseOf('z', [slide('a1', 'H&E'), slide('z1', 'H&E')]);
  assert.deepEqual(chooseSlides([thief, A, again], stains()).cases, [
    { caseId: 'a', slideIds: ['a1', 'a9'] },
    { caseId: 'z', slideIds: ['z1'] },
  ]);
});

test('a slide that contradicts itself is counted at the higher price', () => {
  const odd = caseOf('a', [slide('a1', 'H&E', 'IHC'), slide('a2', 'H&E', 'Routine'), slide('a3', 'PAS', 'Routine')]);
  assert.deepEqual(chooseSlides([odd], stains(), { everyStain: true }).counts, { he: 1, other: 2 });
});

const stainName = fc.constantFrom('H&E', 'HER2', 'Ki-67', 'PAS');
const slides = fc.array(fc.tuple(fc.constantFrom('1', '2', '3', '4', '5', '6'), stainName), { maxLength: 5 });
const cases = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), slides), { maxLength: 6 }).map((all) =>
  all.map(([id, own]) =>
    caseOf(
      id,
      own.map(([number, stain]) => slide(`${id}${number}`, stain)),
    ),
  ),
);
const wish = fc.record({
  cases: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  slidesPerCase: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  everyStain: fc.boolean(),
});

test('whatever cases there are, slides are named, theirs, wanted, within the size, and the same in any order', () => {
  fc.assert(
    fc.property(cases, fc.uniqueArray(stainName, { maxLength: 2 }), wish, fc.nat(5), (all, asked, size, turn) => {
      const chosen = stains(...asked.map((stain) => [stain]));
      const choice = chooseSlides(all, chosen, size);
      assert.deepEqual(chooseSlides([...all.slice(turn), ...all.slice(0, turn)], chosen, size), choice);
      const ids = choice.cases.flatMap(({ slideIds }) => slideIds);
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(new Set(choice.cases.map(({ caseId }) => caseId)).size, choice.cases.length);
      assert.equal(choice.counts.he + choice.counts.other, ids.length);
      assert.equal(
        choice.byStain.reduce((sum, one) => sum + one.slides, 0),
        ids.length,
      );
      assert.ok(choice.cases.length <= (size.cases ?? USUAL_CASES));
      const wanted = asked.length > 0 ? asked : size.everyStain ? ['H&E', 'HER2', 'Ki-67', 'PAS'] : ['H&E'];
      for (const { caseId, slideIds } of choice.cases) {
        assert.ok(slideIds.length > 0 && slideIds.length <= (size.slidesPerCase ?? slideIds.length));
        const own = all.filter((one) => one.caseId === caseId).flatMap((one) => one.slides);
        for (const id of slideIds) {
          assert.ok(own.some((one) => one.slideId === id && wanted.includes(one.stainName)));
        }
      }
    }),
    { numRuns: 400 },
  );
});
