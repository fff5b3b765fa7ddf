import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pointText } from '../../../src/vendors/healthsage/code-points.ts';
import { locate } from '../../../src/vendors/healthsage/offsets.ts';
import { findSections } from '../../../src/vendors/healthsage/sections.ts';
import { splitNote } from '../../../src/vendors/healthsage/split.ts';

const word = fc.oneof(
  fc.constantFrom(
    'fever',
    'naïve',
    '🫀',
    'COPD',
    'e.g.',
    'Dr.',
    '👩‍👩‍👧',
    'x'.repeat(700),
    'é'.repeat(1490),
    '🫁'.repeat(1600),
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);
const gap = fc.constantFrom(
  ' ',
  '  ',
  '\n',
  '\n\n',
  '. ',
  '; ',
  '\r\n\r\n',
  '\nPlan: ',
  '\n\nFAMILY HISTORY\n\n',
  '\nFamily history: ',
);
const note = fc
  .array(fc.tuple(word, gap), { minLength: 0, maxLength: 400 })
  .map((pieces) => pieces.map(([text, between]) => text + between).join(''));

test('every piece is short enough, and all text but white space is in exactly one', () => {
  fc.assert(
    fc.property(note, (text) => {
      const points = pointText(text);
      let covered = 0;
      for (const { base, length } of splitNote(text)) {
        assert.ok(length > 0 && length <= 1500, `length ${length}`);
        assert.ok(base >= covered, 'overlap');
        assert.equal(points.slice(covered, base).trim(), '', 'something is lost between two pieces');
        covered = base + length;
      }
      assert.equal(points.slice(covered, points.length).trim(), '');
    }),
    { numRuns: 60 },
  );
});

test('a word is not cut unless it is longer than a request', () => {
  fc.assert(
    fc.property(note, (text) => {
      const points = pointText(text);
      for (const { base, length } of splitNote(text)) {
        const end = base + length;
        const within = /\S\S/u.test(points.slice(end - 1, end + 1)) && end < points.length;
        const around = points.slice(Math.max(0, end - 1501), end + 1501);
        assert.ok(!within || around.split(/\s+/).some((piece) => pointText(piece).length > 1450), 'cut within a word');
      }
    }),
    { numRuns: 60 },
  );
});

test('a section that fits is not taken apart, and its heading stays with it', () => {
  const filler = `History: ${'stable angina since spring. '.repeat(48)}`;
  const family = `Family history:\n\n${'Father had a stroke. '.repeat(10)}`;
  const text = `${filler}\n\n${family}\n\nPlan: review.`;
  const pieces = splitNote(text).map(({ base, length }) => pointText(text).slice(base, base + length));
  assert.equal(pieces.length, 2);
  assert.match(pieces[1] ?? '', /^Family history:\n\nFather/);
});

test('a piece that continues a section says which', () => {
  const text = `Family history:\n${'Father had a stroke at sixty.\n'.repeat(120)}`;
  const pieces = splitNote(text);
  assert.ok(pieces.length > 2);
  assert.deepEqual(
    pieces.map(({ section }) => section),
    [undefined, ...pieces.slice(1).map(() => 'Family history')],
  );
});

test('five million characters on one line are split in time', () => {
  const text = 'Stable angina, no change. '.repeat(200_000);
  const began = performance.now();
  assert.ok(splitNote(text).length > 3000);
  assert.ok(performance.now() - began < 5000);
});

test('the kinds of headings are known', () => {
  const text =
    'HISTORY\nWell.\n\nFamily Hx: none\n\n# Plan\nRest.\n1. Allergies: nuts\nHypertension: since 2010\nDDX\nPE';
  assert.deepEqual(
    findSections(text).map(({ name, kind }) => [name, kind]),
    [
      ['HISTORY', 'plain'],
      ['Family Hx', 'family'],
      ['Plan', 'plan'],
      ['Allergies', 'allergy'],
      ['DDX', 'differential'],
    ],
  );
});

const whole = (text: string) => ({ base: 0, length: pointText(text).length });

test('offsets that are right are taken, in code points as in UTF-16 units', () => {
  const text = '🫀🫀 has COPD today';
  assert.deepEqual(locate(pointText(text), whole(text), { source: 'COPD', start: 7, end: 11 }), {
    how: 'stated',
    quote: 'COPD',
    start: 7,
    end: 11,
  });
  assert.deepEqual(locate(pointText(text), whole(text), { source: 'COPD', start: 9, end: 13 }), {
    how: 'utf16',
    quote: 'COPD',
    start: 7,
    end: 11,
  });
});

test("the vendor's own wrong sample is put right", () => {
  const text =
    '67-year-old male with history of paroxysmal atrial fibrillation diagnosed in 2021, hypertension, and hyperlipidemia.';
  const first = locate(pointText(text), whole(text), {
    source: 'paroxysmal atrial fibrillation diagnosed in 2021',
    start: 42,
    end: 89,
  });
  assert.deepEqual([first.how, 'start' in first && first.start, 'end' in first && first.end], ['found', 33, 81]);
});

test('of several places the nearest is taken; equally near or none stays unverified', () => {
  const text = 'COPD, asthma, COPD';
  const at = (start: number | undefined) =>
    locate(pointText(text), whole(text), { source: 'COPD', start, end: undefined });
  assert.equal('start' in at(3) ? at(3).how : '', 'found');
  assert.equal(at(7).how, 'unverified');
  assert.equal(at(undefined).how, 'unverified');
  assert.equal(locate(pointText(text), whole(text), { source: 'PE' }).how, 'unverified');
});

test('case and white space may differ, the quote is what the note says', () => {
  const text = 'Known Heart\n  Failure.';
  const found = locate(pointText(text), whole(text), { source: 'heart failure', start: 0, end: 13 });
  assert.equal(found.quote, 'Heart\n  Failure');
});

test('located words are always the words at their place', () => {
  fc.assert(
    fc.property(note, fc.nat(), fc.nat({ max: 20 }), fc.integer({ min: -30, max: 30 }), (text, at, length, shift) => {
      const points = pointText(text);
      const [chunk] = splitNote(text);
      if (!chunk) {
        return;
      }
      const start = at % chunk.length;
      const source = points.slice(chunk.base + start, chunk.base + Math.min(start + length, chunk.length));
      const found = locate(points, chunk, { source, start: start + shift, end: start + shift + length });
      if (found.how !== 'unverified') {
        assert.equal(points.slice(found.start, found.end), found.quote);
        assert.ok(found.start >= chunk.base && found.end <= chunk.base + chunk.length);
      }
    }),
    { numRuns: 100 },
  );
});
