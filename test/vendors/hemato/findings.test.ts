import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, Observation, Specimen } from '@medplum/fhirtypes';
import type { Finding } from '../../../src/findings.ts';
import { hemato } from '../../../src/vendors/hemato/index.ts';
import { partNames } from '../../../src/vendors/hemato/part-names.ts';
import type { Result } from '../../../src/vendors/hemato/state.ts';
import { numberOf, quantityOf, ucumOf } from '../../../src/vendors/hemato/units.ts';
import { BYTES, orderOf, pictureInput, resultsOf, STUDY } from './stub.ts';

const FILES = [
  'sha224-i-cdad6c8409a43d4d073ec73e33b96db35f4c352fff697b2cfd1c24d5',
  'sha224-i-ff2895e2e7c20a213fbf34193b00a11c73e824909cce46f068a165d7',
];

function resultOf(task: string, raw: unknown, more: Partial<Result> = {}): Result {
  return {
    study: STUDY,
    tasks: [{ task, status: 'reported', raw }],
    files: [{ input: 'picture/001', fileIds: FILES.slice(0, 1) }],
    drawn: [],
    undrawn: [],
    ...more,
  };
}
const SMEAR = resultOf('pbs_v1', resultsOf('report_pbs_v1_200'), { icd10: 'icd-10' });

function of(items: readonly Finding[], part: string): Omit<Observation, 'status'> {
  const resource = items.find((item) => item.part === part)?.resource;
  assert.ok(resource?.resourceType === 'Observation', `${part} is no Observation of ${items.map((one) => one.part)}`);
  return resource as Observation;
}
const remarksOf = (items: readonly Finding[], part: string) =>
  (items.find((item) => item.part === part)?.remarks ?? []).join(' ');

test('a smear becomes one Observation for each feature, finding and suggestion, under stable names', () => {
  const { items, report, jobs, missing } = hemato.toFindings(SMEAR, orderOf());
  assert.deepEqual(
    items.map(({ part }) => part),
    [
      'finding/ring-trophozoite',
      'finding/schistocyte',
      'obs/rbc-density',
      'obs/platelet-density',
      'obs/blast-density',
      'differential/b50',
      'differential/b51',
    ],
  );
  assert.deepEqual([jobs, missing], [[STUDY], []]);
  assert.deepEqual(
    report.category.flatMap(({ coding }) => coding?.map(({ code }) => code)),
    ['LAB', 'HM'],
  );
  assert.equal(report.code.coding?.[0]?.code, '5909-7');
  assert.deepEqual(report.attachments, ['report.json']);
  const density = of(items, 'obs/rbc-density');
  const ucum = { system: 'http://unitsofmeasure.org', code: '10*6/uL', unit: '10*6/uL' };
  assert.deepEqual(density.valueQuantity, { value: 4.31, ...ucum });
  assert.equal(density.category?.[0]?.coding?.[0]?.code, 'laboratory');
  assert.deepEqual(density.specimen, { reference: 'Specimen/s1' });
  assert.equal(of(items, 'finding/ring-trophozoite').valueInteger, 3);
  assert.equal(of(items, 'finding/schistocyte').valueInteger, 0);
});

test('a count is no ordinal presence, a density no concentration: our own codes stand alone', () => {
  const { items } = hemato.toFindings(SMEAR, orderOf());
  const systems = items.flatMap(({ resource }) =>
    resource.resourceType === 'Observation' ? (resource.code.coding ?? []).map(({ system }) => system) : [],
  );
  assert.ok(systems.length > 0 && systems.every((system) => system?.startsWith('urn:fhir-ai-adapter:hemato')));
});

test('placeholders are an error of the vendor’s and no number; texts and strange units stay as they are told', () => {
  const placeholder = hemato.toFindings(resultOf('pbs_v1', resultsOf('report_pbs_v1_200_legacy_file_id')), orderOf());
  const density = of(placeholder.items, 'obs/rbc-density');
  assert.equal(density.dataAbsentReason?.coding?.[0]?.code, 'error');
  assert.deepEqual([density.valueQuantity, density.valueString], [undefined, undefined]);
  const feature_statistics = {
    a: { value: '4.31', unit: 'furlongs' },
    b: { value: '<5', unit: '%' },
    c: { value: '1,5', unit: '%' },
    d: { value: 12, unit: ' 10^9/L' },
    e: { value: '7' },
    f: { value: '7', unit: 'y' },
    g: { unit: '%' },
    h: { value: '0x10', unit: '%' },
  };
  const { items } = hemato.toFindings(resultOf('pbs_v1', { feature_statistics }), orderOf());
  const values = items.map(({ part }) => {
    const { valueQuantity, valueString, dataAbsentReason } = of(items, part);
    return valueQuantity?.value ?? valueString ?? dataAbsentReason?.coding?.[0]?.code;
  });
  assert.deepEqual(values, ['4.31 furlongs', '<5 %', '1,5 %', 12, '7', 'error', 'error', '0x10 %']);
  assert.equal(of(items, 'obs/d').valueQuantity?.code, '10*9/L');
});

test('differential diagnoses are suggestions with code, confidence and score; a Condition only where the route says so', () => {
  const { items } = hemato.toFindings(SMEAR, orderOf());
  const first = of(items, 'differential/b50');
  assert.deepEqual(first.valueCodeableConcept, {
    coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'B50' }],
    text: 'Malaria infection with Plasmodium falciparum',
  });
  const components = first.component?.map(({ code, valueQuantity, valueInteger, valueString }) => [
    code.text,
    valueQuantity?.value ?? valueInteger ?? valueString,
  ]);
  assert.deepEqual(components, [
    ['confidence', 0.91],
    ['score', 8],
    ['clinical significance', 'D'],
  ]);
  assert.equal(first.interpretation, undefined);
  assert.match(remarksOf(items, 'differential/b50'), /not a diagnosis/);
  assert.ok(items.every(({ resource }) => resource.resourceType === 'Observation'));
  const opted = hemato.toFindings(SMEAR, orderOf({}, { differentialAsCondition: true })).items;
  const condition = opted.find(({ part }) => part === 'condition/b50')?.resource as Condition;
  assert.equal(condition.verificationStatus?.coding?.[0]?.code, 'differential');
  assert.equal(condition.clinicalStatus, undefined);
});

test('a code whose edition of ICD-10 is not known is a text', () => {
  const { icd10: _, ...unknown } = SMEAR;
  const { items } = hemato.toFindings(unknown, orderOf());
  assert.deepEqual(of(items, 'differential/b50').valueCodeableConcept, {
    text: 'Malaria infection with Plasmodium falciparum (ICD-10 B50)',
  });
  assert.match(remarksOf(items, 'differential/b50'), /edition/);
  const cm = hemato.toFindings({ ...SMEAR, icd10: 'icd-10-cm' }, orderOf()).items;
  assert.equal(
    of(cm, 'differential/b50').valueCodeableConcept?.coding?.[0]?.system,
    'http://hl7.org/fhir/sid/icd-10-cm',
  );
});

test('malaria counts are components without interpretation; positive ones call for a person at once', () => {
  const task = 'MALARIA_ANY_ANY';
  const { items, report } = hemato.toFindings(resultOf(task, resultsOf('report_malaria_counts_200')), orderOf());
  const counts = of(items, 'counts/malaria-any-any');
  assert.deepEqual(
    counts.component?.map(({ code, valueInteger }) => [code.text, valueInteger]),
    [
      ['positive_count', 4],
      ['negative_count', 21],
    ],
  );
  assert.equal(counts.interpretation ?? counts.component?.find(({ interpretation }) => interpretation), undefined);
  assert.match(remarksOf(items, 'counts/malaria-any-any'), /person to look at it at once/);
  assert.match(report.conclusion ?? '', /^URGENT/);
  assert.equal(report.code.coding?.[0]?.code, '32700-7');
  assert.deepEqual(
    report.category.flatMap(({ coding }) => coding?.map(({ code }) => code)),
    ['LAB', 'HM', 'PAR'],
  );
  const none = { report: { [task]: { positive_count: 0, negative_count: 25 } } };
  const negative = hemato.toFindings(resultOf(task, none), orderOf());
  const words = JSON.stringify(negative);
  assert.doesNotMatch(words, /URGENT|at once/);
  assert.doesNotMatch(words, /no malaria|malaria[- ](is )?(negative|absent|excluded)|no evidence|not detected/i);
});

test('model numbers are components of the unit 1, and findings by file add up to one count', () => {
  const detailed = resultsOf('report_malaria_detailed_200');
  const { items } = hemato.toFindings(resultOf('MALARIA_ANY_ANY', detailed), orderOf());
  const models = of(items, 'models/malaria-any-any');
  assert.deepEqual(
    models.component?.map(({ valueQuantity }) => valueQuantity?.value),
    [0.962, 0.031, 0.007],
  );
  assert.ok(models.component?.every(({ valueQuantity }) => valueQuantity?.code === '1'));
  assert.equal(of(items, 'finding/ring-trophozoite').valueInteger, 3);
  const stat = (count: unknown) => ({ finding_stats: { idea: { idea_id: 'ring', count } } });
  const two = { raw_reports: { f1: stat(2), f2: stat('3') } };
  const sum = hemato.toFindings(resultOf('MALARIA_ANY_ANY', two), orderOf()).items;
  assert.equal(of(sum, 'finding/ring').valueInteger, 5);
  assert.match(remarksOf(sum, 'finding/ring'), /By picture: 2, 3/);
});

test('many model numbers do not make an endless Observation', () => {
  const model_findings = Array.from({ length: 100 }, () => ({ model: [0.1, 0.2, 0.7] }));
  const { items } = hemato.toFindings(resultOf('MALARIA_ANY_ANY', { summary_reports: { model_findings } }), orderOf());
  assert.equal(of(items, 'models/malaria-any-any').component?.length, 60);
  assert.match(remarksOf(items, 'models/malaria-any-any'), /240 more/);
});

test('places are told on a picture only where it is known on which', () => {
  const inputs = [pictureInput(1, BYTES), pictureInput(2, new Uint8Array([1]))];
  const files = inputs.map(({ name }, index) => ({ input: name, fileIds: [FILES[index] ?? ''] }));
  const drawn = [{ input: 'picture/001', file: 'heat-map/picture-001.png', outside: 2 }];
  const order = orderOf({ inputs });
  const guessed = hemato.toFindings({ ...SMEAR, files }, order);
  assert.match(guessed.listed.map(({ label, why }) => `${label}: ${why}`).join(), /^3 marked places: not circled/);
  const known = resultOf('MALARIA_ANY_ANY', resultsOf('report_malaria_detailed_200'), { files, drawn });
  const { items, listed } = hemato.toFindings(known, order);
  assert.deepEqual(listed, []);
  const media = items.find(({ resource }) => resource.resourceType === 'Media');
  assert.deepEqual([media?.part, media?.file], ['heat-map/1', 'heat-map/picture-001.png']);
  assert.match(media?.remarks?.join() ?? '', /2 places lie outside/);
  const zip = pictureInput(1, BYTES, {
    contentType: 'application/zip',
    picture: { contentType: 'application/zip', pictures: 2, extension: [] },
  });
  assert.equal(hemato.toFindings(SMEAR, orderOf({ inputs: [zip] })).listed.length, 1);
});

test('the conclusion is the vendor’s text, said to be that, with every suggestion in it', () => {
  const { conclusion = '' } = hemato.toFindings(SMEAR, orderOf()).report;
  assert.match(
    conclusion,
    /^URGENT: .*\nText of Hemato\.AI’s software, not verified by a clinician: No clinical history/,
  );
  assert.match(conclusion, /falciparum \(ICD-10 B50, confidence 0\.91, score 8\); .*vivax/);
  assert.match(conclusion, /Analyses asked for: pbs_v1\./);
});

test('a report of an unknown form and one that never came are said to be missing', () => {
  const tasks: Result['tasks'] = [
    { task: 'pbs_v1', status: 'reported', raw: { report: { pbs_v1: { cells: 7 } } } },
    { task: 'pbs_v2', status: 'missing', why: 'Hemato.AI did not finish it in time' },
  ];
  const { missing, items } = hemato.toFindings({ ...SMEAR, tasks }, orderOf());
  assert.deepEqual(items, []);
  assert.match(missing[0] ?? '', /pbs_v1 \(its report has an unknown form/);
  assert.equal(missing[1], 'the analysis pbs_v2 (Hemato.AI did not finish it in time)');
});

test('effective is when the blood was taken, else when the picture was', () => {
  const specimen: Specimen = { resourceType: 'Specimen', collection: { collectedDateTime: '2026-11-20' } };
  assert.equal(hemato.toFindings(SMEAR, orderOf({ specimens: [specimen] })).report.effective, '2026-11-20');
  assert.equal(hemato.toFindings(SMEAR, orderOf()).report.effective, '2026-11-21T09:00:00Z');
});

test('names that look alike are told apart, whatever their order', () => {
  const named = (...names: string[]) => partNames(names.map((name) => ({ prefix: 'finding/', name, from: 'pbs_v1' })));
  const [plain, blank, capital] = named('ring-form', 'ring form', 'Ring Form');
  assert.equal(plain, 'finding/ring-form');
  assert.equal(new Set([plain, blank, capital]).size, 3);
  assert.deepEqual(named('Ring Form', 'ring form', 'ring-form'), [capital, blank, plain]);
  assert.equal(named('球').length, 1);
  assert.match(named('球')[0] ?? '', /^finding\/text-[0-9a-f]{8}$/);
  const twice = partNames(['a', 'b', 'b'].map((from) => ({ prefix: 'finding/', name: 'ring', from })));
  assert.deepEqual(twice, ['finding/ring', 'finding/ring/b', 'finding/ring/b/2']);
});

test('numbers and units are read strictly', () => {
  assert.deepEqual(['1', '0.95', ' 2 ', '-1', '1e3', '.5'].map(numberOf), [1, 0.95, 2, -1, 1000, 0.5]);
  for (const text of ['', 'x', '1,5', '1 000', '0x10', 'Infinity', 'NaN', '1e999', '5%', '--1']) {
    assert.equal(numberOf(text), undefined, text);
  }
  assert.deepEqual(['10*3/uL', 'x10^9/L', '10^3/µL', '%', 'cells / mm2'].map(ucumOf), [
    '10*3/uL',
    '10*9/L',
    '10*3/uL',
    '%',
    '{cells}/mm2',
  ]);
  for (const unit of [undefined, '', 'y', 'K/uL', 'per field', 'mL']) {
    assert.equal(ucumOf(unit), undefined);
    assert.equal(quantityOf('1', unit), undefined);
  }
});
