import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentReference, ServiceRequest, Task } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { checkCriteria, matchesCriteria } from '../../src/config/criteria.ts';
import { AdapterError } from '../../src/errors.ts';

const order: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 'A1',
  meta: {
    lastUpdated: '2026-03-01T10:00:00Z',
    tag: [{ system: 'urn:s', code: 'tagged', display: 'Shown' }],
    security: [{ system: 'urn:s', code: 'R' }],
  },
  status: 'active',
  intent: 'order',
  priority: 'urgent',
  identifier: [{ system: 'urn:x', value: 'v1' }],
  code: { coding: [{ system: 'http://loinc.org', code: '32700-7', display: 'Smear' }], text: 'malaria' },
  category: [{ coding: [{ system: 'urn:c', code: 'lab' }] }, { coding: [{ code: 'bare' }] }],
  subject: { reference: 'Patient/1/_history/4', display: 'Somebody' },
  encounter: { reference: 'Encounter/2' },
  requester: { reference: 'PractitionerRole/5' },
  specimen: [{ reference: 'Specimen/8' }, { reference: 'Specimen/9' }],
  authoredOn: '2026-02-10',
};

const note: DocumentReference = {
  resourceType: 'DocumentReference',
  id: 'd',
  meta: { lastUpdated: '2026-01-02T00:00:00.000Z' },
  status: 'current',
  type: { coding: [{ system: 'http://loinc.org', code: '11506-3', display: 'Progress note' }] },
  category: [{ coding: [{ system: 'urn:c', code: 'clinical-note' }] }],
  subject: { reference: 'Group/7' },
  date: '2026-01-01T00:30:00Z',
  securityLabel: [{ coding: [{ system: 'urn:l', code: 'N' }] }],
  content: [{ attachment: { contentType: 'text/plain', language: 'en' }, format: { system: 'urn:f', code: 'x' } }],
  context: {
    encounter: [{ reference: 'Encounter/1' }],
    practiceSetting: { coding: [{ system: 'urn:p', code: 'cardiology' }] },
    facilityType: { coding: [{ code: 'ward' }] },
    related: [{ reference: 'ServiceRequest/3' }],
  },
  relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/0' } }],
};

const task: Task = {
  resourceType: 'Task',
  status: 'requested',
  intent: 'order',
  code: { coding: [{ system: 'urn:t', code: 'fulfill' }] },
  businessStatus: { coding: [{ code: 'sent' }] },
  for: { reference: 'Patient/1' },
  focus: { reference: 'ServiceRequest/1' },
  owner: { reference: 'Device/1' },
  authoredOn: '2026-01-01T10:00:00Z',
};

/** What FHIR says of searches that are evaluated here: [search, whether it matches]. */
const EVALUATED: [ServiceRequest | DocumentReference | Task, string, boolean][] = [
  [order, '', true],
  [order, 'status=active', true],
  [order, 'status=active,on-hold', true],
  [order, 'status=draft,on-hold', false],
  [order, 'status:not=draft', true],
  [order, 'status:not=draft,active', false],
  [order, 'status=active&intent=order&priority=urgent', true],
  [order, 'status=active&intent=plan', false],
  [order, 'code=http://loinc.org|32700-7', true],
  [order, 'code=http%3A%2F%2Floinc.org%7C32700-7', true],
  [order, 'code=http://loinc.org|', true],
  [order, 'code=http://snomed.info/sct|32700-7', false],
  [order, 'code=32700-7', true],
  [order, 'code=|32700-7', false],
  // The matcher alone would take a display or a text for a code.
  [order, 'code=Smear', false],
  [order, 'code=malaria', false],
  [order, 'code=|malaria', false],
  [order, 'code:not=malaria', true],
  [order, 'code:not=http://loinc.org|32700-7', false],
  [order, 'category=urn:c|lab', true],
  [order, 'category=|bare', true],
  [order, 'category=urn:c|other', false],
  [order, '_tag=urn:s|tagged', true],
  [order, '_tag=Shown', false],
  [order, '_security=R', true],
  [order, 'patient=Patient/1', true],
  [order, 'patient=Patient/2', false],
  [order, 'subject=Patient/1', true],
  [order, 'subject=Group/1,Patient/1', true],
  [order, 'encounter=Encounter/2', true],
  [order, 'requester=PractitionerRole/5', true],
  [order, 'requester=Practitioner/5', false],
  [order, 'specimen=Specimen/9', true],
  [order, 'authored=ge2026-01-01', true],
  [order, 'authored=ge2026-02-10', true],
  [order, 'authored=gt2026-02-10', false],
  [order, 'authored=gt2026-02-09', true],
  [order, 'authored=le2026-02-10', true],
  [order, 'authored=lt2026-02-10', false],
  [order, 'authored=sa2025', true],
  [order, 'authored=eb2027', true],
  [order, 'authored=ge2027', false],
  [order, '_lastUpdated=ge2026-03-01T10:00:00Z', true],
  [order, '_lastUpdated=gt2026-03-01T10:00:00Z', false],
  [order, '_lastUpdated=lt2026-03-01T12:00:00.5%2B01:00', true],
  [order, 'replaces:missing=true', true],
  [order, 'code:missing=false', true],
  [order, 'identifier:missing=true', false],
  [note, 'status=current', true],
  [note, 'status=superseded', false],
  [note, 'type=http://loinc.org|11506-3', true],
  [note, 'type=http://loinc.org|11488-4', false],
  [note, 'status=current&type=http://loinc.org|11506-3,http://loinc.org|11488-4', true],
  [note, 'category=urn:c|clinical-note', true],
  [note, 'date=ge2026-01-01', true],
  [note, 'date=lt2026-01-01', false],
  [note, 'date=ge2026-01-02', false],
  [note, 'contenttype=text/plain', true],
  [note, 'language=en', true],
  [note, 'format=urn:f|x', true],
  [note, 'setting=urn:p|cardiology', true],
  [note, 'facility=ward', true],
  [note, 'security-label=urn:l|N', true],
  [note, 'encounter=Encounter/1', true],
  [note, 'related=ServiceRequest/3', true],
  [note, 'relatesto=DocumentReference/0', true],
  [note, 'relation=replaces', true],
  [note, 'patient:missing=true', true],
  [note, 'subject=Group/7', true],
  [task, 'status=requested&code=urn:t|fulfill', true],
  [task, 'status=accepted', false],
  [task, 'patient=Patient/1', true],
  [task, 'focus=ServiceRequest/1&owner=Device/1', true],
  [task, 'owner=Device/2', false],
  [task, 'business-status=sent', true],
  [task, 'authored-on=ge2026-01-01', true],
];

test('what is evaluated here is evaluated as FHIR says', () => {
  for (const [resource, query, expected] of EVALUATED) {
    const on = `${resource.resourceType}?${query}`;
    const criteria = checkCriteria(on);
    assert.deepEqual([criteria.problems, criteria.askServer], [[], false], on);
    assert.equal(matchesCriteria(resource, on), expected, on);
  }
});

test('a resource of another type does not match', () => {
  assert.equal(matchesCriteria(order, 'DocumentReference?'), false);
  assert.equal(matchesCriteria(order, 'ServiceRequest'), true);
});

test('a malformed date in a resource does not match, and does not throw', () => {
  assert.equal(matchesCriteria({ ...order, authoredOn: '2026-13-45' }, 'ServiceRequest?authored=ge2026-01-01'), false);
});

const SERVER = [
  'code:in=http://example.org/vs',
  'code:not-in=http://example.org/vs',
  'code:text=smear',
  'code:above=http://snomed.info/sct|1',
  'code:below=http://snomed.info/sct|1',
  'identifier:of-type=urn:a|MR|1',
  'identifier=urn:x|v1',
  'requisition=urn:x|v1',
  '_id=A1',
  'subject.name=peter',
  'subject:Patient.name=peter',
  'patient.general-practitioner.name=anna',
  'subject:Patient=1',
  'subject=1',
  'patient=1',
  'patient=https://ehr.example/fhir/Patient/1',
  'patient:identifier=urn:mrn|1',
  '_has:Task:focus:status=requested',
  '_profile=http://example.org/p',
  '_source=urn:a',
  '_text=malaria',
  '_filter=code%20eq%201',
  'instantiates-uri=http://example.org/1',
  'instantiates-canonical=http://example.org/1|2',
  'authored=2026-02-10',
  'authored=ne2026-02-10',
  'authored=ap2026-02-10',
  'authored=ge2026-02',
  'authored=ge2026-02-10T10:00:00Z',
  '_lastUpdated=ge2026-02-10T10:00:00',
  'authored=ge2026-01-01,lt2025-01-01',
  'occurrence=ge2026-01-01',
  'status=http://hl7.org/fhir/request-status|active',
  'code=a%5C,b',
];

test('legal words that the matcher gets wrong or answers in silence are asked of the server', () => {
  for (const query of SERVER) {
    const criteria = checkCriteria(`ServiceRequest?status=active&${query}`);
    assert.deepEqual([criteria.problems, criteria.askServer], [[], true], query);
    assert.equal(criteria.plain, 'ServiceRequest?', query);
  }
  assert.equal(checkCriteria('DocumentReference?description=x').askServer, true);
  assert.equal(checkCriteria('DocumentReference?relationship=x$y').askServer, true);
});

test('of a search that needs the server too, false is final and true means ask', () => {
  assert.equal(matchesCriteria(order, 'ServiceRequest?status=active&code:in=urn:vs'), true);
  assert.equal(matchesCriteria(order, 'ServiceRequest?status=draft&code:in=urn:vs'), false);
});

const REFUSED: [string, RegExp][] = [
  [
    'ServiceRequst?status=active',
    /one of DocumentReference, Media, ServiceRequest, Task.*did you mean "ServiceRequest"/,
  ],
  ['Patient?name=x', /^must begin with/],
  ['fhir/ServiceRequest?status=active', /^must begin with/],
  ['ServiceRequest?statuss=active', /"statuss" is no search parameter.*did you mean "status"/],
  ['ServiceRequest?Status=active', /did you mean "status"/],
  ['ServiceRequest?authoredOn=ge2026', /did you mean "authored"/],
  ['DocumentReference?code=x', /"code" is no search parameter of DocumentReference/],
  ['ServiceRequest?reason-code=x', /is no search parameter/],
  ['ServiceRequest?near=1|2', /"near" is no search parameter/],
  ['ServiceRequest?constructor=x', /"constructor" is no search parameter/],
  ['ServiceRequest?code:nott=x', /":nott" is no modifier of "code".*did you mean "not"/],
  ['ServiceRequest?code:exact=x', /":exact" is no modifier/],
  ['ServiceRequest?code:present=true', /":present" is no modifier/],
  ['ServiceRequest?subject:not=Patient/1', /":not" is no modifier/],
  ['ServiceRequest?specimen:Patient=1', /":Patient" is no modifier/],
  ['ServiceRequest?code:=x', /modifier/],
  ['ServiceRequest?code:missing=yes', /must be true or false/],
  ['ServiceRequest?status=', /"status" has no value/],
  ['ServiceRequest?status', /"status" has no value/],
  ['ServiceRequest?status=active,', /empty one in its list/],
  ['ServiceRequest?status=active&', /no value/],
  ['ServiceRequest?code=a|b|c', /is no token/],
  ['ServiceRequest?authored=yesterday', /is no date/],
  ['ServiceRequest?authored=ge2026-02-30', /is no date/],
  ['ServiceRequest?authored=ge2026-02-10T25:00:00Z', /is no date/],
  ['ServiceRequest?_lastUpdated=ge2026-02-10T10:00:00+01:00', /is no date.*%2B/],
  ['ServiceRequest?_count=5', /"_count" does not say what is ordered/],
  ['ServiceRequest?_sort=-authored', /does not say what is ordered/],
  ['ServiceRequest?code.text=x', /is no chain/],
  ['ServiceRequest?subjct.name=x', /did you mean "subject"/],
  ['ServiceRequest?_has:Task=x', /has not the form _has/],
  ['ServiceRequest?code=a?b', /a \? must be written %3F/],
  ['ServiceRequest?code=a#b', /a # must be written %23/],
  ['ServiceRequest?code=a b', /a space must be written %20/],
  ['ServiceRequest?code=%zz', /% stands without/],
];

test('typos and searches that say nothing are refused by name, with the nearest known word', () => {
  for (const [on, message] of REFUSED) {
    const { problems } = checkCriteria(on);
    assert.equal(problems.length, 1, on);
    assert.match(problems[0] ?? '', message, on);
    assert.throws(() => matchesCriteria(order, on), AdapterError, on);
  }
});

test('the status-free search has everything but the words of status', () => {
  const statusFree = (on: string) => checkCriteria(on).statusFree;
  assert.equal(
    statusFree('DocumentReference?status=current&type=http://loinc.org|11506-3'),
    'DocumentReference?type=http://loinc.org|11506-3',
  );
  assert.equal(statusFree('ServiceRequest?status:not=draft'), 'ServiceRequest?');
  assert.equal(statusFree('ServiceRequest'), 'ServiceRequest?');
  assert.equal(statusFree('Task?status=requested&business-status=x&code=a%7Cb'), 'Task?code=a%7Cb');
  assert.equal(
    statusFree('ServiceRequest?code:in=urn:vs&status=active&intent=order'),
    'ServiceRequest?code:in=urn:vs&intent=order',
  );
  assert.equal(
    checkCriteria('ServiceRequest?code:in=urn:vs&status=active&intent=order').plain,
    'ServiceRequest?intent=order',
  );
});

const word = fc.stringMatching(/^[a-z0-9-]{1,6}$/);
const coding = fc.record(
  { system: word.map((name) => `urn:${name}`), code: word, display: word },
  { requiredKeys: ['code'] },
);

test('any token search of a concept finds exactly what FHIR says', () => {
  fc.assert(
    fc.property(fc.array(coding, { maxLength: 3 }), coding, word, fc.boolean(), (codings, other, text, isNegated) => {
      const resource: ServiceRequest = { ...order, code: { coding: codings, text } };
      for (const { system, code } of [...codings, other]) {
        for (const [value, expected] of [
          [code, codings.some((each) => each.code === code)],
          [
            `${system ?? 'urn:none'}|${code}`,
            codings.some((each) => each.code === code && each.system === (system ?? 'urn:none')),
          ],
          [`${system ?? 'urn:none'}|`, codings.some((each) => each.system === (system ?? 'urn:none'))],
          [`|${code}`, codings.some((each) => each.code === code && each.system === undefined)],
        ] as const) {
          const on = `ServiceRequest?code${isNegated ? ':not' : ''}=${value}`;
          assert.equal(matchesCriteria(resource, on), expected !== isNegated, on);
        }
      }
    }),
  );
});

test('any text is either a usable search or has problems; checking and matching agree', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'ServiceRequest',
      '?',
      '&',
      '=',
      'code',
      'status',
      ':not',
      ':',
      '|',
      ',',
      'ge2026',
      '.',
      '_has',
      '%',
      '#',
      '__proto__',
    ),
    fc.string({ maxLength: 4, unit: 'binary' }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => `ServiceRequest?${pieces.join('')}`),
      (on) => {
        const { problems, statusFree, plain } = checkCriteria(on);
        if (problems.length > 0) {
          assert.throws(() => matchesCriteria(order, on), AdapterError);
        } else {
          assert.equal(typeof matchesCriteria(order, on), 'boolean');
          assert.deepEqual([checkCriteria(statusFree).problems, checkCriteria(plain).problems], [[], []]);
          assert.equal(checkCriteria(plain).askServer, false);
        }
      },
    ),
    { numRuns: 250 },
  );
});
