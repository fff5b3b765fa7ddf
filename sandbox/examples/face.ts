/** The example order of a skin analysis: the patient's consent, a photo of the face, and the request for its analysis. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Consent, Media, Patient, Practitioner, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { exampleNote } from './note.ts';

const PHOTO = new URL('./face-front.jpg', import.meta.url);
/** When the camera says that it was taken. */
const TAKEN = '2026-11-20T10:05:00+01:00';

/** The code of the order; no code system has one for it. */
export const FACE_ORDER = { system: 'urn:fhir-ai-adapter:sandbox', code: 'facial-skin-analysis' } as const;

const byType = <T extends Resource>(type: T['resourceType']): T => {
  const found = exampleNote().find((resource): resource is T => resource.resourceType === type);
  if (!found) {
    throw new Error(`The example note has no ${type}`);
  }
  return found;
};

function dermatologist(): Practitioner {
  return {
    ...byType<Practitioner>('Practitioner'),
    id: 'example-dermatologist',
    identifier: [{ system: 'urn:oid:2.16.840.1.113883.2.4.99.2', value: 'EX-D-417' }],
    name: [{ use: 'official', family: 'Dubois', given: ['Éloïse'], prefix: ['Dr'] }],
  };
}

function consent({ id, meta }: Patient): Consent {
  const act = (code: string) => ({
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentaction', code }],
  });
  return {
    resourceType: 'Consent',
    id: 'example-consent',
    ...(meta && { meta }),
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0', display: 'Consent Document' }] }],
    patient: { reference: `Patient/${id}` },
    dateTime: '2026-11-20T09:50:00+01:00',
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
    provision: {
      type: 'permit',
      period: { start: '2026-11-20' },
      action: ['access', 'use', 'disclose'].map(act),
      purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT', display: 'treatment' }],
    },
  };
}

function photo({ id, meta }: Patient, operator: Practitioner): Media {
  const bytes = readFileSync(PHOTO);
  return {
    resourceType: 'Media',
    id: 'example-face',
    ...(meta && { meta }),
    status: 'completed',
    type: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/media-type', code: 'image', display: 'Image' }],
    },
    view: {
      coding: [{ system: 'http://snomed.info/sct', code: '255549009', display: 'Anterior' }],
      text: 'front',
    },
    subject: { reference: `Patient/${id}` },
    createdDateTime: TAKEN,
    operator: { reference: `Practitioner/${operator.id}` },
    bodySite: { coding: [{ system: 'http://snomed.info/sct', code: '89545001', display: 'Face structure' }] },
    content: {
      contentType: 'image/jpeg',
      data: bytes.toString('base64'),
      size: bytes.length,
      hash: createHash('sha1').update(bytes).digest('base64'),
      title: 'Face, front',
      creation: TAKEN,
    },
  };
}

function order({ id, meta }: Patient, requester: Practitioner): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: 'example-skin-analysis',
    ...(meta && { meta }),
    status: 'active',
    intent: 'order',
    priority: 'routine',
    category: [{ coding: [{ system: 'http://snomed.info/sct', code: '363679005', display: 'Imaging' }] }],
    code: {
      coding: [{ ...FACE_ORDER, display: 'Facial skin image analysis' }],
      text: 'Facial skin image analysis',
    },
    subject: { reference: `Patient/${id}` },
    authoredOn: '2026-11-20T10:10:00+01:00',
    requester: { reference: `Practitioner/${requester.id}` },
    supportingInfo: [{ reference: 'Media/example-face' }],
  };
}

/**
 * The example's resources in the order in which they can be created; their ids and references are the example's own. The
 * patient is the one of the note.
 */
export function exampleFace(): Resource[] {
  const patient = byType<Patient>('Patient');
  const doctor = dermatologist();
  return [patient, doctor, consent(patient), photo(patient, doctor), order(patient, doctor)];
}
