/**
 * Google Cloud Healthcare through a Pub/Sub push subscription: `{"message": {"attributes": {…}, "data": "<base64>"}}`.
 * The data is the resource's name (`projects/…/fhir/ServiceRequest/1`) or, where the store sends it, the resource; with
 * a delete, what was there before. Imports are not told at all. https://cloud.google.com/healthcare-api/docs/fhir-pubsub
 */
import { z } from 'zod';
import type { Hint, Reading } from '../../orders/types.ts';
import type { Dialect } from './came.ts';
import { looseReference, type Reference } from './reference.ts';
import { parseJson, type ReadBody, readResource } from './resource-body.ts';

const attributeSchema = z.string().optional().catch(undefined);
const pushSchema = z.looseObject({
  resourceType: z.undefined().optional(),
  message: z.looseObject({
    data: z.string().optional(),
    attributes: z.looseObject({ action: attributeSchema, resourceType: attributeSchema }).optional().catch(undefined),
  }),
});

const INTERACTIONS: Readonly<Record<string, Hint['interaction']>> = {
  CreateResource: 'create',
  UpdateResource: 'update',
  PatchResource: 'update',
  DeleteResource: 'delete',
};

function decode(data: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64')).trim();
  } catch {
    return undefined;
  }
}

/** The data as a resource or as the name of one. */
function named(text: string): (Reference & Partial<Pick<ReadBody, 'whole'>>) | undefined {
  if (!text.startsWith('{')) {
    return looseReference(text);
  }
  const resource = readResource(parseJson(text));
  if (resource?.id === undefined) {
    return undefined;
  }
  const { type, id, version, whole } = resource;
  return { type, id, ...(version && { version }), ...(whole && { whole }) };
}

export const googlePubsub: Dialect = ({ notification, body }): Reading | undefined => {
  const push = pushSchema.safeParse('json' in body ? body.json : undefined);
  if (notification.method !== 'POST' || !push.success) {
    return undefined;
  }
  const { data = '', attributes } = push.data.message;
  const text = decode(data);
  const about = text === undefined ? undefined : named(text);
  if (!about) {
    return { unknown: 'The message names no resource' };
  }
  if (attributes?.resourceType !== undefined && attributes.resourceType !== about.type) {
    return { unknown: 'The message names a resource of another type than its attributes' };
  }
  const { whole, ...reference } = about;
  const interaction = INTERACTIONS[attributes?.action ?? ''] ?? 'unknown';
  if (interaction === 'delete') {
    return { hints: [{ type: reference.type, id: reference.id, interaction }] };
  }
  return { hints: [{ ...reference, interaction, ...(whole && { resource: whole }) }] };
};
