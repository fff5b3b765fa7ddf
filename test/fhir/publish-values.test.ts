/** What a reader of the report sees of an Observation's value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '@medplum/fhirtypes';
import { observedLines } from '../../src/fhir/observed-value.ts';

const lines = (more: Partial<Observation>): string[] =>
  observedLines({ resourceType: 'Observation', status: 'preliminary', code: { text: 'x' }, ...more });
const absent = (code: string, text?: string) => ({
  dataAbsentReason: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code }],
    ...(text !== undefined && { text }),
  },
});

const CASES: [string, Partial<Observation>, string[]][] = [
  ['a quantity', { valueQuantity: { value: 3.5, unit: 'mm2' } }, ['3.5 mm2']],
  ['a bound', { valueQuantity: { comparator: '<', value: 5, code: '/uL' } }, ['< 5 /uL']],
  ['zero', { valueQuantity: { value: 0, unit: '%' } }, ['0 %']],
  ['a score, whose unit only annotates', { valueQuantity: { value: 71, code: '{score}' } }, ['71']],
  ['an integer', { valueInteger: 0 }, ['0']],
  ['a boolean', { valueBoolean: false }, ['no']],
  ['words', { valueString: ' dark \u0000circles ' }, ['dark circles']],
  ['a concept', { valueCodeableConcept: { coding: [{ code: 'A', display: 'Present' }] } }, ['Present']],
  ['a range', { valueRange: { low: { value: 25 }, high: { value: 31, unit: 'a' } } }, ['25 to 31 a']],
  ['a ratio', { valueRatio: { numerator: { value: 1 }, denominator: { value: 40 } } }, ['1 : 40']],
  ['nothing at all', {}, ['']],
  ['what could not be determined', absent('error'), ['not determinable']],
  ['what is not known', absent('unknown'), ['value not known']],
  ['a reason in words', absent('error', 'The eye is covered'), ['The eye is covered']],
  [
    'a reference range in words',
    { valueQuantity: { value: 71 }, referenceRange: [{ text: '0 to 100, higher is better' }] },
    ['71 (reference: 0 to 100, higher is better)'],
  ],
  [
    'a reference range in numbers',
    { valueInteger: 3, referenceRange: [{ low: { value: 1 } }, { high: { value: 9, unit: 'a' } }] },
    ['3 (reference: from 1; up to 9 a)'],
  ],
  [
    'components, a line each',
    {
      valueInteger: 2,
      component: [
        { code: { text: 'Falciparum' }, valueInteger: 2 },
        { code: { coding: [{ code: 'vivax', display: 'Vivax' }] }, ...absent('not-performed') },
        { code: { text: 'Ovale' } },
      ],
    },
    ['2', 'Falciparum: 2', 'Vivax: not done', 'Ovale: no value'],
  ],
];

for (const [what, observation, expected] of CASES) {
  test(`the report shows ${what}`, () => {
    assert.deepEqual(lines(observation), expected);
  });
}

test('a hundred components are shortened, and it says by how many', () => {
  const component = Array.from({ length: 100 }, (_, index) => ({
    code: { text: `area ${index}` },
    valueInteger: index,
  }));
  const shown = lines({ component });
  assert.equal(shown.length, 62);
  assert.equal(shown.at(-1), 'and 40 more');
});
