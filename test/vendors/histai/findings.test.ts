/** What is written of a cohort: about its Group alone, counted, said honestly, with its files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Group, Observation } from '@medplum/fhirtypes';
import { chartOf } from '../../../src/vendors/histai/chart-rows.ts';
import { toFindings } from '../../../src/vendors/histai/findings.ts';
import { CASES, findingsWith, item, RESULT, resourceOf } from './bought.ts';

const rows = ({ component = [] }: Observation) =>
  component.map(({ code, valueQuantity }) => [code.text, valueQuantity?.value, valueQuantity?.code]);

test('the cohort is a Group of so many people, with what defines it and the cases that are written', () => {
  const findings = toFindings(RESULT);
  assert.equal(findings.about, 'group');
  const group: Group = resourceOf(findings, 'group', 'Group');
  assert.deepEqual(
    [group.type, group.actual, group.name, group.quantity],
    ['person', true, 'Research cohort fhir-ai-adapter-0123', 3],
  );
  assert.deepEqual(
    group.characteristic?.map((one) => [
      one.code.coding?.[0]?.code,
      one.valueCodeableConcept?.text ?? one.valueBoolean ?? [one.valueRange?.low?.value, one.valueRange?.high?.value],
      one.exclude,
    ]),
    [
      ['organ', 'Breast or Left breast', false],
      ['stainName', 'H&E', false],
      ['age', [40, 60], false],
      ['gender', 'female', false],
      ['malignant', true, false],
    ],
  );
  assert.equal(item(findings, 'group').holds?.length, 3);
  assert.equal(item(findingsWith({ caseResources: false }), 'group').holds, undefined);
});

test('it is counted by stain, diagnosis, organ, age, sex and marker; what a case does not say is said so', () => {
  const findings = toFindings(RESULT);
  const counted = (name: string) => rows(resourceOf(findings, `obs/${name}`, 'Observation'));
  assert.equal(resourceOf(findings, 'obs/cases', 'Observation').valueQuantity?.value, 3);
  assert.equal(resourceOf(findings, 'obs/slides', 'Observation').valueQuantity?.value, 4);
  assert.deepEqual(counted('stains'), [
    ['H&E', 3, '{slides}'],
    ['HER2', 1, '{slides}'],
  ]);
  assert.deepEqual(counted('diagnoses'), [
    ['Ductal carcinoma in situ', 1, '{cases}'],
    ['Invasive ductal carcinoma', 1, '{cases}'],
    ['not stated', 2, '{cases}'],
  ]);
  assert.deepEqual(counted('organs'), [
    ['Breast', 2, '{cases}'],
    ['Axilla', 1, '{cases}'],
    ['not stated', 1, '{cases}'],
  ]);
  assert.deepEqual(counted('ages'), [
    ['40 to 49 years', 1, '{cases}'],
    ['50 to 59 years', 1, '{cases}'],
    ['not stated', 1, '{cases}'],
  ]);
  assert.deepEqual(counted('sexes'), [
    ['female', 1, '{cases}'],
    ['male', 1, '{cases}'],
    ['not stated', 1, '{cases}'],
  ]);
  // A blank result is none, and a case without one is not counted as without the marker.
  assert.deepEqual(
    counted('markers').map(([marker, count]) => [marker, count]),
    [
      ['HER2/neu', 1],
      ['Ki-67', 1],
      ['her2 neu', 1],
    ],
  );
  assert.match(item(findings, 'obs/organs').remarks?.join() ?? '', /counts for each/);
  assert.deepEqual(item(findings, 'obs/sexes').remarks, []);
  assert.equal(
    findingsWith({ cases: [], caseResources: false }).items.some(({ part }) => part === 'obs/organs'),
    false,
  );
});

test('of very many diagnoses the most frequent are listed, and how many are not is said', () => {
  const [one] = CASES;
  assert.ok(one);
  const many = Array.from({ length: 130 }, (_, index) => ({
    ...one,
    caseId: `c${index}`,
    primaryDiagnosis: [`D${index}`],
  }));
  const often = { ...one, caseId: 'often', primaryDiagnosis: ['D77'] };
  const findings = findingsWith({ cases: [...many, often], caseResources: false });
  const [first, ...others] = rows(resourceOf(findings, 'obs/diagnoses', 'Observation'));
  assert.deepEqual(first, ['D77', 2, '{cases}']);
  assert.equal(others.length, 99);
  assert.match(item(findings, 'obs/diagnoses').remarks?.join() ?? '', /30 rarest are not listed/);
});

test('the conclusion says what was bought, for what, by whom, what was chosen and assumed, and whose data it is', () => {
  const said = toFindings(RESULT).report.conclusion ?? '';
  for (const words of [
    /3 cases with 4 slides .* 55\.00 USD, on 2026-11-22 10:00 UTC; dr\.abel approved it on 2026-11-22 09:58 UTC/,
    /Organ “Breast” or “Left breast” \(of one side\); Stain of a slide “H&E”; Age 40 to 60 years; Sex female; Malignant/,
    /Nobody named a stain: slides in H&E were taken/,
    /7 cases that fit were looked at.*; 2 lacked slides/,
    /1 of 3 files of slides is copied here\. HistAI keeps them for download until 2026-12-06 10:00 UTC/,
    /cannot be given back or refunded/,
    /https:\/\/hist\.ai\/policies\/dla\//,
    /no finding about any patient of this record/,
  ]) {
    assert.match(said, words);
  }
  assert.match(findingsWith({ copies: false, slides: [] }).report.conclusion ?? '', /slides are not copied here/);
});

test('what somebody else has paid for is not said to be approved', () => {
  const { approval: _, ...rest } = RESULT;
  const findings = toFindings({ ...rest, purchase: { ...RESULT.purchase, elsewhere: true } });
  assert.match(findings.report.conclusion ?? '', /was found to be paid for: by somebody at HistAI/);
  assert.doesNotMatch(findings.report.conclusion ?? '', /approved it/);
  assert.equal(findings.approvals, undefined);
});

test('figures, the approval, the label and the job stand beside the report', () => {
  const { figures, approvals, security, jobs, report, model } = toFindings(RESULT);
  assert.deepEqual(figures, [
    { label: 'Cases of the cohort', integer: 3 },
    { label: 'Slides of the cohort', integer: 4 },
    { label: 'Price of the cohort', money: { value: 55, currency: 'USD' } },
  ]);
  assert.deepEqual(approvals, [
    {
      by: 'dr.abel',
      at: '2026-11-22T09:58:30.000Z',
      what: 'the purchase of 3 cases with 4 slides for 55.00 USD',
    },
  ]);
  assert.deepEqual([security?.[0]?.code, jobs, report.effective], ['HRESCH', ['cohort-1'], '2026-11-22T10:00:00.000Z']);
  assert.deepEqual(model, { name: 'HistAI Pathology Datahub', manufacturer: 'HistAI', kinds: [] });
  assert.equal(report.category[0]?.coding?.[0]?.code, 'PAT');
  assert.equal(report.banner, 'Research data of other people; not about the patient of any order.');
});

test('the files that are here have a page each, and those that are not are missing, counted by why', () => {
  const findings = toFindings(RESULT);
  const files = findings.items.filter(({ file }) => file !== undefined);
  assert.deepEqual(
    files.map(({ part, file }) => [part, file]),
    [
      ['chart', 'composition.png'],
      ['manifest', 'manifest.json'],
      ['metadata', 'metadata.json'],
      ['slide/s1', 'slide/s1'],
    ],
  );
  assert.equal(item(findings, 'slide/s1').label, 'Slide of a research case: case c3, slide s1, H&E, 1.2 GB');
  assert.match(
    resourceOf(findings, 'metadata', 'DocumentReference').description ?? '',
    /Data of other people; not about any patient of this record\.$/,
  );
  assert.deepEqual(findings.missing, [
    'the files of 2 slides (HistAI does not give it)',
    'the files of 1 slide (HistAI does not list them)',
  ]);
  assert.deepEqual(
    findingsWith({
      copies: false,
      slides: ['1', '2', '3', '4'].map((fileId) => ({ fileId, tries: 0 })),
      missing: ['something else'],
    }).missing,
    ['something else'],
    'a site that copies no slides misses none',
  );
});

test('the picture shows the same counts', () => {
  const { title, banner, groups } = chartOf(RESULT);
  assert.match(title, /3 cases with 4 slides/);
  assert.match(banner, /Research data of other people/);
  assert.deepEqual(
    groups.map((group) => group.title),
    ['Slides by stain', 'Cases by diagnosis', 'Cases by organ', 'Cases by age', 'Cases by sex'],
  );
  assert.deepEqual(groups[0]?.rows, [
    { label: 'H&E', count: 3 },
    { label: 'HER2', count: 1 },
  ]);
});
