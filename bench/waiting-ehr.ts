/** An EHR of slide orders that takes no time: each order is the sandbox's example, and what is written is forgotten. */
import type { Patient, ServiceRequest, Specimen } from '@medplum/fhirtypes';
import { z } from 'zod';
import { exampleSlide } from '../sandbox/examples/slide.ts';
import type { OrderReading } from '../src/fhir/types.ts';
import type { Ehr } from '../src/orders/site.ts';
import { streamOfBytes } from '../src/streams.ts';

const attached = z.object({ content: z.tuple([z.object({ attachment: z.object({ data: z.string() }) })]) });

/** Of the example, what an order is made of. */
function example(): { patient: Patient; specimen: Specimen; order: ServiceRequest; bytes: Buffer } {
  const resources = exampleSlide();
  const patient = resources.find((one) => one.resourceType === 'Patient');
  const specimen = resources.find((one) => one.resourceType === 'Specimen');
  const order = resources.find((one) => one.resourceType === 'ServiceRequest');
  const { content } = attached.parse(resources.find((one) => one.resourceType === 'DocumentReference'));
  if (!patient || !specimen || !order) {
    throw new Error('The example of a slide is not complete');
  }
  return { patient, specimen, order, bytes: Buffer.from(content[0].attachment.data, 'base64') };
}

/** Any `ServiceRequest/<id>` stands in it. */
export function waitingEhr(): Ehr {
  const { patient, specimen, order, bytes } = example();
  const readOrder = async ({ id }: { id: string }): Promise<OrderReading> => {
    const focus: ServiceRequest = { ...order, id, meta: { versionId: '1', lastUpdated: '2026-11-22T09:00:00Z' } };
    return {
      ...{ focus, ordering: focus, patient, specimens: [specimen], replaces: [] },
      ...{ version: '1', subject: `Patient/${patient.id}`, signature: id },
      inputs: [
        {
          name: 'slide/001',
          kind: 'slide',
          contentType: 'image/tiff',
          sha256: '0'.repeat(64),
          size: bytes.length,
          reference: 'DocumentReference/example-slide',
          slide: {
            ...{ format: 'svs', mediaType: 'image/tiff', size: bytes.length, width: 2048, height: 1536 },
            ...{ resolution: 0.25, extension: [], specimen: `Specimen/${specimen.id}` },
          },
        },
      ],
    };
  };
  const taskOf = (key: string) => ({ type: 'Task', id: key.replaceAll(/[^A-Za-z0-9]/g, '-'), version: '1' });
  return {
    readOrder,
    openPicture: () => Promise.reject(new Error('There is no picture')),
    openSlide: async () => ({
      readAt: async (offset, length) => bytes.subarray(offset, offset + length),
      readsAnywhere: async () => true,
      part: async (start, end) => ({ body: streamOfBytes(bytes.subarray(start, end)), end }),
      url: () => undefined,
    }),
    saveTask: async ({ key }) => taskOf(key),
    lookAtTask: async () => undefined,
    handOver: async () => {},
    retract: async ({ task }) => ({ ...NOTHING, task: taskOf(task.key) }),
    publish: async ({ task }) => ({ ...NOTHING, task: taskOf(task.key) }),
  };
}

const NOTHING = { written: [], leftOut: [], leftAlone: [], holders: [] };
