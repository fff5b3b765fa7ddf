/** A slide order as the fhir room reads it. */
import { readFileSync } from 'node:fs';
import type { ServiceRequest, Specimen } from '@medplum/fhirtypes';
import type { OrderInput } from '../../../src/vendors/contract.ts';

/** A real SVS file of 2,048 by 1,536 pixels. */
export const SVS = new Uint8Array(readFileSync(new URL('../../../sandbox/examples/slide.svs', import.meta.url)));
export const REFERENCE = 'DocumentReference/slide';

export const LUNG_CANCER = { coding: [{ system: 'http://snomed.info/sct', code: '254637007' }] };
export const LUNG = { coding: [{ system: 'http://snomed.info/sct', code: '39607008' }] };

export function slideInput(number = 1, more: Partial<OrderInput> = {}): OrderInput {
  return {
    name: `slide/00${number}`,
    kind: 'slide',
    contentType: 'image/tiff',
    sha256: String(number).repeat(64),
    size: SVS.length,
    date: '2026-11-20',
    reference: REFERENCE,
    place: 'content/0',
    slide: {
      format: 'svs',
      mediaType: 'image/tiff',
      size: SVS.length,
      width: 2048,
      height: 1536,
      resolution: 0.25,
      extension: [],
      specimen: 'Specimen/s1',
    },
    ...more,
  };
}

export const specimen: Specimen = {
  resourceType: 'Specimen',
  id: 's1',
  collection: { collectedDateTime: '2026-11-18T08:30:00Z', bodySite: LUNG },
};

export function serviceRequest(id: string, more: Partial<ServiceRequest> = {}): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id,
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p1' },
    reasonCode: [LUNG_CANCER],
    specimen: [{ reference: 'Specimen/s1' }],
    meta: { versionId: '1', lastUpdated: '2026-11-22T09:00:00Z' },
    ...more,
  };
}
