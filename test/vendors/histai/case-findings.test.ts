/** What is written of a bought case, where the site wants that: a person of whom nothing but the sex is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFindings } from '../../../src/vendors/histai/findings.ts';
import type { BoughtCase } from '../../../src/vendors/histai/state.ts';
import { findingsWith, item, RESULT, resourceOf } from './bought.ts';

test('a case is a person without a name, with what its records say, and a report of its protocols', () => {
  const findings = toFindings(RESULT);
  const person = 'case/00000000-aaaa-4bbb-8ccc-000000000001';
  assert.deepEqual(item(findings, person).resource, { resourceType: 'Patient', gender: 'female' });
  const its = findings.items.filter(({ about }) => about === person);
  assert.equal(its.length, 6);
  const age = resourceOf(findings, `${person}/age`, 'Observation');
  assert.deepEqual([age.valueQuantity?.value, age.valueQuantity?.code], [47, 'a']);
  assert.ok(age.code.coding?.some(({ system, code }) => system === 'http://loinc.org' && code === '30525-0'));
  // As the vendor wrote it, `<` and all; two markers that look alike are two.
  const studies = its.filter(({ part }) => part.includes('/ihc/'));
  assert.equal(new Set(studies.map(({ part }) => part)).size, 3);
  assert.deepEqual(
    studies.map(({ resource }) => resource.resourceType === 'Observation' && resource.valueString),
    ['positive, <10% weak', '2+', '20%'],
  );
  const { code, verificationStatus } = resourceOf(findings, `${person}/diagnosis`, 'Condition');
  assert.equal(code?.text, 'Invasive ductal carcinoma; Ductal carcinoma in situ');
  assert.deepEqual(code?.coding, [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'C50.9' }]);
  assert.equal(verificationStatus?.coding?.[0]?.code, 'unconfirmed');
  const report = resourceOf(findings, `${person}/report`, 'DiagnosticReport');
  assert.equal(report.conclusion, 'Carcinoma.');
  const protocols = Buffer.from(report.presentedForm?.[0]?.data ?? '', 'base64').toString('utf8');
  assert.match(protocols, /\n\nMacroscopy\nA piece of tissue\.\n\nMicroscopy\nGlands, <irregular>\.\n\nConclusion\n/);
  assert.equal(item(findings, `${person}/report`).holds?.length, 4);
});

test('what a case does not say is not written of it', () => {
  const findings = toFindings(RESULT);
  const [bare] = findings.items.filter(({ part }) => part === 'case/c3');
  assert.deepEqual(bare?.resource, { resourceType: 'Patient', gender: 'male' });
  assert.equal(findings.items.filter(({ about }) => about === 'case/c3').length, 0);
});

test('a code that is none of ICD-10 stands in words alone', () => {
  const diagnosisOf = (icd10: string, primaryDiagnosis: string[]) =>
    resourceOf(
      findingsWith({
        cases: [{ caseId: 'c', organ: [], cancerType: [], studies: [], slides: [], icd10, primaryDiagnosis }],
      }),
      'case/c/diagnosis',
      'Condition',
    );
  assert.deepEqual(diagnosisOf('c50', []).code, {
    coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'C50' }],
    text: 'c50',
  });
  assert.deepEqual(diagnosisOf('8500/3', []).code, { text: '8500/3' });
  const both = diagnosisOf('C50.911', ['Carcinoma']);
  assert.deepEqual(both.code, { text: 'Carcinoma' });
  assert.match(both.note?.map(({ text }) => text).join(' ') ?? '', /Code as given: C50\.911/);
});

test('at most 300 cases get resources, and the report says so', () => {
  const cases = Array.from({ length: 302 }, (_, index) => ({
    ...RESULT.cases[2],
    caseId: `c${index}`,
  })) as BoughtCase[];
  const findings = findingsWith({ cases });
  assert.equal(findings.items.filter(({ resource }) => resource.resourceType === 'Patient').length, 300);
  assert.match(findings.missing.at(-1) ?? '', /2 of 302 cases one by one \(at most 300/);
  assert.equal(findingsWith({ cases, caseResources: false }).missing.length, 2, 'who does not want them misses none');
});
