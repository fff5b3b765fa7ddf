/** The example order of a cohort: the people it is to be of, a kind and nobody in particular, and what is asked for. */
import type { Group, Meta, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { exampleNote } from './note.ts';

/** Says that this is nobody's health data. */
const TEST_DATA: Meta = {
  security: [
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST', display: 'test health data' },
  ],
};

const SNOMED = 'http://snomed.info/sct';

/** The code of the order; no code system has one for it. */
export const COHORT_ORDER = { system: 'urn:fhir-ai-adapter:sandbox', code: 'research-cohort' } as const;

const people: Group = {
  resourceType: 'Group',
  id: 'example-people',
  meta: TEST_DATA,
  active: true,
  type: 'person',
  // A kind of people: whom it will be of is not known before it is bought.
  actual: false,
  name: 'Women of 40 to 75 years with invasive ductal carcinoma of the breast',
};

const order: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 'example-cohort-order',
  meta: TEST_DATA,
  // What no element of FHIR says of the cases.
  extension: [
    {
      url: 'urn:fhir-ai-adapter:cohort-criteria',
      extension: [
        { url: 'stain', valueString: 'ER' },
        { url: 'ageMin', valueInteger: 40 },
        { url: 'ageMax', valueInteger: 75 },
        { url: 'gender', valueCode: 'female' },
        { url: 'cases', valueInteger: 10 },
      ],
    },
  ],
  status: 'active',
  intent: 'order',
  code: {
    coding: [{ ...COHORT_ORDER, display: 'Research cohort of pathology cases' }],
    text: 'Research cohort of pathology cases',
  },
  orderDetail: [{ coding: [{ system: SNOMED, code: '104210008', display: 'Hematoxylin and eosin stain method' }] }],
  subject: { reference: 'Group/example-people' },
  authoredOn: '2026-11-20T16:30:00+01:00',
  requester: { reference: 'Practitioner/example-practitioner' },
  bodySite: [{ coding: [{ system: SNOMED, code: '76752008', display: 'Breast structure' }] }],
  reasonCode: [
    {
      coding: [{ system: SNOMED, code: '408643008', display: 'Infiltrating duct carcinoma of breast' }],
      text: 'Invasive ductal carcinoma',
    },
  ],
};

/** The example's resources in the order in which they can be created; their ids and references are the example's own. */
export function exampleCohort(): Resource[] {
  const doctors = exampleNote().filter(({ resourceType }) => resourceType === 'Practitioner');
  return [...doctors, ...structuredClone([people, order])];
}
