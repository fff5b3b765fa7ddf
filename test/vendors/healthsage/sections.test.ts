import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSections, sectionAt } from '../../../src/vendors/healthsage/sections.ts';

const kindAt = (text: string, words: string): string | undefined =>
  sectionAt(findSections(text), text.indexOf(words))?.kind;

test('a family history ends where the next section begins', () => {
  for (const next of ['Symptoms', 'Examination', 'ECG', 'SOCIAL HISTORY', 'Cardiovascular:', '## Course']) {
    const text = `Family history\nHer father died of a stroke.\n\n${next}\nOccasional palpitations.\n`;
    assert.equal(kindAt(text, 'stroke'), 'family', next);
    assert.equal(kindAt(text, 'palpitations'), 'plain', next);
  }
});

test('a diagnosis on a line of its own does not end a family history', () => {
  const text = 'Family history\n\nBreast cancer\nMother at 45.\n\nHypothyroidism\nSister.\n';
  assert.equal(kindAt(text, 'Breast'), 'family');
  assert.equal(kindAt(text, 'Hypothyroidism'), 'family');
});
