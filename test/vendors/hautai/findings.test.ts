import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Observation } from '@medplum/fhirtypes';
import type { Findings } from '../../../src/findings.ts';
import { blockOf, foundOf } from '../../../src/vendors/hautai/answers.ts';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import type { Before, Result } from '../../../src/vendors/hautai/state.ts';
import { orderOf } from './drive.ts';

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/hautai/${name}.json`, import.meta.url), 'utf8'));
}

const PHOTOS: Result['photos'] = [{ side: 'front', input: 'picture/front', date: '2026-11-20T10:30:00+01:00' }];

/** What becomes of an answer of the vendor. */
function findingsOf(answer: unknown, more: Partial<Result> = {}): Findings {
  const block = blockOf(answer, undefined);
  assert.ok(block);
  const found = foundOf(
    block,
    PHOTOS.map(({ side }) => side),
  );
  const result = hautai.result.parse({
    subject: 's',
    batch: 'b',
    earlier: [],
    photos: PHOTOS,
    found,
    masks: [],
    lost: [],
    trend: [],
    trendMissing: false,
    ...more,
  });
  return hautai.toFindings(result, orderOf());
}

/** An answer with these parameters and nothing else. */
const answerOf = (parameters: unknown, more: object = {}): unknown => ({
  face_skin_metrics_3: { parameters, all_algorithms_calculated: true, ...more },
});

function observed(findings: Findings, name: string): Observation {
  const resource = findings.items.find(({ part }) => part === `obs/${name}`)?.resource;
  assert.ok(resource?.resourceType === 'Observation', `there is no Observation of ${name}`);
  return resource;
}

const valueIn = ({ valueQuantity, valueInteger, valueCodeableConcept, dataAbsentReason }: Partial<Observation>) =>
  valueQuantity
    ? [valueQuantity.value, valueQuantity.code]
    : (valueInteger ?? valueCodeableConcept?.text ?? dataAbsentReason?.coding?.[0]?.code);

const ALL = findingsOf(fixture('results_done_200'));

test('each parameter is one Observation with the value and unit of its kind', () => {
  assert.equal(ALL.items.length, 27);
  assert.deepEqual(ALL.missing, []);
  const expected: [string, unknown][] = [
    ['redness', [82, '{score}']],
    ['pores', [66, '{score}']],
    ['enlarged_pores', [17, '{count}']],
    ['pimples', [1, '{count}']],
    ['moles', [6, '{count}']],
    ['inflammation', [0, '{count}']],
    ['age', [43, 'a']],
    ['eyes_age', [41, 'a']],
    ['ita', [31.4, 'deg']],
    ['freckles', [4, '[ppth]']],
    ['melasma', [0, '[ppth]']],
    ['jowls', 1],
    ['skin_type', 'combination'],
    ['skintone', 'Intermediate'],
  ];
  for (const [name, value] of expected) {
    assert.deepEqual(valueIn(observed(ALL, name)), value, name);
  }
});

test('a score says which way is better, an apparent age whose age it is not, and nothing is interpreted', () => {
  assert.equal(observed(ALL, 'redness').referenceRange?.[0]?.text, '0–100, higher is better');
  assert.match(observed(ALL, 'age').code.text ?? '', /apparent/i);
  assert.match(ALL.items.find(({ part }) => part === 'obs/freckles')?.remarks?.join() ?? '', /not document/);
  for (const { resource } of ALL.items) {
    assert.ok(resource.resourceType === 'Observation');
    assert.equal(resource.status, 'preliminary');
    assert.equal(resource.interpretation, undefined);
    assert.equal(resource.category?.[0]?.coding?.[0]?.code, 'exam');
    assert.equal(resource.effectiveDateTime, '2026-11-20T10:30:00+01:00');
    assert.match(resource.note?.[0]?.text ?? '', /not a medical diagnosis/);
    assert.equal(resource.code.coding?.length, 1);
    assert.equal(resource.code.coding?.[0]?.system, 'urn:fhir-ai-adapter:hautai');
  }
  assert.match(ALL.report.conclusion ?? '', /not a medical diagnosis/);
});

test('class, grade and the other numbers are components; an area says where on the face', () => {
  const { component } = observed(ALL, 'pores');
  const told = component?.map(({ code, ...rest }) => [code.text, rest.valueString ?? valueIn(rest)]);
  assert.deepEqual(told, [
    ['Pores: class', 'Average'],
    ['Pores: grade', 3],
    ['Pores: count', [312, '{count}']],
    ['Pores, nose: count', [141, '{count}']],
    ['Pores, left cheek: count', [88, '{count}']],
  ]);
  assert.deepEqual(component?.[3]?.extension, [
    {
      url: 'http://hl7.org/fhir/StructureDefinition/bodySite',
      valueReference: { type: 'BodyStructure', display: 'nose' },
    },
  ]);
  const codes = ALL.items.flatMap(({ resource }) =>
    resource.resourceType === 'Observation' ? (resource.component ?? []).map(({ code }) => code.coding?.[0]?.code) : [],
  );
  assert.equal(new Set(codes).size, codes.length);
});

test('what is missing is absent and never zero; texts are no numbers; impossible numbers are not written', () => {
  const findings = findingsOf(
    answerOf({
      redness: {},
      lines: { tag: null, score: null },
      pores: { score: '84', tag: 'Good' },
      moles: { number_of_moles: -1 },
      sagging: { score: 140, tag: 'Good' },
      dark_circles: 'Good',
      jowls: { grade: 2.5 },
      puffiness: { score: 50 },
    }),
  );
  assert.deepEqual(
    findings.items.map(({ part, resource }) => [part, valueIn(resource as Observation)]),
    [
      ['obs/jowls', 'error'],
      ['obs/moles', 'error'],
      ['obs/pores', 'Good'],
      ['obs/puffiness', [50, '{score}']],
      ['obs/sagging', 'error'],
    ],
  );
  assert.match(findings.items.find(({ part }) => part === 'obs/sagging')?.remarks?.join() ?? '', /impossible/);
});

test('numbers one level deeper, and under the parameter’s own name, are found', () => {
  const findings = findingsOf(
    answerOf({ ita: { ita: { ita: 31.4 } }, redness: { redness: 82 }, age: { value: 1, age: { value: 43 } } }),
  );
  assert.deepEqual(valueIn(observed(findings, 'ita')), [31.4, 'deg']);
  assert.deepEqual(valueIn(observed(findings, 'redness')), [82, '{score}']);
  assert.deepEqual(valueIn(observed(findings, 'age')), [43, 'a']);
});

test('scores are rescaled only where every one of them is at most 1, areas included', () => {
  const small = findingsOf(
    answerOf({
      redness: { score: 0.57, areas: { nose: { score: 1 } } },
      lines: { score: 0.9, grade: 2 },
      moles: { number_of_moles: 1 },
    }),
  );
  assert.deepEqual(valueIn(observed(small, 'redness')), [57, '{score}']);
  assert.deepEqual(valueIn(observed(small, 'moles')), [1, '{count}']);
  assert.match(small.items.find(({ part }) => part === 'obs/lines')?.remarks?.join() ?? '', /0 to 1/);
  const mixed = findingsOf(
    answerOf({ redness: { score: 0.5 }, lines: { score: 0.9, areas: { nose: { score: 71 } } } }),
  );
  assert.deepEqual(valueIn(observed(mixed, 'redness')), [0.5, '{score}']);
});

test('parameters of tomorrow and their names are told, but no number is made of them', () => {
  const findings = findingsOf(
    answerOf({ glow_index: { score: 77, tag: 'Great' }, constructor: { score: 1 }, redness: { score: 80 } }),
  );
  assert.deepEqual(
    findings.items.map(({ part }) => part),
    ['obs/redness'],
  );
  assert.deepEqual(
    findings.listed.map(({ label }) => label),
    ['constructor: score 1', 'glow index: score 77, Great'],
  );
});

test('never a Condition, whatever a parameter is called', () => {
  const kinds = new Set(ALL.items.map(({ resource }) => resource.resourceType));
  assert.deepEqual([...kinds], ['Observation']);
});

test('earlier values stand on the Observation and in the conclusion, where they were measured alike', () => {
  const trend: Before[] = [
    { name: 'redness', date: '2026-05-02', values: { score: 71 } },
    { name: 'pimples', date: '2026-05-02', values: { score: 71 } },
    { name: 'skin_type', date: '2026-05-02', values: {}, tag: 'oily' },
    { name: 'sagging', date: '2026-05-02', values: { score: -7 } },
  ];
  const findings = findingsOf(fixture('results_done_200'), { trend });
  assert.deepEqual(findings.items.find(({ part }) => part === 'obs/redness')?.remarks, ['Earlier: 71 on 2026-05-02.']);
  assert.match(
    findings.report.conclusion ?? '',
    /redness: 71 on 2026-05-02, now 82; cosmetic skin type: oily on 2026-05-02, now combination\./,
  );
  assert.doesNotMatch(findings.report.conclusion ?? '', /pimple|sagging/);
});

test('a side that could not be used is missing by name; the rest is kept', () => {
  const block = blockOf(
    answerOf({ redness: { score: 80 } }, { detection_errors: { left: 'Face is not detected' } }),
    undefined,
  );
  assert.ok(block);
  assert.deepEqual(foundOf(block, ['front', 'left']).unusable, [{ side: 'left', why: 'Face is not detected' }]);
  // One that names no side concerns all.
  const all = blockOf(
    answerOf({}, { detection_errors: { face_angle: 'Turned <b>away</b> https://x.example/a?b=c' } }),
    undefined,
  );
  assert.ok(all);
  assert.deepEqual(foundOf(all, ['front', 'left']).unusable, [
    { side: 'front', why: 'Turned b away /b' },
    { side: 'left', why: 'Turned b away /b' },
  ]);
});

test('a mask is a picture for people and a drawing for programs, of the photo of its side', () => {
  const { items } = findingsOf(fixture('results_done_200'), {
    masks: [{ side: 'front', parameter: 'redness', variant: 'anonymised', file: 'mask/front/redness' }],
  });
  const masks = items.filter(({ file }) => file !== undefined);
  assert.deepEqual(
    masks.map(({ part, file, resource, evidence }) => [part, file, resource.resourceType, evidence[0]?.input]),
    [
      ['media/mask/front/redness', 'mask/front/redness.png', 'Media', 'picture/front'],
      ['document/mask/front/redness', 'mask/front/redness.svg', 'DocumentReference', 'picture/front'],
    ],
  );
  assert.ok(items.every(({ part }) => /^[\w./~-]+$/.test(part)));
});

test('the application is found by its beginning, or by the name that the site gives', () => {
  const parameters = { redness: { score: 1 } };
  const other = { 'face_skin_metrics_2.0': { parameters }, recommendations: [1] };
  assert.equal(blockOf(other, undefined), undefined);
  assert.ok(blockOf({ ...other, 'face_skin_metrics_3.1': { parameters } }, undefined));
  assert.ok(blockOf(other, 'face_skin_metrics_2.0'));
  assert.equal(blockOf(fixture('results_empty_200'), undefined), undefined);
});
