/** What a cohort order asks for, in each way of saying it, and which orders are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodeableConcept, Extension, ServiceRequest } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { isRefusal } from '../../../src/vendors/contract.ts';
import { CRITERIA_EXTENSION, CRITERION_SYSTEM, criteriaOf } from '../../../src/vendors/histai/criteria.ts';
import type { FixedCriteria } from '../../../src/vendors/histai/criteria-types.ts';

const request = (more: Partial<ServiceRequest>): ServiceRequest => ({
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/1' },
  ...more,
});
const criteria = (extension: Extension[]): Extension[] => [{ url: CRITERIA_EXTENSION, extension }];
const detail = (code: string, text: string): CodeableConcept => ({
  coding: [{ system: CRITERION_SYSTEM, code }],
  text,
});
const read = (more: Partial<ServiceRequest>, options: FixedCriteria = {}) =>
  criteriaOf({ focus: request(more), options });
const term = (...words: string[]) => ({ words, snomed: [], icd10: [] });
const NOTHING = {
  organ: [],
  diagnosis: [],
  stain: [],
  marker: [],
  age: undefined,
  gender: undefined,
  malignant: undefined,
  cases: undefined,
  slidesPerCase: undefined,
};

function refusal(more: Partial<ServiceRequest>, options: FixedCriteria = {}): string {
  const told = read(more, options);
  assert.ok(isRefusal(told), JSON.stringify(told));
  assert.equal(told.refuse.code, 'order-incomplete');
  return told.refuse.text;
}

const WHOLE = { ...NOTHING, age: [40, 60], gender: 'f', malignant: true, cases: 25, slidesPerCase: 2 };

test('an extension and order details say the same in their own ways', () => {
  const asked = {
    ...WHOLE,
    organ: [term('Breast')],
    diagnosis: [term('Invasive ductal carcinoma')],
    stain: [term('H&E'), term('HER2')],
    marker: [term('ER')],
  };
  const extension = criteria([
    { url: 'organ', valueCodeableConcept: { text: 'Breast' } },
    { url: 'diagnosis', valueString: ' Invasive  ductal carcinoma ' },
    { url: 'stain', valueString: 'H&E' },
    { url: 'stain', valueCode: 'HER2' },
    { url: 'marker', valueCoding: { code: 'ER' } },
    { url: 'ageMin', valueInteger: 40 },
    { url: 'ageMax', valueUnsignedInt: 60 },
    {
      url: 'gender',
      valueCoding: { system: 'http://hl7.org/fhir/administrative-gender', code: 'female', display: 'F.' },
    },
    { url: 'malignant', valueBoolean: true },
    { url: 'cases', valuePositiveInt: 25 },
    { url: 'slidesPerCase', valueDecimal: 2 },
  ]);
  assert.deepEqual(read({ extension }), asked);
  const orderDetail = [
    detail('organ', 'Breast'),
    detail('diagnosis', 'Invasive ductal carcinoma'),
    { coding: [{ system: 'http://snomed.info/sct', code: '104210008' }] },
    detail('stain', 'HER2'),
    detail('marker', 'ER'),
    detail('ageMin', '40'),
    detail('ageMax', '60'),
    detail('gender', 'Female'),
    detail('malignant', 'true'),
    detail('cases', '25'),
    detail('slidesPerCase', '2'),
  ];
  assert.deepEqual(read({ orderDetail }), asked);
});

test('body site and reason are asked for where nothing is said of organ and diagnosis', () => {
  const own: Partial<ServiceRequest> = {
    bodySite: [{ coding: [{ system: 'http://snomed.info/sct', code: '15497006' }] }],
    reasonCode: [{ coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'c56', display: 'Ovarian cancer' }] }],
  };
  assert.deepEqual(read(own), {
    ...NOTHING,
    organ: [{ words: [], snomed: ['15497006'], icd10: [] }],
    diagnosis: [{ words: ['Ovarian cancer'], snomed: [], icd10: ['C56'] }],
  });
  const both = { ...own, orderDetail: [detail('organ', 'Lung')] };
  assert.deepEqual(read(both), {
    ...NOTHING,
    organ: [term('Lung')],
    diagnosis: [{ words: ['Ovarian cancer'], snomed: [], icd10: ['C56'] }],
  });
});

test('what the route fixes goes before the order, and of sizes the smaller counts', () => {
  const orderDetail = [detail('organ', 'Lung'), detail('ageMin', '90'), detail('gender', 'f'), detail('cases', '5')];
  const fixed: FixedCriteria = { organ: ['Breast'], stains: ['H&E'], age: [18, 30], gender: 'm', malignant: false };
  const asked = {
    ...NOTHING,
    organ: [term('Breast')],
    stain: [term('H&E')],
    age: [18, 30],
    gender: 'm',
    malignant: false,
  };
  assert.deepEqual(read({ orderDetail }, { ...fixed, cases: 50 }), { ...asked, cases: 5 });
  assert.deepEqual(read({ orderDetail }, { ...fixed, cases: 3 }), { ...asked, cases: 3 });
});

test('an age band may be open at one end', () => {
  assert.deepEqual(read({ orderDetail: [detail('ageMin', '65')] }), { ...NOTHING, age: [65, 120] });
  assert.deepEqual(read({ orderDetail: [detail('ageMax', '0')] }), { ...NOTHING, age: [0, 0] });
});

const REFUSED: [Partial<ServiceRequest>, RegExp][] = [
  [{}, /does not say what cases are wanted/],
  [{ orderDetail: [detail('cases', '20')] }, /does not say what cases are wanted/],
  [{ orderDetail: [detail('ageMin', '121')] }, /lowest age is not a whole number from 0 to 120/],
  [{ orderDetail: [detail('ageMax', '-1')] }, /highest age is not/],
  [{ orderDetail: [detail('ageMin', '40.5')] }, /lowest age is not/],
  [{ orderDetail: [detail('ageMin', '60'), detail('ageMax', '40')] }, /lowest age is above the highest/],
  [{ orderDetail: [detail('gender', 'f'), detail('gender', 'm')] }, /more than one gender/],
  [{ orderDetail: [detail('gender', 'constructor')] }, /gender is not one of m, male, f, female/],
  [
    { orderDetail: [detail('organ', 'Lung'), detail('cases', '0')] },
    /number of cases is not a whole number from 1 to 10000/,
  ],
  [{ orderDetail: [detail('organ', 'Lung'), detail('cases', '10001')] }, /number of cases is not/],
  [{ orderDetail: [detail('malignant', 'perhaps')] }, /statement on malignancy is not one of true, false/],
  [{ orderDetail: [detail('scanner', 'Aperio')] }, /a detail that is no criterion/],
  [{ orderDetail: [{ text: 'only HER2 3+ please' }] }, /a detail that is no criterion/],
  [{ extension: criteria([{ url: 'scanner', valueString: 'Aperio' }]) }, /criterion that is not known/],
  [{ extension: criteria([{ url: 'organ' }]) }, /does not give its organ/],
  [{ extension: [{ url: CRITERIA_EXTENSION, valueString: 'Lung' }] }, /extension cannot be read/],
  [{ reasonCode: [{ text: 'a'.repeat(201) }] }, /does not give its diagnosis as a term of up to 200 characters/],
  [{ reasonCode: [{ coding: [{ system: 'http://snomed.info/sct', code: '1' }] }] }, /does not give its diagnosis/],
  [{ bodySite: [{}] }, /does not give its organ/],
  [{ bodySite: Array(51).fill({ text: 'Lung' }) }, /more than 50/],
  [
    { orderDetail: [detail('stain', 'H&E'), detail('stain', 'HER2'), detail('slidesPerCase', '1')] },
    /fewer slides per case than it names stains/,
  ],
];

for (const [order, words] of REFUSED) {
  test(`refused: ${words.source}: ${JSON.stringify(order).slice(0, 80)}`, () => {
    assert.match(refusal(order), words);
  });
}

test('all that is wrong is told at once, and never in the words of the order', () => {
  const orderDetail = [detail('ageMin', 'Jane Doe'), detail('gender', 'Jane Doe'), detail('Jane Doe', 'x')];
  const told = refusal({ orderDetail, reasonCode: [{ text: `Jane Doe ${'x'.repeat(200)}` }] });
  assert.match(told, /lowest age.*gender/);
  assert.match(told, /diagnosis/);
  assert.doesNotMatch(told, /Jane/);
});

test('an order of another type, and an extension of somebody else', () => {
  const told = criteriaOf({ focus: { resourceType: 'Basic', code: {} }, options: { organ: ['Lung'] } });
  assert.ok(isRefusal(told));
  assert.match(told.refuse.text, /not a ServiceRequest/);
  const extension = [{ url: 'urn:other', extension: [{ url: 'organ', valueString: 'Lung' }] }];
  assert.deepEqual(read({ extension, bodySite: [{ text: 'Breast' }] }), { ...NOTHING, organ: [term('Breast')] });
});

const loose = fc.jsonValue({ maxDepth: 3 });
const name = fc.constantFrom('organ', 'stain', 'ageMin', 'ageMax', 'cases', 'gender', 'malignant', '__proto__', 'x');
const small = fc.oneof(fc.string(), fc.integer({ min: -5, max: 200 }).map(String), fc.constantFrom('f', 'true', 'H&E'));
const coding = fc.record(
  {
    system: fc.constantFrom(CRITERION_SYSTEM, 'http://snomed.info/sct', 'x'),
    code: fc.oneof(name, small),
    display: small,
  },
  { requiredKeys: [] },
);
const concept = fc.oneof(
  fc.record({ text: small, coding: fc.array(coding, { maxLength: 3 }) }, { requiredKeys: [] }),
  loose,
);
const simple = fc.record(
  { url: name, valueString: small, valueInteger: fc.oneof(fc.double(), fc.nat(200)), valueCodeableConcept: concept },
  { requiredKeys: ['url'] },
);
const extension = fc.record({ url: fc.constant(CRITERIA_EXTENSION), extension: fc.array(simple, { maxLength: 5 }) });
const list = fc.oneof({ weight: 5, arbitrary: fc.array(concept, { maxLength: 4 }) }, { weight: 1, arbitrary: loose });
const resource = fc.record(
  {
    resourceType: fc.constant('ServiceRequest'),
    bodySite: list,
    reasonCode: list,
    orderDetail: list,
    extension: fc.oneof(fc.array(fc.oneof(extension, loose), { maxLength: 3 }), loose),
  },
  { requiredKeys: ['resourceType'] },
);

test('whatever the order looks like, it gives sound criteria or a refusal', () => {
  fc.assert(
    fc.property(fc.oneof(resource, loose), (focus) => {
      // Outside data keeps no promise of its type.
      const told = criteriaOf({ focus: focus as ServiceRequest, options: {} });
      if (isRefusal(told)) {
        assert.ok(told.refuse.text.length > 10);
        return;
      }
      const { age, cases, organ, diagnosis, stain, marker, gender, malignant } = told;
      assert.ok(!age || (age[0] >= 0 && age[0] <= age[1] && age[1] <= 120));
      assert.ok(cases === undefined || (Number.isInteger(cases) && cases >= 1 && cases <= 10_000));
      const terms = [...organ, ...diagnosis, ...stain, ...marker];
      assert.ok(terms.every(({ words, snomed, icd10 }) => words.length + snomed.length + icd10.length > 0));
      assert.ok(terms.length > 0 || age || gender || malignant !== undefined);
    }),
    { numRuns: 500 },
  );
});
