/** Reads a notification's body, whatever bytes came, and one FHIR resource of it. Pure. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import type { IncomingNotification } from '../../orders/types.ts';
import { FHIR_ID, RESOURCE_TYPE } from './reference.ts';

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

/** The parsed body. `unknown` says why it is none, in words without content. */
export type Body = { json: unknown } | { empty: true } | { unknown: string };

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

/** JSON's value, or undefined where the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `{}` and no bytes at all count as empty. */
export function parseBody(notification: IncomingNotification): Body {
  const text = decode(notification);
  if (text === undefined) {
    return { unknown: 'The body is not text in the charset it names' };
  }
  if (text.trim() === '') {
    return { empty: true };
  }
  const json = parseJson(text);
  if (json === undefined) {
    return { unknown: 'The body is not JSON' };
  }
  const nothing = typeof json === 'object' && json !== null && !Array.isArray(json) && Object.keys(json).length === 0;
  return nothing ? { empty: true } : { json };
}

/** What a JSON value is as a FHIR resource; undefined: none. */
export function readResource(value: unknown): ReadBody | undefined {
  const checked = shape.safeParse(value);
  const resource = resourceSchema.safeParse(value);
  if (!checked.success || !resource.success) {
    return undefined;
  }
  const { resourceType: type, id, meta } = checked.data;
  const version = meta?.versionId;
  const subsetted = meta?.tag?.some((tag) => tag.code === 'SUBSETTED') ?? false;
  const whole = id !== undefined && version !== undefined && !subsetted;
  return { type, id, version, whole: whole ? resource.data : undefined };
}

/** The body as one resource, where it is nothing but that. */
export function resourceOf(body: Body): ReadBody | { empty: true } | { unknown: string } {
  return 'json' in body ? (readResource(body.json) ?? { unknown: 'The body is not a FHIR resource' }) : body;
}
