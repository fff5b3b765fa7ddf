/** Reads a notification's body as one FHIR resource, whatever bytes came. Pure. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import type { IncomingNotification } from '../../orders/types.ts';

/** FHIR's id, but for `.` and `..`, and what a resource type looks like: both decide what we later put into a URL. */
export const FHIR_ID = /^(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}$/;
export const RESOURCE_TYPE = /^[A-Z][A-Za-z]{1,63}$/;

const shape = z.looseObject({
  resourceType: z.string().regex(RESOURCE_TYPE),
  id: z.string().regex(FHIR_ID).optional(),
  meta: z
    .looseObject({
      versionId: z.string().regex(FHIR_ID).optional(),
      tag: z.array(z.looseObject({ code: z.string().optional() })).optional(),
    })
    .optional(),
});
/** The envelope is checked here; what is inside is checked by whoever reads it. */
const resourceSchema = z.custom<Resource>((value) => shape.safeParse(value).success);

export interface ReadBody {
  type: string;
  id: string | undefined;
  version: string | undefined;
  /** Present where it came whole, with id and version: then nobody has to be asked. */
  whole: Resource | undefined;
}

export type BodyReading = ReadBody | { empty: true } | { unknown: string };

function charset(contentType: string | undefined): string {
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
}

function decode(notification: IncomingNotification): string | undefined {
  try {
    // `fatal`: a replacement character would silently change a patient's note. A byte order mark is left out.
    return new TextDecoder(charset(notification.headers['content-type']), { fatal: true }).decode(notification.body);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `{}` and no bytes at all count as empty. `unknown` says why in words without content. */
export function readBody(notification: IncomingNotification): BodyReading {
  const text = decode(notification);
  if (text === undefined) {
    return { unknown: 'The body is not text in the charset it names' };
  }
  if (text.trim() === '') {
    return { empty: true };
  }
  const value = parse(text);
  if (value === undefined) {
    return { unknown: 'The body is not JSON' };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0) {
    return { empty: true };
  }
  const checked = shape.safeParse(value);
  const resource = resourceSchema.safeParse(value);
  if (!checked.success || !resource.success) {
    return { unknown: 'The body is not a FHIR resource' };
  }
  const { resourceType: type, id, meta } = checked.data;
  const version = meta?.versionId;
  const subsetted = meta?.tag?.some((tag) => tag.code === 'SUBSETTED') ?? false;
  const whole = id !== undefined && version !== undefined && !subsetted;
  return { type, id, version, whole: whole ? resource.data : undefined };
}

/** `DocumentReference/1` in its parts, or undefined. */
export function parseReference(reference: string): { type: string; id: string } | undefined {
  const [type = '', id = '', ...rest] = reference.split('/');
  return rest.length === 0 && RESOURCE_TYPE.test(type) && FHIR_ID.test(id) ? { type, id } : undefined;
}
