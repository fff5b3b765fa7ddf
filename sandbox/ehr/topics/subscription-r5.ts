/** A Subscription to a topic in R5's shape. Pure. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { contentSchema, type TopicSubscription, withoutVersion } from './subscription.ts';

const code = z.string().regex(/^\S+( \S+)*$/);
const uri = z.string().regex(/^\S+$/);
const positive = z.int().min(1);

/** https://hl7.org/fhir/R5/subscription.html, as strict as R4's definitions are with R4's. */
export const r5Schema = z.strictObject({
  resourceType: z.literal('Subscription'),
  id: z.string().optional(),
  meta: z.looseObject({ profile: z.array(z.string()).optional() }).optional(),
  implicitRules: uri.optional(),
  language: code.optional(),
  text: z.looseObject({}).optional(),
  contained: z.array(z.looseObject({ resourceType: z.string() })).optional(),
  extension: z.array(z.looseObject({ url: uri })).optional(),
  modifierExtension: z.array(z.looseObject({ url: uri })).optional(),
  identifier: z.array(z.looseObject({})).optional(),
  name: z.string().min(1).optional(),
  status: z.enum(['requested', 'active', 'error', 'off', 'entered-in-error']),
  topic: uri,
  contact: z.array(z.looseObject({})).optional(),
  end: z.iso.datetime({ offset: true }).optional(),
  managingEntity: z.looseObject({}).optional(),
  reason: z.string().min(1).optional(),
  filterBy: z
    .array(
      z
        .strictObject({
          resourceType: uri.optional(),
          filterParameter: z.string().min(1),
          comparator: z.enum(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']).optional(),
          modifier: code.optional(),
          value: z.string().min(1),
        })
        .refine(({ comparator, modifier }) => !(comparator && modifier), 'comparator or modifier, not both (scr-1)'),
    )
    .optional(),
  channelType: z.looseObject({ system: uri.optional(), code }),
  endpoint: uri.optional(),
  parameter: z.array(z.strictObject({ name: z.string().min(1), value: z.string().min(1) })).optional(),
  heartbeatPeriod: z.int().min(0).optional(),
  timeout: z.int().min(0).optional(),
  contentType: code.optional(),
  content: contentSchema.optional(),
  maxCount: positive.optional(),
});

export function readR5(resource: Resource): TopicSubscription | undefined {
  const read = r5Schema.safeParse(resource);
  if (!read.success) {
    return undefined;
  }
  const { id = '', status, topic, filterBy = [], endpoint = '', parameter = [], ...rest } = read.data;
  return {
    id,
    status,
    topic: withoutVersion(topic),
    filters: filterBy.map(({ resourceType, filterParameter, comparator = '', modifier, value }) => {
      // A type may be named by the URL of its definition.
      const type = resourceType?.split('/').at(-1);
      const name = modifier ? `${filterParameter}:${modifier}` : filterParameter;
      return { ...(type && { type }), words: new URLSearchParams({ [name]: `${comparator}${value}` }).toString() };
    }),
    endpoint,
    headers: Object.fromEntries(parameter.map(({ name, value }) => [name.toLowerCase(), value])),
    contentType: rest.contentType ?? 'application/fhir+json',
    content: rest.content,
    ...(rest.heartbeatPeriod && { heartbeat: rest.heartbeatPeriod }),
    ...(rest.timeout && { timeout: rest.timeout }),
    maxCount: rest.maxCount ?? 1,
    profiled: true,
  };
}
