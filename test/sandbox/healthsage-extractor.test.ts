import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Extracted, extract } from '../../sandbox/healthsage/extract.ts';
import { CONCEPTS } from '../../sandbox/healthsage/terminology.ts';

const LETTER = '2026-11-20';

/** The one extraction of a text. */
function only(text: string): Extracted {
  const [first, ...more] = extract(text, LETTER);
  assert.ok(first && more.length === 0, `${text}: ${more.length + (first ? 1 : 0)} extractions`);
  return first;
}

const code = (text: string) => only(text).snomed_ct_code;

test('every concept is found by each of its names, in small and capital letters', () => {
  for (const concept of CONCEPTS) {
    for (const name of concept.synonyms) {
      assert.equal(code(`Known ${name}.`), concept.code, name);
      assert.equal(code(`Known ${name.toUpperCase()}.`), concept.code, name);
    }
    for (const name of concept.abbreviations) {
      assert.equal(code(`Known ${name}.`), concept.code, name);
    }
  }
});

test('British and American spelling, accents, typographic signs, plurals and line breaks are one name', () => {
  assert.equal(code('anaemia'), code('anemia'));
  assert.equal(code('Œdema'), code('edema'));
  assert.equal(code('Ménière’s disease'), code("Meniere's disease"));
  assert.equal(code('Me\u0301nie\u0300re’s disease'), code("Meniere's disease"));
  assert.equal(code('type-2 diabetes'), code('type 2\n  diabetes'));
  assert.equal(code('migraines'), code('migraine'));
  assert.equal(only('Œ🫀 œdema.').source, 'œdema');
});

test('abbreviations count in their own case only, and nothing is found inside a word', () => {
  assert.deepEqual(
    extract('The mi of af, pe; dementiaX gouty STEMIs? ECGx', LETTER).map((one) => one.source),
    ['STEMIs?'],
  );
});

test('the longest name wins', () => {
  assert.equal(only('paroxysmal atrial fibrillation').snomed_ct_code, '282825002');
  assert.equal(only('type 2 diabetes mellitus').snomed_ct_code, '44054006');
});

test('certainty is read from the words around', () => {
  const cases: [string, Extracted['status'], string][] = [
    ['Possible gout.', 'provisional', 'Possible gout'],
    ['It is likely a migraine.', 'provisional', 'likely a migraine'],
    ['Suspected pneumonia', 'provisional', 'Suspected pneumonia'],
    ['?COPD', 'provisional', '?COPD'],
    ['COPD?', 'provisional', 'COPD?'],
    ['Differential diagnosis: gout', 'differential', 'gout'],
    ['Differential diagnosis\n- gout', 'differential', 'gout'],
    ['Differential diagnosis:\n\n1. gout', 'differential', 'gout'],
    ['Gout, in the differential discussed below', 'confirmed', 'Gout'],
    ['The differential includes septic joints. Gout is known.', 'confirmed', 'Gout'],
    // No guard is documented for these: the vendor may well call them confirmed.
    ['No chest pain.', 'confirmed', 'chest pain'],
    ['Father had a stroke.', 'confirmed', 'stroke'],
  ];
  for (const [text, status, source] of cases) {
    const found = only(text);
    assert.deepEqual([found.status, found.source], [status, source], text);
  }
  const all = (text: string) => extract(text, LETTER).map((one) => one.status);
  assert.deepEqual(all('Gout vs. cellulitis'), ['differential', 'differential']);
  assert.deepEqual(all('Possible gout or cellulitis'), ['provisional', 'provisional']);
  assert.deepEqual(all('Possible gout and cellulitis'), ['provisional', 'confirmed']);
});

test('dates are read from the words around and are part of the source', () => {
  const cases: [string, string | null, string | null | undefined, string][] = [
    ['Gout since 2014.', '2014', '(Y-12)', 'Gout since 2014'],
    ['Gout in March 2019.', '2019-03', '(Y-7)', 'Gout in March 2019'],
    ['Gout, diagnosed on 12 March 2019.', '2019-03-12', '(Y-7)', 'Gout, diagnosed on 12 March 2019'],
    ['Gout (Sept. 2023).', '2023-09', '(Y-3)', 'Gout (Sept. 2023)'],
    ['Gout on 2021-05-04.', '2021-05-04', '(Y-5)', 'Gout on 2021-05-04'],
    ['Gout on 04/05/2021.', '2021-05-04', '(Y-5)', 'Gout on 04/05/2021'],
    ['Gout on 04/25/2021.', '2021-04-25', '(Y-5)', 'Gout on 04/25/2021'],
    ['Gout 05/2021.', '2021-05', '(Y-5)', 'Gout 05/2021'],
    ['Gout 12 years ago.', null, '(Y-12)', 'Gout 12 years ago'],
    ['Gout three months ago.', null, '(M-3)', 'Gout three months ago'],
    ['Gout for two weeks.', null, '(W-2)', 'Gout for two weeks'],
    ['Gout last year.', null, '(Y-1)', 'Gout last year'],
    ['In 2019 he developed gout.', '2019', '(Y-7)', 'In 2019 he developed gout'],
    ['2019: gout', '2019', '(Y-7)', '2019: gout'],
    ['Colonoscopy in 2027.', '2027', '(Y+1)', 'Colonoscopy in 2027'],
    ['Possible gout since 2020', '2020', '(Y-6)', 'Possible gout since 2020'],
    ['Gout. 2019 was a good year.', null, undefined, 'Gout'],
    ['Gout 20195.', null, undefined, 'Gout'],
  ];
  for (const [text, date, relative, source] of cases) {
    const found = only(text);
    assert.deepEqual([found.date, found.relative_date, found.source], [date, relative, source], text);
  }
});

test('an end is read where the text says one', () => {
  const cases: [string, string | null, string | null, string | null | undefined][] = [
    ['Migraine from 2010 until 2018.', '2010', '2018', '(Y-8)'],
    ['Migraine 2010–2018.', '2010', '2018', '(Y-8)'],
    ['Migraine until 2018.', null, '2018', '(Y-8)'],
    ['Migraine resolved in May 2020.', null, '2020-05', '(Y-6)'],
    ['Migraine since 2010, resolved 3 years ago.', '2010', null, '(Y-3)'],
  ];
  for (const [text, date, end, relative] of cases) {
    const found = only(text);
    assert.deepEqual([found.date, found.end_date, found.relative_end_date], [date, end, relative], text);
  }
});

test('whatever the text, the source is exactly what stands at its offsets', () => {
  const words = fc.constantFrom(
    ...CONCEPTS.flatMap(({ synonyms, abbreviations }) => [...synonyms, ...abbreviations]),
    ...[
      'possible',
      '?',
      'vs.',
      'differential includes',
      'since 2014',
      'in March 2019',
      '12 years ago',
      'until',
      '2018',
    ],
    ...[
      '\n\n',
      '\n- ',
      '. ',
      ', ',
      '(',
      ')',
      'e\u0301',
      '🫀',
      '👩🏽‍⚕️',
      '\ud800',
      'ﬁ',
      'ß',
      'İ',
      '\u00a0',
      '\r\n',
      'No',
    ],
  );
  const text = fc.oneof(
    fc
      .array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 60 })
      .map((all) => all.join(' ')),
    fc.string({ unit: 'binary', maxLength: 1500 }),
    fc.array(words, { maxLength: 60 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (note) => {
      const points = Array.from(note);
      const all = extract(note, LETTER);
      for (const { source, start, end } of all) {
        assert.ok(0 <= start && start < end && end <= points.length);
        assert.equal(points.slice(start, end).join(''), source);
      }
      assert.deepEqual(extract(note, LETTER), all);
    }),
    { numRuns: 300 },
  );
});

test('hostile text of full length is read quickly', () => {
  for (const unit of [
    'possible ',
    '\n',
    '(',
    'differential ',
    '2019 ',
    'type 2\n',
    '12 years ',
    '?',
    'a. ',
    'in March ',
    'AF ',
  ]) {
    const began = performance.now();
    extract(unit.repeat(1500).slice(0, 1500), LETTER);
    assert.ok(performance.now() - began < 2000, `${unit} took ${performance.now() - began} ms`);
  }
});
