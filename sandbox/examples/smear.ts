/** The example order of a blood smear: a patient, the doctor, the sample, the scanner and its picture, and the order. */
import { readFileSync } from 'node:fs';
import type { Device, Media, Meta, Resource, ServiceRequest, Specimen } from '@medplum/fhirtypes';
import { exampleNote } from './note.ts';

/** Says that this is nobody's health data. */
const TEST_DATA: Meta = {
  security: [
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST', display: 'test health data' },
  ],
};

/** Pixels across a red cell of the picture, as scripts/draw-smear.ts draws them. */
const RED_CELL = 84;
const PATIENT = { reference: 'Patient/example-patient' };
const PRACTITIONER = { reference: 'Practitioner/example-practitioner' };
const COLLECTED = '2026-11-21T08:15:00+01:00';

const specimen: Specimen = {
  resourceType: 'Specimen',
  id: 'example-specimen',
  meta: TEST_DATA,
  status: 'available',
  type: { coding: [{ system: 'http://snomed.info/sct', code: '119297000', display: 'Blood specimen' }] },
  subject: PATIENT,
  collection: { collectedDateTime: COLLECTED },
};

const scanner: Device = {
  resourceType: 'Device',
  id: 'example-scanner',
  meta: TEST_DATA,
  status: 'active',
  deviceName: [{ name: 'Example slide scanner', type: 'user-friendly-name' }],
};

function picture(): Media {
  const bytes = readFileSync(new URL('./smear.jpg', import.meta.url));
  return {
    resourceType: 'Media',
    id: 'example-smear',
    meta: TEST_DATA,
    // No element of FHIR carries it, and a wrong value spoils the vendor's results without a word.
    extension: [{ url: 'urn:fhir-ai-adapter:rbc-diameter', valueDecimal: RED_CELL }],
    status: 'completed',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/media-type', code: 'image' }] },
    subject: PATIENT,
    createdDateTime: '2026-11-21T09:40:00+01:00',
    device: { reference: 'Device/example-scanner' },
    width: 1200,
    height: 900,
    content: {
      contentType: 'image/jpeg',
      data: bytes.toString('base64'),
      size: bytes.length,
      title: 'Peripheral blood smear, one field',
      creation: '2026-11-21T09:40:00+01:00',
    },
  };
}

const order: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 'example-smear-order',
  meta: TEST_DATA,
  status: 'active',
  intent: 'order',
  category: [
    { coding: [{ system: 'http://snomed.info/sct', code: '108252007', display: 'Laboratory procedure (procedure)' }] },
  ],
  code: {
    coding: [
      {
        system: 'http://loinc.org',
        code: '5909-7',
        display: 'Blood smear finding [Identifier] in Blood by Light microscopy',
      },
    ],
    text: 'Reading of a peripheral blood smear',
  },
  subject: PATIENT,
  authoredOn: '2026-11-21T09:45:00+01:00',
  requester: PRACTITIONER,
  supportingInfo: [{ reference: 'Media/example-smear' }],
  specimen: [{ reference: 'Specimen/example-specimen' }],
};

/** The example's resources in the order in which they can be created; their ids and references are the example's own. */
export function exampleSmear(): Resource[] {
  const people = exampleNote().filter(
    ({ resourceType }) => resourceType === 'Patient' || resourceType === 'Practitioner',
  );
  return [...people, ...structuredClone([specimen, scanner, picture(), order])];
}
