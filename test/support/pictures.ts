/** What a laboratory and a dermatologist do with their EHR in the tests: pictures are stored, and analyses ordered. */
import { createHash } from 'node:crypto';
import type {
  Attachment,
  DocumentReference,
  Media,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import pg from 'pg';
import sharp from 'sharp';
import { z } from 'zod';
import { exampleFace, FACE_ORDER } from '../../sandbox/examples/face.ts';
import { placeExample } from '../../sandbox/examples/place-order.ts';
import { exampleSmear } from '../../sandbox/examples/smear.ts';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { PATHS } from '../../sandbox/index.ts';
import { sign } from '../../src/subscriptions/authenticate.ts';
import { exifInto, SECRET } from '../pictures/pictures.ts';
import { call, create, createPatient, type EhrSide, keyOf, type PlacedNote } from './clinic.ts';
import { FACE_ROUTE, SMEAR_ROUTE } from './picture-sites.ts';
import type { Place } from './whole.ts';

/** Stands in the EXIF block of every picture that `picture` draws. */
export const HIDDEN = SECRET;

export interface Drawn {
  /** As it stands in the EHR, with an EXIF block. */
  bytes: Uint8Array;
  /** As it has to arrive at the vendor. */
  clean: Uint8Array;
}

let drawn = 0;

/** A picture that nobody else has: its bytes name its order's bill on the vendor's ledger. */
export async function picture(format: 'jpeg' | 'png' = 'jpeg'): Promise<Drawn> {
  drawn += 1;
  const background = { r: drawn % 256, g: 120, b: (drawn >> 8) % 256 };
  const clean = await sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .composite([
      { input: Buffer.from(`<svg width="64" height="48"><rect width="${1 + (drawn % 60)}" height="9"/></svg>`) },
    ])
    [format]()
    .toBuffer();
  return { bytes: exifInto(clean, 1), clean };
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
export const inlinePicture = (bytes: Uint8Array, contentType = 'image/jpeg'): Attachment => ({
  contentType,
  data: base64(bytes),
});

/** A picture in the EHR; gives its reference. */
export async function placeMedia(
  place: EhrSide,
  patient: string,
  content: Attachment,
  more: Partial<Media> = {},
): Promise<string> {
  const id = await create(place, {
    resourceType: 'Media',
    status: 'completed',
    subject: { reference: patient },
    createdDateTime: '2026-11-21T09:40:00+01:00',
    content,
    ...more,
  });
  return `Media/${id}`;
}

/** A document of pictures; gives its reference. */
export async function placeDocument(
  place: EhrSide,
  patient: string,
  attachments: Attachment[],
  more: Partial<DocumentReference> = {},
): Promise<string> {
  const id = await create(place, {
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'final',
    subject: { reference: patient },
    date: '2026-11-21T09:40:00+01:00',
    content: attachments.map((attachment) => ({ attachment })),
    ...more,
  });
  return `DocumentReference/${id}`;
}

export const newPatient = async (place: EhrSide): Promise<string> => `Patient/${await createPatient(place)}`;
export const refer = (reference: string): Reference => ({ reference });

const CODES: Record<string, NonNullable<ServiceRequest['code']>> = {
  [SMEAR_ROUTE]: { coding: [{ system: 'http://loinc.org', code: '5909-7' }] },
  [FACE_ROUTE]: { coding: [{ ...FACE_ORDER }] },
};

/** Orders the analysis of pictures; `named` stand in supportingInfo. */
export async function orderPictures(
  place: EhrSide,
  patient: string,
  named: readonly string[],
  { route = SMEAR_ROUTE, ...more }: Partial<ServiceRequest> & { route?: string } = {},
): Promise<PlacedNote> {
  const id = await create(place, {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    ...(CODES[route] && { code: CODES[route] }),
    subject: { reference: patient },
    ...(named.length > 0 && { supportingInfo: named.map(refer) }),
    ...more,
  });
  return { id, reference: `ServiceRequest/${id}`, patient, route };
}

/** The order as it stands, changed and put back. */
export async function editOrder(place: EhrSide, { id }: PlacedNote, more: Partial<ServiceRequest>): Promise<void> {
  const standing = await place.sandbox.ehr.read('ServiceRequest', id);
  if (standing?.resourceType !== 'ServiceRequest') {
    throw new Error('The order is gone');
  }
  await create(place, { ...standing, ...more });
}

/** By SHA-256 of what stands for these pictures at the vendor: how often an analysis was asked for and billed. */
export function billsOf(
  place: Place,
  vendor: 'hemato' | 'hautai',
  clean: readonly Uint8Array[],
): { received: number; bills: number } {
  const content = sha256(
    clean
      .map((bytes) => sha256(bytes))
      .sort()
      .join('\n'),
  );
  const { received = 0, bills = 0 } = place.sandbox.ledger.read()[vendor]?.submissions[content] ?? {};
  return { received, bills };
}

/** A sentence for a clinician: a capital, words, a full stop; no codes, no markup, no addresses. */
export function sentenceOf({ statusReason }: Task): string {
  const text = statusReason?.text ?? '';
  const isSentence = /^\p{Lu}[^{}<>]{10,300}[.!]$/u.test(text);
  if (!isSentence || /https?:|undefined|null|Error\b|hemato\b|hautai/.test(text)) {
    throw new Error(`This is no sentence for a clinician: ${text}`);
  }
  return text;
}

/** What of a JPEG may leave: the picture and its colours, without the segments that say where and by whom it was taken. */
export function withoutMetadata(jpeg: Uint8Array): Uint8Array {
  const bytes = Buffer.from(jpeg);
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  // Segments up to the scan: APP0, APP2 and APP14 are about the picture, the other APPs and comments about its making.
  while (bytes[at + 1] !== 0xda) {
    const marker = bytes.readUInt8(at + 1);
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    const isTelling = (marker >= 0xe0 && marker <= 0xef && ![0xe0, 0xe2, 0xee].includes(marker)) || marker === 0xfe;
    if (!isTelling) {
      kept.push(bytes.subarray(at, end));
    }
    at = end;
  }
  return Buffer.concat([...kept, bytes.subarray(at)]);
}

/** The bytes behind a Binary's reference, over FHIR. */
export async function bytesOf(place: EhrSide, reference: string): Promise<Buffer> {
  const response = await fetch(`${place.ehrUrl}/${reference}`);
  if (!response.ok) {
    throw new Error(`The EHR answered ${response.status} to ${reference}`);
  }
  return Buffer.from(await response.arrayBuffer());
}

/** The notification of an order as the EHR's manner has it, so many times at once; the place is named after the manner. */
export async function notifyOften(place: Place, order: PlacedNote, times: number): Promise<void> {
  const body = JSON.stringify(await place.sandbox.ehr.read('ServiceRequest', order.id));
  const notify = place.name.startsWith('hapi')
    ? () => call('PUT', `${place.notifyUrl}/${order.reference}`, body, { Authorization: `Bearer ${place.secret}` })
    : () =>
        call('POST', place.notifyUrl, body, {
          'X-Signature': sign(place.secret, Buffer.from(body)),
          'X-Medplum-Interaction': 'update',
        });
  const statuses = (await Promise.all(Array.from({ length: times }, notify))).map(({ status }) => status);
  if (statuses.some((status) => status !== 200)) {
    throw new Error(`Notifications were answered with ${statuses.join(' ')}`);
  }
}

const located = z.object({ url: z.string(), schema: z.string() });

/** Rows of the adapter's own tables; undefined on PGlite, which nobody else can look into. */
async function rowsOf<Row>(
  place: Place,
  row: z.ZodType<Row>,
  text: string,
  values: string[],
): Promise<Row[] | undefined> {
  const { data } = located.safeParse(place.whole.database);
  if (!data) {
    return undefined;
  }
  const client = new pg.Client({ connectionString: data.url, options: `-c search_path=${data.schema}` });
  await client.connect();
  try {
    return z.array(row).parse((await client.query(text, values)).rows);
  } finally {
    await client.end();
  }
}

const disclosure = z.object({ vendor: z.string(), input: z.string().nullable(), fields: z.array(z.string()) });

/** What the ledger says of what left for an order; undefined on PGlite. */
export function disclosuresOf(place: Place, order: PlacedNote): Promise<z.output<typeof disclosure>[] | undefined> {
  const text = 'select vendor, input, fields from disclosures where order_key = $1 order by at';
  return rowsOf(place, disclosure, text, [keyOf(place, order)]);
}

const subjects = z.object({ results: z.array(z.object({ name: z.string() })) });

/** The names under which the vendors know the site's patients: those that Haut.AI was told, on PostgreSQL all. */
export async function pseudonymsOf(place: Place): Promise<string[]> {
  const { companyId, datasetId, token } = HAUTAI_DEFAULTS;
  const path = `api/v1/companies/${companyId}/datasets/${datasetId}/subjects/`;
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${place.sandbox.url}${PATHS.hautai}/${path}`, { headers });
  const told = subjects.parse(await response.json()).results.map(({ name }) => name);
  const text = "select value #>> '{}' as name from memory where site = $1 and key like 'pseudonym/%'";
  const kept = await rowsOf(place, z.object({ name: z.string() }), text, [place.name]);
  return [...told, ...(kept ?? []).map(({ name }) => name)];
}

const EXAMPLES: Record<string, () => Resource[]> = { [SMEAR_ROUTE]: exampleSmear, [FACE_ROUTE]: exampleFace };

/** The example that the sandbox ships for a route, as an order of the place. */
export async function placeExampleOf(place: EhrSide, route: string): Promise<PlacedNote> {
  const { order, patient } = await placeExample(place.ehrUrl, EXAMPLES[route]?.() ?? []);
  return { id: order.split('/')[1] ?? '', reference: order, patient, route };
}

/** `Media/1`. */
export const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`;

/** The stable part of a result's identifier, which has to be one of the order's: `obs/rbc-density`. */
export function partOf(resource: Resource, place: Place, order: PlacedNote): string {
  const identifiers = 'identifier' in resource ? [resource.identifier].flat() : [];
  const value = identifiers.find((one) => one?.system === 'urn:fhir-ai-adapter:result')?.value ?? '';
  const key = keyOf(place, order);
  if (!value.startsWith(`${key}#`)) {
    throw new Error(`${nameOf(resource)} is ${value}`);
  }
  return value.slice(key.length + 1);
}
