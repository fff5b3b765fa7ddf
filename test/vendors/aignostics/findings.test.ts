/** What is written of a result: readouts with units, files, labels, and never more than that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '@medplum/fhirtypes';
import fc from 'fast-check';
import type { Findings } from '../../../src/findings.ts';
import { toFindings } from '../../../src/vendors/aignostics/findings.ts';
import { NAMED_COLUMNS } from '../../../src/vendors/aignostics/readout-table.ts';
import type { Artifact, Result, SlidePart } from '../../../src/vendors/aignostics/state.ts';
import { orderOf } from './drive.ts';
import { slideInput } from './slide.ts';

const artifact = (name: string, contentType: string, file: string): Artifact => ({
  ...{ id: '82ac0558-fd36-5412-acb4-f65330b312e7', name, contentType, file },
  ...{ legend: [], tries: 0 },
});

function resultOf(values: Record<string, number | null>, more: Partial<SlidePart> = {}, classes = ['RUO']): Result {
  const part: SlidePart = {
    input: 'slide/001',
    attempt: 1,
    outcome: 'succeeded',
    artifacts: [
      artifact('readout_generation:slide_readouts', 'text/csv', 'slide-1/readout_generation_slide_readouts.csv'),
      artifact('tissue_qc:segmentation_map_image', 'image/tiff', 'slide-1/tissue_qc_segmentation_map_image.tiff'),
    ],
    readouts: { values, columns: 4500 },
    previews: [
      { artifact: 'tissue_qc:segmentation_map_image', file: 'slide-1/tissue_qc_segmentation_map_image.preview.png' },
    ],
    unpreviewed: [],
    done: true,
    ...more,
  };
  return {
    application: { id: 'he-tme', name: 'Atlas H&E-TME', version: '1.4.0', classes },
    runs: ['828bf039-8baf-521e-ab67-c962d3dd7ec0'],
    slides: [{ slide: { input: 'slide/001', disease: 'LUNG_CANCER', tissue: 'LUNG' }, part }],
    complete: true,
  };
}

function observationOf({ items }: Findings, id: string): Observation {
  const found = items.find(({ part }) => part === `obs/slide-1/${id}`)?.resource;
  assert.ok(found?.resourceType === 'Observation', id);
  return found as Observation;
}

const values = ({ component = [] }: Observation) =>
  component.map(({ code, valueQuantity, dataAbsentReason }) => [
    code.coding?.[0]?.code,
    valueQuantity?.value ?? dataAbsentReason?.coding?.[0]?.code,
    valueQuantity?.code,
  ]);

test('shares are fractions, counts are cells, densities say of which area', () => {
  const findings = toFindings(
    resultOf({
      ...{ RELATIVE_AREA_CARCINOMA: 0.412, RELATIVE_AREA_STROMA: 0.398 },
      ...{ CELL_COUNT_LYMPHOCYTE: 12_877, CELL_DENSITY_LYMPHOCYTE_PER_MM2: 590.5, ABSOLUTE_AREA_UM2_STROMA: 1.5e6 },
    }),
    orderOf(),
  );
  assert.deepEqual(values(observationOf(findings, 'tissue-share')), [
    ['tissue-share/CARCINOMA', 0.412, '1'],
    ['tissue-share/STROMA', 0.398, '1'],
  ]);
  assert.deepEqual(values(observationOf(findings, 'cell-count')), [['cell-count/LYMPHOCYTE', 12_877, '{cells}']]);
  assert.deepEqual(values(observationOf(findings, 'cell-density')), [['cell-density/LYMPHOCYTE', 590.5, '/mm2']]);
  assert.deepEqual(values(observationOf(findings, 'tissue-area')), [['tissue-area/STROMA', 1.5e6, 'um2']]);
});

test('where one share is beyond 1, all of them are percentages', () => {
  const findings = toFindings(resultOf({ RELATIVE_AREA_CARCINOMA: 41.2, RELATIVE_AREA_BLOOD: 0.5 }), orderOf());
  assert.deepEqual(values(observationOf(findings, 'tissue-share')), [
    ['tissue-share/CARCINOMA', 41.2, '%'],
    ['tissue-share/BLOOD', 0.5, '%'],
  ]);
});

test('what cannot be is not written, and said so', () => {
  const findings = toFindings(
    resultOf({ CELL_COUNT_LYMPHOCYTE: -4, CELL_COUNT_OTHER: 1.5, CELL_COUNT_FIBROBLAST: null }),
    orderOf(),
  );
  assert.deepEqual(
    values(observationOf(findings, 'cell-count')).map(([, value]) => value),
    ['error', 'not-a-number', 'error'],
  );
  const remarks = findings.items.find(({ part }) => part === 'obs/slide-1/cell-count')?.remarks?.join(' ');
  assert.match(remarks ?? '', /lymphocytes that is impossible.*other cells that is impossible/);
});

test('research use is labelled and said; an application that is cleared is not labelled so', () => {
  const findings = toFindings(resultOf({ CELL_COUNT_OTHER: 1 }), orderOf());
  assert.equal(findings.security?.[0]?.code, 'HRESCH');
  assert.match(findings.report.conclusion ?? '', /For research use only\. Not for use in diagnostic procedures\./);
  assert.match(observationOf(findings, 'cell-count').note?.[0]?.text ?? '', /For research use only/);
  const cleared = toFindings(resultOf({ CELL_COUNT_OTHER: 1 }, {}, ['RUO', 'IVDR']), orderOf());
  assert.equal(cleared.security, undefined);
  assert.doesNotMatch(JSON.stringify(cleared), /research/i);
  assert.equal(toFindings(resultOf({}, {}, []), orderOf()).security?.length, 1, 'nothing said is research');
});

test('the report is a pathology report of the specimen, with the table attached and each file beside it', () => {
  const { report, items, model } = toFindings(resultOf({ CELL_COUNT_OTHER: 1 }), orderOf());
  assert.deepEqual(
    report.category.map(({ coding }) => coding?.[0]?.code),
    ['LP7839-6', 'LAB', 'SP'],
  );
  assert.equal(report.effective, '2026-11-18T08:30:00Z');
  assert.deepEqual(report.attachments, ['slide-1/readout_generation_slide_readouts.csv']);
  assert.deepEqual(
    items.map(({ resource, part }) => `${resource.resourceType} ${part}`),
    [
      'Observation obs/slide-1/cell-count',
      'Media media/slide-1/tissue_qc_segmentation_map_image.preview.png',
      'DocumentReference document/slide-1/readout_generation_slide_readouts.csv',
      'DocumentReference document/slide-1/tissue_qc_segmentation_map_image.tiff',
    ],
  );
  assert.deepEqual([model.name, model.version], ['Atlas H&E-TME', '1.4.0']);
});

test('each slide has its own specimen and date', () => {
  const input = slideInput(1);
  const order = orderOf({}, { inputs: [input], specimens: [] });
  const observed = observationOf(toFindings(resultOf({ CELL_COUNT_OTHER: 1 }), order), 'cell-count');
  assert.equal(observed.specimen?.reference, 'Specimen/s1');
  assert.equal(observed.effectiveDateTime, '2026-11-20');
});

test('whatever the numbers are, the same result gives the same findings, and never a Condition', () => {
  const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...NAMED_COLUMNS), number), (some) => {
      const findings = toFindings(resultOf(some), orderOf());
      assert.deepEqual(toFindings(resultOf(some), orderOf()), findings);
      assert.ok(findings.items.every(({ resource }) => resource.resourceType !== 'Condition'));
      for (const { resource } of findings.items) {
        const components = resource.resourceType === 'Observation' ? (resource.component ?? []) : [];
        assert.ok(
          components.every(
            ({ valueQuantity, dataAbsentReason }) => (valueQuantity === undefined) !== (dataAbsentReason === undefined),
          ),
        );
        assert.ok(components.every(({ valueQuantity }) => (valueQuantity?.value ?? 0) >= 0));
      }
    }),
    { numRuns: 100 },
  );
});
