import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, Consent } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { AdapterError, type ErrorCode } from '../../src/errors.ts';
import { type ConsentAsked, consentObjection, judgeConsents } from '../../src/fhir/consent.ts';
import { denies, permits } from '../../src/fhir/consent-rules.ts';

const NOW = new Date('2026-11-22T10:00:00Z');
const question = { baseUrl: 'https://ehr.example/fhir', patient: 'Patient/1', vendor: 'Acme AI', now: NOW };

type Rule = NonNullable<Consent['provision']>;
const consent = (provision: unknown, more: object = {}): unknown => ({
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  patient: { reference: 'Patient/1' },
  provision,
  ...more,
});
const scope = (code: string) => ({ scope: { coding: [{ code }] } });
const policy = (code: string) => ({ policyRule: { coding: [{ code }] } });
const actor = (reference: object): Pick<Rule, 'actor'> => ({ actor: [{ role: {}, reference }] });
const acme = actor({ display: ' acme ai' });
const other = actor({ reference: 'Organization/9', display: 'Insurer' });

const CASES: [boolean, string, unknown][] = [
  [true, 'the root rule denies', consent({ type: 'deny' })],
  [true, 'treatment is denied', consent({ type: 'deny' }, scope('treatment'))],
  [true, 'no scope is said', consent({ type: 'deny' }, { scope: undefined })],
  [false, 'research is denied', consent({ type: 'deny' }, scope('research'))],
  [false, 'the root rule permits', consent({ type: 'permit' })],
  [false, 'nothing is said', consent(undefined)],
  [false, 'the denial is not in force', consent({ type: 'deny' }, { status: 'inactive' })],
  [false, 'it is another patient’s', consent({ type: 'deny' }, { patient: { reference: 'Patient/2' } })],
  [
    true,
    'the patient is named absolutely',
    consent({ type: 'deny' }, { patient: { reference: 'https://ehr.example/fhir/Patient/1' } }),
  ],
  [true, 'an exception denies everybody', consent({ type: 'permit', provision: [{ type: 'deny' }] })],
  [true, 'an exception denies the vendor by name', consent({ type: 'permit', provision: [{ type: 'deny', ...acme }] })],
  [false, 'an exception denies somebody else', consent({ type: 'permit', provision: [{ type: 'deny', ...other }] })],
  [false, 'the denial is for somebody else', consent({ type: 'deny', ...other })],
  [false, 'an exception permits the vendor', consent({ type: 'deny', provision: [{ type: 'permit', ...acme }] })],
  [true, 'an exception permits somebody else', consent({ type: 'deny', provision: [{ type: 'permit', ...other }] })],
  [
    true,
    'of two exceptions one denies',
    consent({ type: 'permit', provision: [{ type: 'permit' }, { type: 'deny', ...acme }] }),
  ],
  [
    true,
    'an exception of an exception denies',
    consent({ type: 'deny', provision: [{ type: 'permit', provision: [{ type: 'deny' }] }] }),
  ],
  [
    true,
    'a permission is for part of the record',
    consent({ type: 'deny', provision: [{ type: 'permit', ...acme, class: [{ code: 'lab' }] }] }),
  ],
  [
    true,
    'a denial is for part of the record that we cannot tell',
    consent({ provision: [{ type: 'deny', securityLabel: [{ code: 'PSY' }] }] }),
  ],
  [
    false,
    'a denial is for a type that we never touch',
    consent({
      provision: [
        { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'MedicationRequest' }] },
      ],
    }),
  ],
  [
    true,
    'a denial is for documents',
    consent({
      provision: [
        { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'DocumentReference' }] },
      ],
    }),
  ],
  [false, 'a denial is for marketing', consent({ provision: [{ type: 'deny', purpose: [{ code: 'HMARKT' }] }] })],
  [true, 'a denial is for treatment', consent({ provision: [{ type: 'deny', purpose: [{ code: 'TREAT' }] }] })],
  [
    false,
    'a denial is of corrections',
    consent({ provision: [{ type: 'deny', action: [{ coding: [{ code: 'correct' }] }] }] }),
  ],
  [
    true,
    'a denial is of disclosure',
    consent({ provision: [{ type: 'deny', action: [{ coding: [{ code: 'correct' }, { code: 'disclose' }] }] }] }),
  ],
  [true, 'the patient has opted out', consent(undefined, policy('OPTOUT'))],
  [false, 'the patient has opted in', consent(undefined, policy('OPTIN'))],
  [
    false,
    'the patient has opted out but for the vendor',
    consent({ provision: [{ type: 'permit', ...acme }] }, policy('OPTOUTE')),
  ],
];

for (const [denied, what, value] of CASES) {
  test(`${what}: ${denied ? 'denied' : 'not denied'}`, () => {
    assert.equal(denies(value, question), denied);
  });
}

const MARKETING = { purpose: [{ code: 'HMARKT' }] };
const PERMITS: [boolean, string, unknown][] = [
  [true, 'the root rule permits', consent({ type: 'permit' })],
  [true, 'the root rule permits the vendor', consent({ type: 'permit', ...acme })],
  [true, 'an exception permits the vendor', consent({ type: 'deny', provision: [{ type: 'permit', ...acme }] })],
  [true, 'a rule below a root that says nothing permits', consent({ provision: [{ type: 'permit', ...acme }] })],
  [true, 'the patient has opted in', consent(undefined, policy('OPTIN'))],
  [true, 'it is about treatment', consent({ type: 'permit' }, scope('treatment'))],
  [true, 'it is verified', consent({ type: 'permit' }, { verification: [{ verified: true }] })],
  [false, 'nothing is said', consent(undefined)],
  [false, 'a root says nothing', consent({})],
  [false, 'it is about research', consent({ type: 'permit' }, scope('research'))],
  [false, 'it does not say what it is about', consent({ type: 'permit' }, { scope: undefined })],
  [false, 'it is somebody else who may', consent({ type: 'permit', ...other })],
  [false, 'an opt-in is for somebody else', consent({ type: 'permit', ...other }, policy('OPTIN'))],
  [false, 'an opt-in is restricted', consent(undefined, policy('OPTINR'))],
  [
    true,
    'a restricted opt-in names the vendor',
    consent({ provision: [{ type: 'permit', ...acme }] }, policy('OPTINR')),
  ],
  [false, 'it is for part of the record', consent({ type: 'permit', class: [{ code: 'lab' }] })],
  [false, 'an opt-in is for part of the record', consent({ type: 'permit', code: [{}] }, policy('OPTIN'))],
  [false, 'it is for marketing', consent({ type: 'permit', ...MARKETING })],
  [false, 'it is over', consent({ type: 'permit', period: { end: '2026-11-01' } })],
  [false, 'an opt-in is over', consent({ period: { end: '2026-11-01' } }, policy('OPTIN'))],
  [false, 'it is not in force', consent({ type: 'permit' }, { status: 'proposed' })],
  [false, 'it is another patient’s', consent({ type: 'permit' }, { patient: { reference: 'Patient/2' } })],
  [false, 'it names no patient', consent({ type: 'permit' }, { patient: undefined })],
  [false, 'nobody has verified it', consent({ type: 'permit' }, { verification: [{ verified: false }] })],
  [false, 'an exception denies the vendor', consent({ type: 'permit', provision: [{ type: 'deny', ...acme }] })],
  [false, 'its rules cannot be read', consent('permit')],
];

for (const [permitted, what, value] of PERMITS) {
  test(`where consent is required and ${what}: ${permitted ? 'permitted' : 'not permitted'}`, () => {
    assert.equal(permits(value, question), permitted);
    assert.equal(judgeConsents([value], question, true) === undefined, permitted);
  });
}

test('where consent is required, one that denies counts for more than one that permits, and is not waited for', () => {
  const both = [consent({ type: 'permit' }), consent({ type: 'deny', ...acme })];
  assert.deepEqual(judgeConsents(both, question, true), {
    text: "The patient's consent does not allow that their data goes to Acme AI.",
  });
  assert.deepEqual(judgeConsents([], question, true), {
    text: "The patient's consent to the analysis by Acme AI is required, and none was found in the EHR.",
    awaits: true,
  });
});

test('a rule that names the vendor’s Organization is about the vendor', () => {
  const rule = (reference: string) => consent({ provision: [{ type: 'deny', ...actor({ reference }) }] });
  for (const reference of ['Organization/7', 'https://ehr.example/fhir/Organization/7/_history/2']) {
    assert.equal(denies(rule(reference), { ...question, vendor: 'Organization/7' }), true, reference);
    assert.equal(denies(rule(reference), { ...question, vendor: undefined }), false, reference);
  }
  assert.equal(
    denies(rule('https://other.example/fhir/Organization/7'), { ...question, vendor: 'Organization/7' }),
    false,
  );
});

test('a denial counts in its period only, whole days and years in any zone', () => {
  const during = (period: unknown) => denies(consent({ type: 'deny', period }), question);
  assert.equal(during({ start: '2026-11-22', end: '2026-11-22' }), true);
  assert.equal(during({ start: '2026', end: '2026' }), true);
  assert.equal(during({ end: '2026-11' }), true);
  assert.equal(during({ end: '2026-11-21' }), true, 'the 21st has not ended everywhere');
  assert.equal(during({ end: '2026-11-20' }), false);
  assert.equal(during({ start: '2026-11-23' }), true, 'the 23rd has begun somewhere');
  assert.equal(during({ start: '2026-12' }), false);
  assert.equal(during({ start: '2027' }), false);
  assert.equal(during({ end: '2026-11-22T09:59:59Z' }), false);
  assert.equal(during({ start: '2026-11-22T11:30:00+02:00', end: '2026-11-22T10:00:01Z' }), true);
  assert.equal(during({ start: 'soon', end: 7 }), true, 'what cannot be read is open');
});

test('the sentence names the vendor, not the patient nor the Consent', () => {
  const said = judgeConsents([consent({ type: 'permit' }), consent({ type: 'deny' }, { id: 'secret' })], question);
  assert.equal(said?.text, "The patient's consent does not allow that their data goes to Acme AI.");
  assert.match(
    judgeConsents([consent({ type: 'deny' })], { ...question, vendor: 'Organization/7' })?.text ?? '',
    /an AI vendor/,
  );
  assert.equal(judgeConsents([], question), undefined);
});

const json = fc.jsonValue({ maxDepth: 4 });
const rule: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  rule: fc.record(
    {
      type: fc.oneof(fc.constantFrom('permit', 'deny'), json),
      period: fc.oneof(fc.record({ start: fc.string(), end: json }), json),
      actor: fc.oneof(fc.constant([{ reference: { display: 'Acme AI' } }]), json),
      action: json,
      purpose: json,
      class: json,
      securityLabel: json,
      code: json,
      data: json,
      dataPeriod: json,
      provision: fc.oneof({ depthSize: 'small' }, json, fc.array(tie('rule'), { maxLength: 3 })),
    },
    { requiredKeys: [] },
  ),
})).rule;

test('no Consent, however odd, makes the judge throw; one that no rule of denies never denies', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        json,
        rule.map((each) => consent(each)),
      ),
      (value) => {
        const denied = denies(value, question);
        assert.equal(typeof denied, 'boolean');
        assert.ok(!denied || /"deny"/.test(JSON.stringify(value)));
        const permitted = permits(value, question);
        assert.ok(!permitted || /"permit"|"OPTIN"/.test(JSON.stringify(value)));
      },
    ),
    { numRuns: 500 },
  );
});

test('rules nested a hundred thousand deep are survived', () => {
  let nested: unknown = { type: 'deny' };
  for (let depth = 0; depth < 100_000; depth += 1) {
    nested = { type: 'permit', provision: [nested] };
  }
  assert.equal(denies(consent(nested), question), false);
});

interface Stub {
  pages?: Bundle[];
  interactions?: string[] | undefined;
  error?: ErrorCode;
}

function client({ pages = [], interactions = ['search-type'], error }: Stub) {
  const asked: string[] = [];
  return {
    asked,
    baseUrl: question.baseUrl,
    capabilities: async () => ({
      fhirVersion: '4.0.1',
      transaction: true,
      batch: true,
      atomic: true,
      types: {
        Consent: {
          interactions,
          conditionalCreate: false,
          updateCreate: false,
          versioning: 'versioned' as const,
          searchParams: [],
        },
      },
    }),
    async *pages(query: string) {
      asked.push(query);
      if (error) {
        throw new AdapterError(error, 'said no');
      }
      yield* pages;
    },
  };
}

const page = (...resources: unknown[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: JSON.parse(JSON.stringify(resources)).map((resource: unknown) => ({ resource })),
});

const said = async (ehr: ReturnType<typeof client>, more: Partial<ConsentAsked> = {}) =>
  (await consentObjection(ehr, { patient: 'Patient/1', vendor: 'Acme AI', now: NOW, ...more }))?.text;

test('the EHR’s active Consents are searched once, all pages of them', async () => {
  const ehr = client({ pages: [page(consent({ type: 'permit' })), page(consent({ type: 'deny' }))] });
  assert.match((await said(ehr)) ?? '', /does not allow/);
  assert.deepEqual(ehr.asked, ['Consent?patient=Patient%2F1&status=active']);
  assert.equal(await said(client({})), undefined);
});

test('a server without Consent, or one that refuses the search, denies nothing; one that is down is not believed', async () => {
  const without = client({ pages: [page(consent({ type: 'deny' }))], interactions: ['read'] });
  assert.equal(await said(without), undefined);
  assert.deepEqual(without.asked, []);
  for (const error of ['ehr-rejected', 'ehr-forbidden', 'ehr-protocol'] as const) {
    assert.equal(await said(client({ error })), undefined, error);
  }
  assert.match((await said(without, { required: true })) ?? '', /none was found/);
  for (const error of ['ehr-unreachable', 'ehr-timeout', 'ehr-busy', 'ehr-unauthorized'] as const) {
    await assert.rejects(said(client({ error })), { code: error });
  }
});
