import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONCEPTS } from '../../sandbox/healthsage/terminology.ts';

/** Tables of the Verhoeff check digit, which every SNOMED CT identifier ends in. */
const D = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const P = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

function hasCheckDigit(identifier: string): boolean {
  const digits = Array.from(identifier).reverse().map(Number);
  return digits.reduce((check, digit, index) => Number(D[check]?.[Number(P[index % 8]?.[digit])]), 0) === 0;
}

test('at least 150 concepts, each with an identifier that SNOMED CT could have given and a semantic tag', () => {
  assert.ok(CONCEPTS.length >= 150);
  assert.ok(!hasCheckDigit('44054007'));
  for (const { code, term, type, synonyms } of CONCEPTS) {
    assert.match(code, /^[1-9]\d{5,17}$/);
    assert.ok(hasCheckDigit(code), `${code} ${term}`);
    assert.ok(['disorder', 'finding', 'procedure', 'regime/therapy'].includes(type), `${code} ${type}`);
    assert.ok(synonyms.length > 0, code);
  }
});

test('no code, no name and no abbreviation stands twice', () => {
  const all = [
    CONCEPTS.map(({ code }) => code),
    CONCEPTS.flatMap(({ synonyms }) => synonyms.map((name) => name.toLowerCase())),
    CONCEPTS.flatMap(({ abbreviations }) => abbreviations),
  ];
  for (const names of all) {
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  }
});
