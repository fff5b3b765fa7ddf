/** A Subscription to a topic, and how it is read from R4's shape with the guide's extensions. Pure. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import type { Content } from './flavours.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';
export const BACKPORT_PROFILE = `${BACKPORT}backport-subscription`;
export const FILTER = `${BACKPORT}backport-filter-criteria`;
export const PAYLOAD_CONTENT = `${BACKPORT}backport-payload-content`;
export const HEARTBEAT = `${BACKPORT}backport-heartbeat-period`;
export const TIMEOUT = `${BACKPORT}backport-timeout`;
export const MAX_COUNT = `${BACKPORT}backport-max-count`;

export interface TopicSubscription {
  id: string;
  status: string;
  /** The canonical URL, without a version. */
  topic: string;
  /** Each narrows the topic further; `type` absent: whatever the topic is of. */
  filters: { type?: string; words: string }[];
  endpoint: string;
  headers: Record<string, string>;
  contentType: string;
  content: Content | undefined;
  /** Seconds. */
  heartbeat?: number;
  /** Seconds that the endpoint may take. */
  timeout?: number;
  /** Events in one notification at most. */
  maxCount: number;
  /** Claims the guide's profile; R5 needs none. */
  profiled: boolean;
}

export const contentSchema = z.enum(['empty', 'id-only', 'full-resource']);
const extensions = z
  .array(
    z.looseObject({
      url: z.string(),
      valueString: z.string().optional(),
      valueCode: z.string().optional(),
      valueUnsignedInt: z.number().optional(),
      valuePositiveInt: z.number().optional(),
    }),
  )
  .default([]);
const extended = z.looseObject({ extension: extensions }).prefault({});

const r4 = z.looseObject({
  id: z.string().default(''),
  meta: z.looseObject({ profile: z.array(z.string()).default([]) }).prefault({}),
  status: z.string(),
  criteria: z.string(),
  _criteria: extended,
  channel: z.looseObject({
    type: z.string(),
    endpoint: z.string().default(''),
    payload: z.string().default('application/fhir+json'),
    _payload: extended,
    header: z.array(z.string()).default([]),
    extension: extensions,
  }),
});

export const withoutVersion = (canonical: string): string => canonical.split('|')[0] ?? '';

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** `Type?words`, or the words alone. */
function filterOf(text: string): { type?: string; words: string } {
  const [type = '', ...words] = text.split('?');
  return words.length === 0 ? { words: text } : { type, words: words.join('?') };
}

export function readR4(resource: Resource): TopicSubscription | undefined {
  const read = r4.safeParse(resource);
  if (!read.success || resource.resourceType !== 'Subscription') {
    return undefined;
  }
  const { id, meta, status, criteria, _criteria, channel } = read.data;
  const number = (url: string) => {
    const found = channel.extension.find((each) => each.url === url);
    return found?.valueUnsignedInt ?? found?.valuePositiveInt;
  };
  const asked = channel._payload.extension.find(({ url }) => url === PAYLOAD_CONTENT)?.valueCode;
  const heartbeat = number(HEARTBEAT);
  const timeout = number(TIMEOUT);
  return {
    id,
    status,
    topic: withoutVersion(criteria),
    filters: _criteria.extension.flatMap((each) => (each.url === FILTER ? [filterOf(each.valueString ?? '')] : [])),
    endpoint: channel.endpoint,
    headers: Object.fromEntries(channel.header.map(headerOf)),
    contentType: channel.payload,
    content: contentSchema.safeParse(asked).data,
    ...(heartbeat && { heartbeat }),
    ...(timeout && { timeout }),
    maxCount: number(MAX_COUNT) ?? 1,
    profiled: meta.profile.some((profile) => withoutVersion(profile) === BACKPORT_PROFILE),
  };
}
