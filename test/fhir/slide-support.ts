/** Orders that are done with slides, and how they are read. */

import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Endpoint, ImagingStudy, Resource } from '@medplum/fhirtypes';
import { readOrder } from '../../src/fhir/inputs.ts';
import { openSlide } from '../../src/fhir/open-slide.ts';
import type { FhirClient, OrderReading, ReadOrder } from '../../src/fhir/types.ts';
import type { SlideSource } from '../../src/slides/types.ts';
import type { OrderInput } from '../../src/vendors/contract.ts';
import { document, media, patient } from './picture-support.ts';
import { type ReadingServer, readingServer } from './reading-client.ts';

/** A real SVS file of 2,048 by 1,536 pixels. */
export const SVS = new Uint8Array(readFileSync(new URL('../../sandbox/examples/slide.svs', import.meta.url)));
/** The same, larger than what is read of a file that is only to be had whole. */
export const LARGE = new Uint8Array(Buffer.concat([SVS, Buffer.alloc(20 * 1024 * 1024, 1)]));

export const slideMedia = (id: string, more: Parameters<typeof media>[1] = {}) =>
  media(id, { content: { contentType: 'image/tiff', url: `Binary/${id}` }, ...more });
export const slideDocument = (id: string, more: Parameters<typeof document>[1] = {}) =>
  document(id, { content: [{ attachment: { contentType: 'image/tiff', url: `Binary/${id}` } }], ...more });

export const endpoint: Endpoint = {
  resourceType: 'Endpoint',
  id: 'archive',
  status: 'active',
  connectionType: { system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type', code: 'dicom-wado-rs' },
  payloadType: [{ text: 'DICOM' }],
  address: 'https://ehr.example/dicomweb/',
};

/** A study of one series; `instances` are the last numbers of their UIDs. */
export function study(id: string, instances: string[], more: Partial<ImagingStudy> = {}): ImagingStudy {
  return {
    resourceType: 'ImagingStudy',
    id,
    status: 'available',
    subject: { reference: 'Patient/p' },
    started: '2026-11-20T09:00:00Z',
    identifier: [{ system: 'urn:dicom:uid', value: 'urn:oid:1.2.3' }],
    modality: [{ code: 'SM' }],
    endpoint: [{ reference: 'Endpoint/archive' }],
    series: [
      {
        uid: '1.2.3.4',
        modality: { code: 'SM' },
        specimen: [{ reference: 'Specimen/1' }],
        instance: instances.map((number) => ({
          uid: `1.2.3.4.${number}`,
          sopClass: { code: 'urn:oid:1.2.840.10008.5.1.4.1.1.77.1.6' },
        })),
      },
    ],
    ...more,
  };
}

export const instanceUrl = (number: string) =>
  `https://ehr.example/dicomweb/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.${number}`;

/** A server whose files are all the SVS, unless they are set to something else. */
export function slideServer(resources: Resource[], searchable = true): ReadingServer {
  const server = readingServer([patient, ...resources], { searchable });
  const urls = new Set(JSON.stringify(resources).match(/Binary\/[\w-]+/g));
  for (const [index, url] of [...urls].entries()) {
    server.files.set(url, { bytes: SVS, contentType: 'image/tiff', version: `"${index}"` });
  }
  return server;
}

/** The order `ServiceRequest/s`, or another, as it is read for a vendor of slides. */
export async function readSlideOrder(
  client: FhirClient,
  more: Partial<Parameters<ReadOrder>[1]> = {},
): Promise<OrderReading> {
  const order = { type: 'ServiceRequest', id: 's', needs: ['slide' as const], acceptMissingDocStatus: true };
  const reading = await readOrder(client, { ...order, ...more });
  if (!reading) {
    throw new Error('There is no such order');
  }
  return reading;
}

export async function theSlide(client: FhirClient): Promise<OrderInput> {
  const { inputs, refusal } = await readSlideOrder(client);
  const [input] = inputs;
  if (!input) {
    throw new Error(`The order has no slide: ${refusal?.text}`);
  }
  return input;
}

export const opened = (
  client: FhirClient,
  input: OrderInput,
  hosts: readonly string[] = [],
  now = new Date('2026-11-25T10:00:00Z'),
): Promise<SlideSource> => openSlide(client, input, { hosts, now: () => now });

export const bytesOf = (body: Readable): Promise<Buffer> => buffer(body);
