/** Small pictures, and orders that are done with them. */
import type { DocumentReference, Media, Patient, ServiceRequest } from '@medplum/fhirtypes';
import sharp from 'sharp';
import { readOrder } from '../../src/fhir/inputs.ts';
import type { FhirClient, OrderReading, ReadOrder } from '../../src/fhir/types.ts';
import { PICTURE_TYPES, type PictureLimits } from '../../src/pictures/types.ts';

export const LIMITS: PictureLimits = { types: PICTURE_TYPES, most: 500, largest: 1024 * 1024 };

const blank = (red: number) =>
  sharp({ create: { width: 8, height: 6, channels: 3, background: { r: red, g: 80, b: 40 } } });

/** Bytes that differ for each `red` in 0 to 255. */
export const jpeg = async (red = 200): Promise<Uint8Array> => new Uint8Array(await blank(red).jpeg().toBuffer());
export const png = async (red = 200): Promise<Uint8Array> => new Uint8Array(await blank(red).png().toBuffer());
/** Lies on its side, says where it was taken by whom. */
export const turnedJpeg = async (): Promise<Uint8Array> =>
  new Uint8Array(
    await blank(120)
      .withExif({ IFD0: { Artist: 'Dr Secret' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer(),
  );

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const patient: Patient = { resourceType: 'Patient', id: 'p' };
const subject = { reference: 'Patient/p' };

export function media(id: string, more: Partial<Media> = {}): Media {
  return {
    resourceType: 'Media',
    id,
    status: 'completed',
    subject,
    createdDateTime: '2026-11-20T09:00:00Z',
    content: { contentType: 'image/jpeg', url: `Binary/${id}` },
    ...more,
  };
}

export function document(id: string, more: Partial<DocumentReference> = {}): DocumentReference {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    docStatus: 'final',
    subject,
    date: '2026-11-21T09:00:00Z',
    content: [{ attachment: { contentType: 'image/jpeg', url: `Binary/${id}` } }],
    ...more,
  };
}

export function request(named: string[] = [], more: Partial<ServiceRequest> = {}): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: 's',
    status: 'active',
    intent: 'order',
    subject,
    ...(named.length > 0 && { supportingInfo: named.map((reference) => ({ reference })) }),
    ...more,
  };
}

/** The order `ServiceRequest/s`, or another, as it is read for a vendor of pictures. */
export async function readPictureOrder(
  client: FhirClient,
  more: Partial<Parameters<ReadOrder>[1]> = {},
): Promise<OrderReading> {
  const order = { type: 'ServiceRequest', id: 's', needs: ['picture' as const], acceptMissingDocStatus: true };
  const reading = await readOrder(client, { ...order, pictures: LIMITS, ...more });
  if (!reading) {
    throw new Error('There is no such order');
  }
  return reading;
}
