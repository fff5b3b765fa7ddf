import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { AdapterError } from '../../../src/errors.ts';
import { openValidator } from '../../../src/fhir/validate.ts';
import type { DraftResource } from '../../../src/findings.ts';
import { fileUploaded, studyCreated, studyOfCallback, studyStatus } from '../../../src/vendors/hemato/answers.ts';
import { toFindings } from '../../../src/vendors/hemato/findings.ts';
import { readReport } from '../../../src/vendors/hemato/report.ts';
import { reportOf } from '../../../src/vendors/hemato/report-shape.ts';
import type { Result } from '../../../src/vendors/hemato/state.ts';
import { meaningOf } from '../../../src/vendors/hemato/status.ts';
import { orderOf, resultsOf, STUDY } from './stub.ts';

const SMEAR = 'pbs_v1';
const MALARIA = 'MALARIA_ANY_ANY';

function read(results: unknown, task: string) {
  const report = reportOf(results, task);
  assert.ok(report !== undefined && report !== 'not-a-report');
  return report;
}

test('every documented shape is read', () => {
  const smear = read(resultsOf('report_pbs_v1_200'), SMEAR).content;
  assert.deepEqual(
    smear.feature_statistics?.map(({ name, value }) => [name, value.value, value.unit]),
    [
      ['rbc-density', '4.31', '10*6/uL'],
      ['platelet-density', '148', '10*3/uL'],
      ['blast-density', '0', '10*3/uL'],
    ],
  );
  assert.equal(smear.morphological_findings?.[0]?.value.heat_map?.length, 3);
  assert.equal(smear.diagnostic_report?.differential_diagnosis?.length, 2);
  const counts = read(resultsOf('report_malaria_counts_200'), MALARIA).content;
  assert.deepEqual([counts.positive_count, counts.negative_count], [4, 21]);
  const detailed = read(resultsOf('report_malaria_detailed_200'), MALARIA).content;
  assert.equal(detailed.raw_reports?.[0]?.value.findings?.length, 1);
  assert.equal(detailed.summary_reports?.fields_of_view_processed, 25);
});

test('a report is found under its task, under `report`, or in the answer itself; another task’s is not taken for it', () => {
  const smear = resultsOf('report_pbs_v1_200') as object;
  const { report } = resultsOf('report_malaria_counts_200') as { report: Record<string, object> };
  const both = { ...smear, report };
  assert.equal(read({ report: { [SMEAR]: smear } }, SMEAR).content.feature_statistics?.length, 3);
  assert.equal(read({ report: smear }, SMEAR).content.feature_statistics?.length, 3);
  assert.equal(read(both, SMEAR).content.positive_count, undefined);
  assert.equal(read(both, MALARIA).content.feature_statistics, undefined);
  assert.equal(reportOf(smear, MALARIA), undefined);
  assert.equal(read(report[MALARIA], MALARIA).content.positive_count, 4);
});

test('what says nothing is not ready; what nobody knows is said to be unreadable', () => {
  const empty = { feature_statistics: {}, morphological_findings: {}, diagnostic_report: {}, pathology_report: ' ' };
  for (const results of [
    undefined,
    null,
    {},
    [],
    '',
    { report: {} },
    { report: null },
    { report: { [SMEAR]: {} } },
    empty,
  ]) {
    assert.equal(reportOf(results, SMEAR), undefined, JSON.stringify(results));
  }
  assert.equal(reportOf(resultsOf('report_not_ready_200'), SMEAR), undefined);
  for (const results of [7, true, 'soon', [1]]) {
    assert.equal(reportOf(results, SMEAR), 'not-a-report');
  }
  assert.equal(read({ report: { [SMEAR]: { cells: 7 } } }, SMEAR).unreadable, true);
  assert.equal(read({ pbs_study_id: STUDY, cells: 7 }, SMEAR).unreadable, true);
  const negative = { raw_reports: {}, conclusion: '', summary_reports: { fields_of_view_processed: 25 } };
  assert.equal(read({ report: { [MALARIA]: negative } }, MALARIA).unreadable, false);
});

test('only `ready` is documented of a status; the rest is read with care', () => {
  const of = (results: unknown) => meaningOf(studyStatus.parse(results));
  assert.equal(of(resultsOf('status_ready_200')), 'ready');
  assert.equal(of(resultsOf('status_running_200')), 'working');
  assert.equal(of({ report_status: 'READY' }), 'ready');
  assert.equal(of({ progress: '1.0' }), 'ready');
  assert.equal(of({ report_status: 'Cancelled', progress: 1 }), 'failed');
  assert.equal(of({ report_status: 'error_in_model' }), 'failed');
  assert.equal(of({ report_status: 7, progress: null }), 'working');
});

test('both names of a study and of its files are read', () => {
  assert.equal(studyCreated.parse(resultsOf('pbs_create_201')), STUDY);
  assert.equal(studyCreated.parse(resultsOf('pbs_create_201_legacy')), STUDY);
  assert.equal(studyCreated.safeParse({ pbs_id: '../../auth' }).success, false);
  for (const name of ['file_upload_201', 'file_upload_201_legacy', 'file_upload_202']) {
    assert.equal(fileUploaded.parse(resultsOf(name)).length, 1);
  }
  assert.deepEqual(fileUploaded.parse({ file_ids: ['a', 'b', 'a'] }), ['a', 'b']);
  assert.equal(fileUploaded.safeParse({}).success, false);
});

const validate = await openValidator();
/** A draft with what the fhir room adds to each. */
const whole = (draft: DraftResource): Resource =>
  ({
    ...draft,
    subject: { reference: 'Patient/77' },
    ...(draft.resourceType === 'Condition' ? { clinicalStatus: { coding: [{ system: ACTIVE, code: 'active' }] } } : {}),
  }) as Resource;
const ACTIVE = 'http://terminology.hl7.org/CodeSystem/condition-clinical';

/** Any JSON, and JSON that looks like a report with anything in the place of anything. */
const scalar = fc.oneof(fc.string(), fc.double(), fc.integer(), fc.constant(null), fc.constant('x'), fc.boolean());
const likely = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => {
  const map = fc.dictionary(fc.string({ maxLength: 12 }), value, { maxKeys: 3 });
  const any = fc.oneof(value, map, fc.array(value, { maxLength: 3 }));
  const circles = fc.array(fc.record({ center: fc.tuple(fc.double(), fc.double()), radius: fc.double() }), {
    maxLength: 2,
  });
  const content = fc.record(
    {
      feature_statistics: fc.oneof(any, fc.dictionary(fc.string(), fc.record({ value: scalar, unit: scalar }))),
      morphological_findings: fc.oneof(
        any,
        fc.dictionary(fc.string(), fc.record({ count: scalar, heat_map: circles })),
      ),
      diagnostic_report: fc.oneof(
        any,
        fc.record({
          differential_diagnosis: fc.array(
            fc.dictionary(fc.constantFrom('score', 'confidence', 'icd10-code', 'english-long'), scalar),
          ),
        }),
      ),
      pathology_report: any,
      positive_count: scalar,
      negative_count: any,
      raw_reports: any,
      summary_reports: fc.oneof(any, fc.record({ model_findings: fc.array(map), fields_of_view_processed: scalar })),
      conclusion: any,
    },
    { requiredKeys: [] },
  );
  return fc.oneof(any, content, fc.record({ report: fc.oneof(any, fc.record({ [SMEAR]: content })) }));
};
const anything = fc.oneof(fc.jsonValue(), likely(fc.jsonValue({ maxDepth: 2 })));

test('any JSON is a report, or none yet, or refused as one; and findings of whatever was read never throw', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const results: unknown = JSON.parse(JSON.stringify(value));
      for (const body of [results, { results }]) {
        let raw: unknown;
        try {
          raw = readReport({ json: () => body }, SMEAR);
        } catch (thrown) {
          assert.ok(thrown instanceof AdapterError && thrown.code === 'vendor-protocol');
          continue;
        }
        const result: Result = {
          study: STUDY,
          tasks: [{ task: SMEAR, status: 'reported', raw }],
          files: [{ input: 'picture/001', fileIds: ['f1'] }],
          drawn: [],
          undrawn: [],
          icd10: 'icd-10',
        };
        const { items } = toFindings(result, orderOf({}, { differentialAsCondition: true }));
        const parts = items.map(({ part }) => part);
        assert.equal(new Set(parts).size, parts.length);
        assert.ok(parts.every((part) => /^[\w./~-]+$/.test(part)));
        for (const { resource } of items) {
          assert.deepEqual(validate(whole(resource)), []);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test('whatever a callback brings, reading it throws nothing', () => {
  fc.assert(
    fc.property(fc.anything(), (body) => {
      const study = studyOfCallback(body);
      assert.ok(study === undefined || study.length > 0);
    }),
  );
});
