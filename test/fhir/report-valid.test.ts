import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import type { Devices } from '../../src/fhir/complete-finding.ts';
import { buildAdapterDevice, buildModelDevice, buildOrganization } from '../../src/fhir/devices.ts';
import { buildProvenance } from '../../src/fhir/provenance.ts';
import { buildReport } from '../../src/fhir/report.ts';
import { buildItems, type Facts } from '../../src/fhir/result-items.ts';
import { takeBack } from '../../src/fhir/take-back.ts';
import type { Publication } from '../../src/fhir/types.ts';
import { openValidator, type Validate } from '../../src/fhir/validate.ts';
import type { Finding } from '../../src/findings.ts';
import { findingsOf, VENDOR, viewOf } from './publish-support.ts';

let validate: Validate;
before(async () => {
  validate = await openValidator();
});

const devices: Devices = {
  adapter: { reference: 'Device/a' },
  model: { reference: 'Device/m' },
  organization: { reference: 'Organization/v' },
};

/** Any text: control characters, lone surrogates, markup, emoji, nothing. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('<script>alert(1)</script>', ']]>&amp;"\'', '', '   ', '\u0000\ud800 x', '👩🏽‍⚕️ café'),
);
const date = fc.constantFrom('2014', '2019-03', '2021-02-29', '2020-01-02T03:04:05Z', 'yesterday', '');
const coding = (system: string, ...codes: string[]) =>
  fc.constantFrom(...codes, 'nonsense').map((code) => ({ coding: [{ system, code }] }));
const code = fc.oneof(
  fc.record({ text }),
  fc.record({
    coding: fc.array(
      fc.record({ system: fc.constant('http://snomed.info/sct'), code: fc.constantFrom('1', ' 2', '') }),
      { maxLength: 2 },
    ),
  }),
);
const evidence = fc.array(
  fc.record(
    {
      input: fc.constantFrom('note', 'other'),
      quote: text,
      start: fc.integer(),
      end: fc.integer(),
      verified: fc.boolean(),
    },
    { requiredKeys: ['input', 'quote', 'verified'] },
  ),
  { maxLength: 3 },
);
const condition = fc.record(
  {
    resourceType: fc.constant('Condition'),
    code,
    clinicalStatus: coding(
      'http://terminology.hl7.org/CodeSystem/condition-clinical',
      'active',
      'resolved',
      'remission',
    ),
    verificationStatus: coding(
      'http://terminology.hl7.org/CodeSystem/condition-ver-status',
      'confirmed',
      'differential',
    ),
    category: fc.constant([{ coding: [{ code: 'problem-list-item' }] }]),
    onsetDateTime: date,
    abatementDateTime: date,
    abatementString: text,
    asserter: fc.constant({ reference: 'Device/x' }),
  },
  { requiredKeys: ['resourceType', 'code'] },
);
const observation = fc.record(
  {
    resourceType: fc.constant('Observation'),
    status: fc.constantFrom('final', 'nonsense'),
    code,
    valueString: text,
    valueQuantity: fc.record({ value: fc.double(), unit: text }),
    effectiveDateTime: date,
    dataAbsentReason: fc.constant({ text: 'unknown' }),
    text: fc.constant({ status: 'generated', div: '<script/>' }),
    component: fc.array(fc.record({ code }), { maxLength: 1 }),
  },
  { requiredKeys: ['resourceType', 'status', 'code'] },
);
const procedure = fc.record(
  {
    resourceType: fc.constant('Procedure'),
    status: fc.constantFrom('completed', 'entered-in-error', 'nonsense'),
    code,
    performedDateTime: date,
    performer: fc.constant([{ actor: { reference: 'Device/x' } }]),
  },
  { requiredKeys: ['resourceType', 'status', 'code'] },
);
const file = fc.constantFrom('known', 'unknown');
const media = fc.record(
  {
    resourceType: fc.constant('Media'),
    status: fc.constantFrom('completed', 'nonsense'),
    type: code,
    height: fc.integer(),
    createdDateTime: date,
    operator: fc.constant({ reference: 'Device/x' }),
    content: fc.constant({ url: 'https://vendor.example/expires' }),
  },
  { requiredKeys: ['resourceType', 'status'] },
);
const document = fc.record(
  {
    resourceType: fc.constant('DocumentReference'),
    status: fc.constantFrom('current', 'nonsense'),
    docStatus: fc.constant('final'),
    description: text,
    context: fc.record({ period: fc.record({ start: date }) }),
    content: fc.constant([{ attachment: { url: 'https://vendor.example/expires' } }]),
  },
  { requiredKeys: ['resourceType', 'status'] },
);
/** What the types forbid comes all the same, from a vendor's JSON. */
const finding = fc
  .record({
    part: fc.string({ minLength: 1, maxLength: 12 }),
    label: text,
    resource: fc.oneof(condition, observation, procedure, media, document),
    file,
    evidence,
    remarks: fc.array(text, { maxLength: 2 }),
  })
  .map((one) => one as unknown as Finding);

const publication = fc
  .record({
    items: fc.array(finding, { maxLength: 6 }),
    listed: fc.array(fc.record({ label: text, why: text, evidence }), { maxLength: 3 }),
    missing: fc.array(text, { maxLength: 3 }),
    conclusion: fc.option(text, { nil: undefined }),
    effective: fc.option(date, { nil: undefined }),
    encounter: fc.option(fc.constant('Encounter/1'), { nil: undefined }),
    reportCode: code,
    jobs: fc.array(text, { maxLength: 2 }),
    focus: fc.constantFrom('ServiceRequest' as const, 'DocumentReference' as const),
  })
  .map(({ items, listed, missing, conclusion, effective, encounter, reportCode, jobs, focus }): Publication => {
    const findings = findingsOf(items, { listed, missing, jobs });
    const head = { ...(conclusion !== undefined && { conclusion }), ...(effective !== undefined && { effective }) };
    const reference = 'DocumentReference/1';
    return {
      key: 'site/DocumentReference/1/route',
      vendor: VENDOR,
      focus:
        focus === 'ServiceRequest'
          ? { resourceType: focus, id: '1', status: 'active', intent: 'order', subject: { reference: 'Patient/1' } }
          : { resourceType: focus, id: '1', status: 'current', content: [{ attachment: {} }] },
      subject: 'Patient/1',
      ...(encounter !== undefined && { encounter }),
      findings: { ...findings, report: { category: findings.report.category, code: reportCode, ...head } },
      inputs: [{ name: 'note', kind: 'note', contentType: 'text/plain', sha256: 'a'.repeat(64), size: 9, reference }],
      files: [],
      binaryLimit: 1_000_000,
      remember: async () => {},
      policy: { confirmedInText: 'unconfirmed', reportStatus: 'preliminary' },
      essential: [],
      ranFrom: '2026-11-20T10:00:00Z',
      ranUntil: '2026-11-20T09:00:00Z',
      now: '2026-11-20T10:00:10Z',
      written: [],
      superseded: [],
      task: viewOf('key', '1', 'Patient/1', 'Device/a'),
      taskId: '1',
      taskVersion: '1',
    };
  });

const FILES = new Map([
  ['known', { attachment: { contentType: 'image/png', url: 'Binary/1', size: 3, hash: 'AAAA', title: 'A picture' } }],
]);

function factsOf(known: Map<string, string>): Facts {
  const none = new Map<string, string>();
  return { devices, validate, refused: new Set(), rejected: none, known, standing: none, files: FILES };
}

function assertWellFormed(xml: string): void {
  new DOMParser({
    onError: (level: string, message: string) => {
      // A lone surrogate became U+FFFD on purpose: the parser only wonders about it.
      if (level !== 'warning') {
        throw new Error(`${level}: ${message}`);
      }
    },
  }).parseFromString(xml, 'application/xml');
}

test('whatever a vendor found, everything built is valid R4 and never claims more than an AI may', () => {
  let kept = 0;
  fc.assert(
    fc.property(publication, (one) => {
      const facts = factsOf(new Map());
      const items = buildItems(one, facts);
      const report = buildReport(one, facts, items, 'report', []);
      kept += items.items.length;
      for (const built of [...items.items, report]) {
        assert.deepEqual(validate(built.resource), []);
        const withdrawn = takeBack(built.resource);
        assert.ok(withdrawn !== undefined);
        assert.deepEqual(validate(withdrawn), []);
        const provenance = buildProvenance(
          { target: built.reference, activity: 'transform', evidence: built.finding?.evidence ?? [] },
          one,
          devices,
        );
        assert.deepEqual(validate(provenance), []);
        const said = JSON.stringify(built.resource);
        assert.ok(!said.includes('"code":"confirmed"') && !said.includes('problem-list-item'));
        assert.ok(!said.includes('"final"'));
        assert.ok(!said.includes('vendor.example'), 'no URL of a vendor stands in the EHR');
        assert.ok(!('text' in built.resource) || !built.resource.text?.div?.includes('<script'));
        if (built.resource.resourceType === 'Condition') {
          assert.ok(built.resource.clinicalStatus !== undefined);
        }
      }
      assert.equal(items.items.length + items.leftOut.length, one.findings.items.length);
    }),
    { numRuns: 300 },
  );
  assert.ok(kept > 100, `only ${kept} findings were valid: the property says nothing`);
});

test('narrative and HTML are well-formed, escaped, and warn first', () => {
  fc.assert(
    fc.property(publication, (one) => {
      const facts = factsOf(new Map(one.findings.items.slice(0, 1).map(({ part }) => [part, 'Condition/1'])));
      const { resource } = buildReport(one, facts, buildItems(one, facts), 'report', ['Observation/1 <was> edited']);
      assert.equal(resource.resourceType, 'DiagnosticReport');
      if (resource.resourceType === 'DiagnosticReport') {
        const div = resource.text?.div ?? '';
        assertWellFormed(div);
        assert.match(div, /^<div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"><p><b>AI-generated, not verified/);
        const html = Buffer.from(resource.presentedForm?.[0]?.data ?? '', 'base64').toString();
        assertWellFormed(html.replace('<!DOCTYPE html>', ''));
        assert.ok(!html.includes('<script'));
      }
    }),
    { numRuns: 150 },
  );
});

test('a partial result says so before anything else', () => {
  const [one] = fc.sample(publication, 1);
  assert.ok(one);
  const findings = findingsOf([], { missing: ['part 3 of 5'] });
  const partial = { ...one, findings: { ...findings, report: { ...findings.report, conclusion: 'Stable.' } } };
  const facts = factsOf(new Map());
  const { resource } = buildReport(partial, facts, buildItems(partial, facts), 'report', []);
  assert.equal(resource.resourceType, 'DiagnosticReport');
  if (resource.resourceType === 'DiagnosticReport') {
    assert.match(resource.conclusion ?? '', /^Incomplete: part 3 of 5 could not be analysed\.\nStable\./);
    assert.match(resource.text?.div ?? '', /not verified by a clinician\.<\/b><\/p><p><b>Incomplete/);
  }
});

test('a report of thousands of findings stays small enough to stand inline', () => {
  const [one] = fc.sample(publication, 1);
  assert.ok(one);
  const listed = Array.from({ length: 6000 }, (_, index) => ({
    label: `Finding ${index}`,
    why: 'negated',
    evidence: [{ input: 'note', quote: 'x'.repeat(400), verified: false }],
  }));
  const large = { ...one, findings: findingsOf([], { listed }) };
  const facts = factsOf(new Map());
  const { resource } = buildReport(large, facts, buildItems(large, facts), 'report', []);
  assert.deepEqual(validate(resource), []);
  assert.ok(JSON.stringify(resource).length < 2_000_000);
  assert.match(resource.text?.div ?? '', /shortened/);
});

test('builds are pure: equal input, equal output', () => {
  fc.assert(
    fc.property(publication, (one) => {
      const facts = factsOf(new Map());
      const build = () => {
        const items = buildItems(one, facts);
        return JSON.stringify([items, buildReport(one, facts, items, 'report', [])]);
      };
      assert.equal(build(), build());
    }),
    { numRuns: 30 },
  );
});

test('Devices and Organization are valid R4', () => {
  const model = { name: 'CDT', manufacturer: 'HealthSage', kinds: ['Large-Language-Models'] };
  assert.deepEqual(validate(buildAdapterDevice()), []);
  assert.deepEqual(validate(buildModelDevice('healthsage', model, devices.organization)), []);
  assert.deepEqual(
    validate(buildModelDevice('healthsage', { ...model, version: '1', kinds: [] }, devices.organization)),
    [],
  );
  assert.deepEqual(validate(buildOrganization(VENDOR)), []);
});
