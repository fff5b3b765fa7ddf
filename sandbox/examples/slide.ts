/** The example order of a slide analysis: the tissue, the scanned slide that was cut from it, and the request. */
import { readFileSync } from 'node:fs';
import type { DocumentReference, Meta, Resource, ServiceRequest, Specimen } from '@medplum/fhirtypes';
import { exampleNote } from './note.ts';

/** Says that this is nobody's health data. */
const TEST_DATA: Meta = {
  security: [
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST', display: 'test health data' },
  ],
};

const SNOMED = 'http://snomed.info/sct';
const PATIENT = { reference: 'Patient/example-patient' };
const PRACTITIONER = { reference: 'Practitioner/example-practitioner' };

/** The code of the order; no code system has one for it. */
export const SLIDE_ORDER = { system: 'urn:fhir-ai-adapter:sandbox', code: 'he-tumour-microenvironment' } as const;

const specimen: Specimen = {
  resourceType: 'Specimen',
  id: 'example-tissue',
  meta: TEST_DATA,
  status: 'available',
  type: { coding: [{ system: SNOMED, code: '119376003', display: 'Tissue specimen' }] },
  subject: PATIENT,
  collection: {
    collectedDateTime: '2026-11-18T09:30:00+01:00',
    bodySite: { coding: [{ system: SNOMED, code: '39607008', display: 'Lung structure' }] },
  },
  processing: [
    {
      description: 'Formalin-fixed, paraffin-embedded, stained with H&E',
      procedure: { coding: [{ system: SNOMED, code: '104210008', display: 'Hematoxylin and eosin stain method' }] },
    },
  ],
};

function slide(): DocumentReference {
  const bytes = readFileSync(new URL('./slide.svs', import.meta.url));
  return {
    resourceType: 'DocumentReference',
    id: 'example-slide',
    meta: TEST_DATA,
    status: 'current',
    docStatus: 'final',
    type: { text: 'Whole-slide image' },
    subject: PATIENT,
    date: '2026-11-19T14:20:00+01:00',
    content: [
      {
        attachment: {
          contentType: 'image/tiff',
          data: bytes.toString('base64'),
          size: bytes.length,
          title: 'slide.svs',
          creation: '2026-11-19T14:20:00+01:00',
        },
      },
    ],
    context: { related: [{ reference: 'Specimen/example-tissue' }] },
  };
}

const order: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 'example-slide-order',
  meta: TEST_DATA,
  status: 'active',
  intent: 'order',
  category: [{ coding: [{ system: SNOMED, code: '108252007', display: 'Laboratory procedure (procedure)' }] }],
  code: {
    coding: [{ ...SLIDE_ORDER, display: 'H&E tumour microenvironment analysis' }],
    text: 'Analysis of the tumour microenvironment on a slide',
  },
  subject: PATIENT,
  authoredOn: '2026-11-19T15:00:00+01:00',
  requester: PRACTITIONER,
  reasonCode: [{ coding: [{ system: SNOMED, code: '254637007', display: 'Non-small cell lung cancer' }] }],
  supportingInfo: [{ reference: 'DocumentReference/example-slide' }],
  specimen: [{ reference: 'Specimen/example-tissue' }],
};

/** The example's resources in the order in which they can be created; their ids and references are the example's own. */
export function exampleSlide(): Resource[] {
  const people = exampleNote().filter(
    ({ resourceType }) => resourceType === 'Patient' || resourceType === 'Practitioner',
  );
  return [...people, ...structuredClone([specimen, slide(), order])];
}
