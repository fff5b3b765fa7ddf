/** The example order of a coded note: a patient, her doctor, the visit, and the note whose arrival orders the coding. */
import { createHash } from 'node:crypto';
import type { DocumentReference, Encounter, Meta, Patient, Practitioner, Resource } from '@medplum/fhirtypes';
import { NOTE_TEXT } from './note-text.ts';

/** Says that this is nobody's health data. */
const TEST_DATA: Meta = {
  security: [
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST', display: 'test health data' },
  ],
};

const patient: Patient = {
  resourceType: 'Patient',
  id: 'example-patient',
  meta: TEST_DATA,
  identifier: [{ system: 'urn:oid:2.16.840.1.113883.2.4.99.1', value: 'EX-20417' }],
  active: true,
  name: [{ use: 'official', family: 'Lefèvre-Müller', given: ['Noémie', 'Ángela'] }],
  gender: 'female',
  birthDate: '1958-04-23',
  address: [{ line: ['Rue de l’Église 12'], city: 'Liège', postalCode: '4000', country: 'BE' }],
};

const practitioner: Practitioner = {
  resourceType: 'Practitioner',
  id: 'example-practitioner',
  meta: TEST_DATA,
  identifier: [{ system: 'urn:oid:2.16.840.1.113883.2.4.99.2', value: 'EX-D-311' }],
  active: true,
  name: [{ use: 'official', family: 'Peeters', given: ['Zoë'], prefix: ['Dr'] }],
};

const encounter: Encounter = {
  resourceType: 'Encounter',
  id: 'example-encounter',
  meta: TEST_DATA,
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' },
  subject: { reference: 'Patient/example-patient' },
  participant: [{ individual: { reference: 'Practitioner/example-practitioner' } }],
  period: { start: '2026-11-19T14:00:00+01:00', end: '2026-11-19T14:35:00+01:00' },
};

function document(): DocumentReference {
  const bytes = Buffer.from(NOTE_TEXT, 'utf8');
  return {
    resourceType: 'DocumentReference',
    id: 'example-document',
    meta: TEST_DATA,
    status: 'current',
    docStatus: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '11506-3', display: 'Progress note' }] },
    category: [
      {
        coding: [
          {
            system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
            code: 'clinical-note',
            display: 'Clinical Note',
          },
        ],
      },
    ],
    subject: { reference: 'Patient/example-patient' },
    date: '2026-11-19T14:40:00+01:00',
    author: [{ reference: 'Practitioner/example-practitioner' }],
    description: 'Cardiology progress note',
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          language: 'en',
          data: bytes.toString('base64'),
          size: bytes.length,
          hash: createHash('sha1').update(bytes).digest('base64'),
          title: 'Progress note',
          creation: '2026-11-19T14:40:00+01:00',
        },
      },
    ],
    context: {
      encounter: [{ reference: 'Encounter/example-encounter' }],
      practiceSetting: {
        coding: [{ system: 'http://snomed.info/sct', code: '394579002', display: 'Cardiology (qualifier value)' }],
      },
    },
  };
}

/** The example's resources in the order in which they can be created; their ids and references are the example's own. */
export function exampleNote(): Resource[] {
  return structuredClone([patient, practitioner, encounter, document()]);
}
